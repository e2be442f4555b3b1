/* SPDX-License-Identifier: GPL-2.0-only */
/* The processor's: where a system call's number and arguments stand. x86-64, and i386 under it. Included by kernel.h. */
#ifndef CALLGATE_ARCH_X86_H
#define CALLGATE_ARCH_X86_H

/* x86-64 and i386 system call numbers; see cg_syscall(). */
#define TS_COMPAT 2
#define CG_SYSCALL_SETSOCKOPT 54

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

/*
 * setsockopt(2) by a native caller with no value. What a call is made with stands in registers that nobody else can change
 * while it runs; i386 callers may use socketcall(2), whose arguments stand in memory, and get no exception.
 */
static __always_inline bool cg_clears_option(void)
{
	struct task_struct *task = cg_current();
	struct pt_regs *regs;

	if (cg_syscall() != CG_SYSCALL_SETSOCKOPT)
		return false;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return (__u32)regs->r8 == 0;
}

#define CG_SYSCALL_OPEN 2
#define CG_SYSCALL_FTRUNCATE 77
#define CG_SYSCALL_CREAT 85
#define CG_SYSCALL_OPENAT 257
#define CG_SYSCALL_SETNS 308
#define CG_SYSCALL_OPEN_BY_HANDLE_AT 304
#define CG_SYSCALL_OPENAT2 437
#define CG_SYSCALL_SENDTO 44
#define CG_SYSCALL_SENDMSG 46
#define CG_SYSCALL_SENDMMSG 307
#define CG_COMPAT_FTRUNCATE 93
#define CG_COMPAT_FTRUNCATE64 194
#define CG_COMPAT_SETNS 346

#endif
