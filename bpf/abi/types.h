/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fixed-width types and assertions for the contract between the kernel half (clang -target bpf), the addon (C++17) and
 * the control plane (TypeScript, generated from BTF). Nothing in abi/ may depend on the width of a pointer, a long or
 * an enum.
 */
#ifndef CALLGATE_ABI_TYPES_H
#define CALLGATE_ABI_TYPES_H

#ifdef __bpf__
/* vmlinux.h, which every .bpf.c includes first, defines __u8 to __s64. */
#define CG_ASSERT(condition, reason) _Static_assert(condition, reason)
#else
#include <linux/types.h>
#ifdef __cplusplus
#define CG_ASSERT(condition, reason) static_assert(condition, reason)
#else
#define CG_ASSERT(condition, reason) _Static_assert(condition, reason)
#endif
#endif

/*
 * Changes whenever a struct of abi/ changes its meaning or layout. A command that finds a pinned gate of another number
 * refuses to touch it.
 */
#define CG_ABI_VERSION 7

#endif
