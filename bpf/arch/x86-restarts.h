/* SPDX-License-Identifier: GPL-2.0-only */
/* Which calls can be begun again: for questions (ask.bpf.c). */
#ifndef CALLGATE_ARCH_X86_RESTARTS_H
#define CALLGATE_ARCH_X86_RESTARTS_H

#include "x86.h"

/*
 * Can the call be begun again after a hook in it returned -ERESTARTNOINTR? Native calls whose judging hooks come before anything
 * has happened. Of an execve, only where it opens its files: one that is mapped, later, would end the process.
 * Not sendmmsg(2), part of which may be done; nor calls that receive descriptors, which would be lost.
 */
static __always_inline int cg_restarts(int opens_program)
{
	if (cg_compat() || (cg_raw_syscall() & CG_X32_BIT))
		return 0;
	switch (cg_raw_syscall()) {
	case 2: /* open */
	case 4: /* stat */
	case 5: /* fstat */
	case 6: /* lstat */
	case 9: /* mmap */
	case 41: /* socket */
	case 42: /* connect */
	case 43: /* accept */
	case 44: /* sendto */
	case 46: /* sendmsg */
	case 49: /* bind */
	case 50: /* listen */
	case 76: /* truncate */
	case 82: /* rename */
	case 83: /* mkdir */
	case 84: /* rmdir */
	case 85: /* creat */
	case 86: /* link */
	case 87: /* unlink */
	case 88: /* symlink */
	case 89: /* readlink */
	case 90: /* chmod */
	case 91: /* fchmod */
	case 92: /* chown */
	case 93: /* fchown */
	case 94: /* lchown */
	case 133: /* mknod */
	case 257: /* openat */
	case 258: /* mkdirat */
	case 259: /* mknodat */
	case 260: /* fchownat */
	case 262: /* newfstatat */
	case 263: /* unlinkat */
	case 264: /* renameat */
	case 265: /* linkat */
	case 266: /* symlinkat */
	case 267: /* readlinkat */
	case 268: /* fchmodat */
	case 288: /* accept4 */
	case 316: /* renameat2 */
	case 332: /* statx */
	case 437: /* openat2 */
	case 452: /* fchmodat2 */
		return 1;
	case 59: /* execve */
	case 322: /* execveat */
		return opens_program;
	default:
		return 0;
	}
}

#endif
