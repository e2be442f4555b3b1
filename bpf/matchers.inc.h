/* SPDX-License-Identifier: GPL-2.0-only */
/* A matcher for each size class of bpf/abi/image.h. */
#if CG_IMAGE_CLASS_COUNT != 4
#error "a matcher for each size class: add its lines below"
#endif

#define CG_CLASS 0
#include "matcher.inc.h"
#undef CG_CLASS
#define CG_CLASS 1
#include "matcher.inc.h"
#undef CG_CLASS
#define CG_CLASS 2
#include "matcher.inc.h"
#undef CG_CLASS
#define CG_CLASS 3
#include "matcher.inc.h"
#undef CG_CLASS
