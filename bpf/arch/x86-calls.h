/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which call it is: numbers of x86-64 (CG_SYSCALL_) and i386 (CG_COMPAT_), arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl, and what a
 * hook asks of the call that it is in. Included by kernel.h.
 */
#ifndef CALLGATE_ARCH_X86_CALLS_H
#define CALLGATE_ARCH_X86_CALLS_H

#include "x86.h"

#define CG_SYSCALL_SETSOCKOPT 54

/*
 * setsockopt(2) by a native caller with no value. What a call is made with stands in registers that nobody else can change
 * while it runs; i386 callers may use socketcall(2), whose arguments stand in memory, and get no exception.
 */
static __always_inline bool cg_clears_option(void)
{
	struct task_struct *task = cg_current();
	struct pt_regs *regs;

	if (!cg_registers_tell() || cg_syscall() != CG_SYSCALL_SETSOCKOPT)
		return false;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return (__u32)regs->r8 == 0;
}

#define CG_SYSCALL_IOCTL 16
#define CG_SYSCALL_IOCTL_X32 514
#define CG_SYSCALL_OPEN 2
#define CG_SYSCALL_EXECVE 59
#define CG_SYSCALL_FTRUNCATE 77
#define CG_SYSCALL_CREAT 85
#define CG_SYSCALL_OPENAT 257
#define CG_SYSCALL_OPEN_BY_HANDLE_AT 304
#define CG_SYSCALL_EXECVEAT 322
#define CG_SYSCALL_OPENAT2 437
#define CG_COMPAT_OPEN 5
#define CG_COMPAT_CREAT 8
#define CG_COMPAT_EXECVE 11
#define CG_COMPAT_IOCTL 54
#define CG_COMPAT_FTRUNCATE 93
#define CG_COMPAT_FTRUNCATE64 194
#define CG_COMPAT_OPENAT 295
#define CG_COMPAT_OPEN_BY_HANDLE_AT 342
#define CG_COMPAT_EXECVEAT 358
#define CG_COMPAT_OPENAT2 437

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

#define CG_SYSCALL_SWAPON 167
#define CG_SYSCALL_SWAPOFF 168
#define CG_SYSCALL_SETHOSTNAME 170
#define CG_SYSCALL_SETDOMAINNAME 171
#define CG_COMPAT_SETHOSTNAME 74
#define CG_COMPAT_SWAPON 87
#define CG_COMPAT_SWAPOFF 115
#define CG_COMPAT_SETDOMAINNAME 121

#define CG_SYSCALL_CLONE 56
#define CG_SYSCALL_UNSHARE 272
#define CG_SYSCALL_SETNS 308
#define CG_COMPAT_CLONE 120
#define CG_COMPAT_UNSHARE 310
#define CG_COMPAT_SETNS 346

/*
 * The flags by which unshare(2), clone(2) and setns(2) name kinds of namespaces, as the kernel took them from a register, which nobody
 * changes while the call lasts; 0 for other calls. *made: those of new ones. The lowest byte of clone's is a signal.
 */
static __always_inline __u32 cg_clone_flags(int *made)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(cg_current());
	long call = cg_syscall(), compat = cg_compat_syscall();

	*made = 1;
	if (call == CG_SYSCALL_UNSHARE)
		return (__u32)regs->di;
	if (compat == CG_COMPAT_UNSHARE)
		return (__u32)regs->bx;
	if (call == CG_SYSCALL_CLONE)
		return (__u32)regs->di & ~0xffu;
	if (compat == CG_COMPAT_CLONE)
		return (__u32)regs->bx & ~0xffu;
	*made = 0;
	if (call == CG_SYSCALL_SETNS)
		return (__u32)regs->si;
	return compat == CG_COMPAT_SETNS ? (__u32)regs->cx : 0;
}

#define CG_SYSCALL_PIVOT_ROOT 155
#define CG_SYSCALL_MOUNT 165
#define CG_SYSCALL_UMOUNT2 166
#define CG_COMPAT_MOUNT 21
#define CG_COMPAT_UMOUNT 22
#define CG_COMPAT_UMOUNT2 52
#define CG_COMPAT_PIVOT_ROOT 217
/* Shared, as all from 424 on. */
#define CG_SYSCALL_OPEN_TREE 428
#define CG_SYSCALL_MOVE_MOUNT 429
#define CG_SYSCALL_FSOPEN 430
#define CG_SYSCALL_FSCONFIG 431
#define CG_SYSCALL_FSMOUNT 432
#define CG_SYSCALL_FSPICK 433
#define CG_SYSCALL_MOUNT_SETATTR 442
#define CG_SYSCALL_OPEN_TREE_ATTR 467

static __always_inline int cg_calls_mount(void)
{
	return cg_syscall() == CG_SYSCALL_MOUNT || cg_compat_syscall() == CG_COMPAT_MOUNT;
}

/* umount(2) and umount2(2). */
static __always_inline int cg_calls_unmount(void)
{
	long compat = cg_compat_syscall();

	return cg_syscall() == CG_SYSCALL_UMOUNT2 || compat == CG_COMPAT_UMOUNT || compat == CG_COMPAT_UMOUNT2;
}

/* The number of another call about mounts, as the native one; 0: it is none. */
static __always_inline long cg_other_mount_call(void)
{
	long compat = cg_compat_syscall(), call = compat < 0 ? cg_syscall() : compat;

	if ((call >= CG_SYSCALL_OPEN_TREE && call <= CG_SYSCALL_FSPICK) || call == CG_SYSCALL_MOUNT_SETATTR ||
	    call == CG_SYSCALL_OPEN_TREE_ATTR)
		return call;
	return call == (compat < 0 ? CG_SYSCALL_PIVOT_ROOT : CG_COMPAT_PIVOT_ROOT) ? CG_SYSCALL_PIVOT_ROOT : 0;
}

/* The call is ioctl(2). */
static __always_inline int cg_calls_ioctl(void)
{
	long call = cg_syscall();

	return call == CG_SYSCALL_IOCTL || call == CG_SYSCALL_IOCTL_X32 || cg_compat_syscall() == CG_COMPAT_IOCTL;
}

/* The call is execve(2) or execveat(2). */
static __always_inline int cg_calls_exec(void)
{
	switch (cg_syscall()) {
	case CG_SYSCALL_EXECVE:
	case CG_SYSCALL_EXECVEAT:
		return 1;
	}
	switch (cg_compat_syscall()) {
	case CG_COMPAT_EXECVE:
	case CG_COMPAT_EXECVEAT:
		return 1;
	}
	return 0;
}

/* Which System V IPC the call is about, an enum cg_ipc; -1: none. i386's ipc(2) has the call in its first argument. */
static __always_inline int cg_ipc_kind(void)
{
	long compat = cg_compat_syscall();

	switch (cg_syscall()) {
	case 29: /* shmget */
	case 30: /* shmat */
	case 31: /* shmctl */
		return CG_IPC_SHM;
	case 64:  /* semget */
	case 65:  /* semop */
	case 66:  /* semctl */
	case 220: /* semtimedop */
		return CG_IPC_SEM;
	case 68: /* msgget */
	case 69: /* msgsnd */
	case 70: /* msgrcv */
	case 71: /* msgctl */
		return CG_IPC_MSG;
	}
	if (compat == 117 /* ipc: include/uapi/linux/ipc.h */) {
		compat = cg_first_argument() & 0xffff;
		if (compat >= 21 && compat <= 24)
			return CG_IPC_SHM;
		if (compat >= 11 && compat <= 14)
			return CG_IPC_MSG;
		return compat >= 1 && compat <= 4 ? CG_IPC_SEM : -1;
	}
	switch (compat) {
	case 395: /* shmget */
	case 396: /* shmctl */
	case 397: /* shmat */
		return CG_IPC_SHM;
	case 393: /* semget */
	case 394: /* semctl */
	case 420: /* semtimedop_time64 */
		return CG_IPC_SEM;
	case 399: /* msgget */
	case 400: /* msgsnd */
	case 401: /* msgrcv */
	case 402: /* msgctl */
		return CG_IPC_MSG;
	default:
		return -1;
	}
}

/*
 * The call makes credentials that are not its caller's to keep: another process's, a new program's, or those that access(2) looks by.
 */
static __always_inline int cg_borrows_credentials(void)
{
	switch (cg_syscall()) {
	case 21:  /* access */
	case 269: /* faccessat */
	case 439: /* faccessat2 */
	case 56:  /* clone */
	case 57:  /* fork */
	case 58:  /* vfork */
	case 435: /* clone3 */
	case CG_SYSCALL_EXECVE:
	case CG_SYSCALL_EXECVEAT:
		return 1;
	}
	switch (cg_compat_syscall()) {
	case 33:  /* access */
	case 307: /* faccessat */
	case 439: /* faccessat2 */
	case 2:   /* fork */
	case 120: /* clone */
	case 190: /* vfork */
	case 435: /* clone3 */
	case CG_COMPAT_EXECVE:
	case CG_COMPAT_EXECVEAT:
		return 1;
	}
	return 0;
}

/* The task is in a system call that makes another, for all that is known: what it called last, if it is in none. */
static __always_inline int cg_in_fork(struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	__u32 number = (__u32)regs->orig_ax;

	if (task->thread_info.status & TS_COMPAT) {
		switch (number) {
		case 2:   /* fork */
		case 120: /* clone */
		case 190: /* vfork */
		case 435: /* clone3 */
			return 1;
		}
		return 0;
	}
	switch (number & ~CG_X32_BIT) {
	case 56:  /* clone */
	case 57:  /* fork */
	case 58:  /* vfork */
	case 435: /* clone3 */
		return 1;
	}
	return 0;
}

/* The call truncates what it opens, or what is open: no name is truncated. */
static __always_inline int cg_truncates_open_file(void)
{
	switch (cg_syscall()) {
	case CG_SYSCALL_FTRUNCATE:
	case CG_SYSCALL_OPEN:
	case CG_SYSCALL_CREAT:
	case CG_SYSCALL_OPENAT:
	case CG_SYSCALL_OPENAT2:
	case CG_SYSCALL_OPEN_BY_HANDLE_AT:
		return 1;
	}
	switch (cg_compat_syscall()) {
	case CG_COMPAT_FTRUNCATE:
	case CG_COMPAT_FTRUNCATE64:
	case CG_COMPAT_OPEN:
	case CG_COMPAT_CREAT:
	case CG_COMPAT_OPENAT:
	case CG_COMPAT_OPENAT2:
	case CG_COMPAT_OPEN_BY_HANDLE_AT:
		return 1;
	}
	return 0;
}

#endif
