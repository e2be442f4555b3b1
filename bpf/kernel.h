/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel as every file of the kernel half sees it: its types, the constants that BTF does not carry, and the two ways to
 * read a field. What differs between kernels is in compat.h, between processors in arch/.
 */
#ifndef CALLGATE_KERNEL_H
#define CALLGATE_KERNEL_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "abi/abi.h"

/* include/uapi/asm-generic/errno-base.h; macros, so not in BTF */
#define EPERM 1
#define ESRCH 3
#define EAGAIN 11
#define ENOMEM 12
#define EACCES 13
#define EXDEV 18

/* include/linux/fs.h */
#define FMODE_READ 0x1
#define FMODE_WRITE 0x2
#define FMODE_PATH 0x4000
#define FMODE_CREATED 0x100000
#define FMODE_NOACCOUNT 0x20000000 /* opened by the kernel for itself: overlayfs's inner files, till 6.7 */
#define FMODE_EXEC_FLAG 0x20       /* __FMODE_EXEC, in f_flags */
#define O_ACCMODE 3
#define O_EXCL 0200
#define O_TRUNC 01000
#define O_TMPFILE_FLAG 020000000
#define CG_MNT_INTERNAL 0x4000 /* MNT_INTERNAL (include/linux/mount.h; an enum since 6.18) */
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFREG 0100000
#define S_IFDIR 0040000
#define S_IFBLK 0060000
#define S_IFCHR 0020000
#define S_ISSOCK(mode) (((mode) & S_IFMT) == S_IFSOCK)
#define S_ISDIR(mode) (((mode) & S_IFMT) == S_IFDIR)
#define PROT_EXEC 4
#define VM_EXEC 4
/* include/uapi/linux/mount.h: flags of mount(2) */
#define MS_NODEV 4
#define MS_REMOUNT 32
#define MS_BIND 4096
#define MS_MOVE 8192
#define MS_PROPAGATION (1u << 17 | 1u << 18 | 1u << 19 | 1u << 20) /* MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED */
#define MNT_DETACH 2 /* of umount(2) */
#define RENAME_EXCHANGE 2
#define RENAME_WHITEOUT 4

/* include/uapi/linux/magic.h */
#define PROC_SUPER_MAGIC 0x9fa0
#define TMPFS_MAGIC 0x01021994
#define EXT4_SUPER_MAGIC 0xef53 /* ext2 and ext3, too */
#define XFS_SUPER_MAGIC 0x58465342
#define F2FS_SUPER_MAGIC 0xf2f52010
#define OVERLAYFS_MAGIC 0x794c7630
#define HUGETLBFS_MAGIC 0x958458f6
#define SECRETMEM_MAGIC 0x5345434d
#define PIPEFS_MAGIC 0x50495045
#define SOCKFS_MAGIC 0x534f434b
#define NSFS_MAGIC 0x6e736673
#define BPF_FS_MAGIC 0xcafe4a11
#define ANON_INODE_FS_MAGIC 0x09041934
#define MQUEUE_MAGIC 0x19800202 /* ipc/mqueue.c */
#define SYSFS_MAGIC 0x62656572
#define CGROUP_SUPER_MAGIC 0x27e0eb
#define CGROUP2_SUPER_MAGIC 0x63677270

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define IPPROTO_ICMPV6 58
#define IPPROTO_RAW 255
#define IPPROTO_UDPLITE 136
#define IPPROTO_MPTCP 262
#define MSG_FASTOPEN 0x20000000

/* include/linux/security.h: bits of bprm->unsafe */
#define LSM_UNSAFE_SHARE 1
#define LSM_UNSAFE_PTRACE 2

/* include/uapi/linux/capability.h */
#define CAP_SYS_MODULE 16
#define CAP_SYS_RAWIO 17
#define CAP_SYS_PACCT 20
#define CAP_SYS_ADMIN 21
#define CAP_SYS_BOOT 22
#define CAP_PERFMON 38
#define CAP_BPF 39
#define CAP_OPT_NOAUDIT 2 /* include/linux/security.h */

#define PF_IO_WORKER 0x10 /* include/linux/sched.h */

#define PTRACE_MODE_ATTACH 2
#define PTRACE_MODE_NOAUDIT 4
#define PTRACE_MODE_REALCREDS 0x10

/* An ERR_PTR: mounts made inside the kernel (overlayfs's clones) have MNT_NS_INTERNAL = ERR_PTR(-EINVAL) (fs/mount.h). */
#define IS_ERR_VALUE(pointer) ((__u64)(pointer) >= (__u64)-4095)

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

#include "arch/x86-calls.h"
#include "compat.h"

#endif
