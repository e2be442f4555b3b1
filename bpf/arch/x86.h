/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processor's: where a system call's number and arguments stand. x86-64, and x32 and i386 under it. Included by kernel.h.
 *
 * A number is evidence only as far as the kernel acts on it. It looks at 32 bits of orig_ax, whatever the caller set in the
 * upper ones (arch/x86/entry/common.c: do_syscall_64 takes an int, do_int80 casts); a number changed by a tracer is the one
 * that is acted on, and nothing changes it while the call lasts. x32 and i386 have numbers of their own.
 */
#ifndef CALLGATE_ARCH_X86_H
#define CALLGATE_ARCH_X86_H

#define CG_SYSCALL_SETSOCKOPT 54
#define TS_COMPAT 2           /* the call came by i386's entry; set and cleared by the kernel's entry code alone */
#define CG_X32_BIT 0x40000000 /* __X32_SYSCALL_BIT */

static __always_inline int cg_compat(void)
{
	return (cg_current()->thread_info.status & TS_COMPAT) != 0;
}

/* The number the kernel acts on, x32's bit in it; the caller's way of calling is told by cg_compat(). */
static __always_inline __u32 cg_raw_syscall(void)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(cg_current());

	return (__u32)regs->orig_ax;
}

/* The first argument, which an i386 caller has 32 bits of. */
static __always_inline __u64 cg_first_argument(void)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(cg_current());

	return cg_compat() ? (__u32)regs->bx : (__u64)regs->di;
}

/*
 * The system call's number as native numbers go, x32's own as their native twins; -1 for i386 callers (they match no
 * native number).
 */
static __always_inline long cg_syscall(void)
{
	__u32 number;

	if (cg_compat())
		return -1;
	number = cg_raw_syscall();
	if (!(number & CG_X32_BIT))
		return number;
	number &= ~CG_X32_BIT;
	/* arch/x86/entry/syscalls/syscall_64.tbl: below 512 the numbers are shared */
	switch (number) {
	case 518:
		return 46; /* sendmsg */
	case 520:
		return 59; /* execve */
	case 538:
		return 307; /* sendmmsg */
	case 545:
		return 322; /* execveat */
	default:
		return number;
	}
}

/* i386 system call's number; -1 for native callers. */
static __always_inline long cg_compat_syscall(void)
{
	return cg_compat() ? (long)cg_raw_syscall() : -1;
}

/*
 * Do the registers say what the caller is doing? Not of one that uses an io_uring: its requests are served at the end of whatever call it is
 * in, or by a worker, which has those of the call in which it was made.
 */
static __always_inline int cg_registers_tell(void)
{
	struct task_struct *task = cg_current();

	return !task->io_uring && !(task->flags & PF_IO_WORKER);
}

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

extern const void page_offset_base __ksym __weak; /* where the kernel maps all memory */
extern const void pgdir_shift __ksym __weak;      /* 48 with five levels of page tables, else 39 */
extern const void physical_mask __ksym __weak;    /* without the bit that marks encrypted memory */

/*
 * Where the kernel maps the page that stands at user address `address` under these page tables (mm->pgd); 0 where there is
 * none, or where it is not one of 4 KiB (Documentation/arch/x86/x86_64/mm.rst; arch/x86/include/asm/pgtable_types.h).
 */
static __always_inline __u64 cg_page_of(__u64 table, __u64 address)
{
	__u64 base = 0, mask = ~0ull, entry;
	__u32 top = 39;

	if (bpf_probe_read_kernel(&base, sizeof(base), &page_offset_base) || !base)
		return 0;
	/* Both are constants where the kernel is built for one case only. */
	if (bpf_probe_read_kernel(&top, sizeof(top), &pgdir_shift))
		top = 39;
	if (bpf_probe_read_kernel(&mask, sizeof(mask), &physical_mask))
		mask = ~0ull;
	mask &= 0x000ffffffffff000ull;
	for (int shift = 48; shift >= 12; shift -= 9) {
		if (shift > top)
			continue;
		if (bpf_probe_read_kernel(&entry, sizeof(entry), (void *)(table + ((address >> shift) & 511) * 8)))
			return 0;
		/* Present; and above the last level no large page, which no new program's stack has */
		if (!(entry & 1) || (shift > 12 && (entry & 0x80)))
			return 0;
		table = base + (entry & mask);
	}
	return table;
}

#endif
