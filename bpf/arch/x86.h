/* SPDX-License-Identifier: GPL-2.0-only */
/* The processor's: where a system call's number and arguments stand. x86-64, and i386 under it. Included by kernel.h. */
#ifndef CALLGATE_ARCH_X86_H
#define CALLGATE_ARCH_X86_H

/* x86-64 and i386 system call numbers; see cg_syscall(). */
#define TS_COMPAT 2

/* The system call's number as native numbers go; -1 for i386 callers and kernel threads (they match no native number). */
static __always_inline long cg_syscall(void)
{
	struct task_struct *task = cg_current();
	if (task->thread_info.status & TS_COMPAT)
		return -1;
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return regs->orig_ax;
}

/* i386 system call's number; -1 for native callers. */
static __always_inline long cg_compat_syscall(void)
{
	struct task_struct *task = cg_current();
	if (!(task->thread_info.status & TS_COMPAT))
		return -1;
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return regs->orig_ax;
}

#define CG_SYSCALL_OPEN 2
#define CG_SYSCALL_FTRUNCATE 77
#define CG_SYSCALL_CREAT 85
#define CG_SYSCALL_OPENAT 257
#define CG_SYSCALL_OPEN_BY_HANDLE_AT 304
#define CG_SYSCALL_OPENAT2 437
#define CG_SYSCALL_SENDTO 44
#define CG_SYSCALL_SENDMSG 46
#define CG_SYSCALL_SENDMMSG 307
#define CG_SYSCALL_PRCTL 157
#define CG_SYSCALL_GETXATTR 191 /* then lgetxattr, fgetxattr, listxattr, llistxattr, flistxattr */
#define CG_SYSCALL_FLISTXATTR 196
#define CG_SYSCALL_SECCOMP 317
#define CG_COMPAT_PRCTL 172
#define CG_COMPAT_GETXATTR 229 /* in the same order */
#define CG_COMPAT_FLISTXATTR 234
#define CG_COMPAT_SECCOMP 354
/* From 424 on all architectures share the numbers. */
#define CG_SYSCALL_LANDLOCK_RESTRICT_SELF 446
#define CG_SYSCALL_GETXATTRAT 464
#define CG_SYSCALL_LISTXATTRAT 465
#define CG_COMPAT_FTRUNCATE 93
#define CG_COMPAT_FTRUNCATE64 194

#endif
