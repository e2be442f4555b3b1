/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels, each once, and constants that BTF does not carry. Everything below is read through
 * CO-RE, so one object serves 6.1 to 7.2.
 */
#ifndef CALLGATE_KERNEL_H
#define CALLGATE_KERNEL_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "abi/gate.h"

/* include/uapi/asm-generic/errno-base.h; macros, so not in BTF */
#define EPERM 1
#define ENOMEM 12
#define EACCES 13

/* include/linux/fs.h */
#define FMODE_READ 0x1
#define FMODE_WRITE 0x2
#define FMODE_PATH 0x4000
#define FMODE_CREATED 0x100000
#define FMODE_NOACCOUNT 0x20000000 /* before that, overlayfs's inner files */
#define FMODE_EXEC_FLAG 0x20       /* __FMODE_EXEC, in f_flags */
#define O_ACCMODE 3
#define O_TRUNC 01000
#define O_TMPFILE_FLAG 020000000
#define SB_KERNMOUNT (1ul << 22)
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFDIR 0040000
#define S_IFBLK 0060000
#define S_IFCHR 0020000
#define S_ISDIR(mode) (((mode) & S_IFMT) == S_IFDIR)
#define PROT_EXEC 4
#define VM_EXEC 4
#define RENAME_EXCHANGE 2

/* include/uapi/linux/magic.h */
#define PROC_SUPER_MAGIC 0x9fa0
#define TMPFS_MAGIC 0x01021994
#define HUGETLBFS_MAGIC 0x958458f6
#define SECRETMEM_MAGIC 0x5345434d
#define PIPEFS_MAGIC 0x50495045
#define SOCKFS_MAGIC 0x534f434b
#define NSFS_MAGIC 0x6e736673
#define BPF_FS_MAGIC 0xcafe4a11

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define IPPROTO_ICMPV6 58
#define IPPROTO_UDPLITE 136
#define IPPROTO_MPTCP 262
#define MSG_FASTOPEN 0x20000000

#define CAP_SYS_ADMIN 21 /* include/uapi/linux/capability.h */

#define PTRACE_MODE_READ 1
#define PTRACE_MODE_ATTACH 2
#define PTRACE_MODE_REALCREDS 0x10

/* An ERR_PTR: mounts made inside the kernel (overlayfs's clones) have MNT_NS_INTERNAL = ERR_PTR(-EINVAL) (fs/mount.h). */
#define IS_ERR_VALUE(pointer) ((__u64)(pointer) >= (__u64)-4095)

/* x86-64 and i386 system call numbers; see cg_syscall(). */
#define TS_COMPAT 2

/*
 * The list of a super block's mounts: a list_head of mnt_instance until 6.17, a chain of mnt_next_for_sb since.
 */
struct mount___old {
	struct list_head mnt_instance;
} __attribute__((preserve_access_index));
struct super_block___old {
	struct list_head s_mounts;
} __attribute__((preserve_access_index));

/*
 * A field of a kernel struct at a plain address: 0 on success. Addresses come from walks the verifier cannot type. The
 * address is taken out of the expression first, or the fields it is read from would be relocated too.
 */
#define CG_READ_FIELD(destination, type, address, field)                                          \
	({                                                                                        \
		const type *address_ = (const type *)(address);                                   \
		bpf_core_read((destination), sizeof(*(destination)), &address_->field);           \
	})

static __always_inline struct task_struct *cg_current(void)
{
	return bpf_get_current_task_btf();
}

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
 * Inside execve(2). Since 6.8 it is false while the program's own file is opened and true from its first check on; before
 * that it is true for both. (fs/exec.c: bprm_execve)
 */
static __always_inline int cg_in_execve(void)
{
	struct task_struct *task = cg_current();

	if (!bpf_core_field_exists(task->in_execve))
		return 1;
	return BPF_CORE_READ_BITFIELD(task, in_execve);
}

/*
 * A hook's refusal with this errno. The verifier wants to see that what a hook returns lies in -4095 ... 0, and before 6.17
 * it knows nothing about the result of a negation; of a subtraction it does.
 */
static __always_inline int cg_refuse(__u32 errnum)
{
	__u64 positive = errnum;
	__s64 verdict = 0;

	if (!positive)
		positive = EPERM;
	asm volatile("%0 &= 4095" : "+r"(positive));
	asm volatile("%0 -= %1" : "+r"(verdict) : "r"(positive));
	return verdict;
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
