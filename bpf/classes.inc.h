/* SPDX-License-Identifier: GPL-2.0-only */
/* Includes CG_PER_CLASS, a file, once for each size class of bpf/abi/image.h. */
#if CG_IMAGE_CLASS_COUNT != 4
#error "one for each size class: add its lines below"
#endif

#define CG_CLASS 0
#include CG_PER_CLASS
#undef CG_CLASS
#define CG_CLASS 1
#include CG_PER_CLASS
#undef CG_CLASS
#define CG_CLASS 2
#include CG_PER_CLASS
#undef CG_CLASS
#define CG_CLASS 3
#include CG_PER_CLASS
#undef CG_CLASS
#undef CG_PER_CLASS
