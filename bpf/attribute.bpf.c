// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is changed of a file besides its mode, owner and contents, under a policy of version 2: attribute.
 *
 *   inode_setattr         times, as somebody says
 *   inode_file_setattr    flags, by file_setattr (since 6.17)
 *   file_ioctl            flags, by FS_IOC_SETFLAGS and FS_IOC_FSSETXATTR: ioctl.bpf.c
 *   inode_setxattr, inode_removexattr    user.*, trusted.* and others: mountless.bpf.c
 *
 * Of times and attributes the hooks know no mount: see mountless.h. Times that the kernel sets by itself (a write, a chmod, a truncate) are
 * nobody's attempt: utimensat(2) and its like alone say ATTR_TIMES_SET or ATTR_TOUCH (fs/utimes.c: vfs_utimes), and overlayfs for what it
 * copies up, under its mounter's credentials.
 */
#include "mountless.h"

/* include/linux/fs.h */
#define ATTR_ATIME_SET (1 << 7)
#define ATTR_MTIME_SET (1 << 8)
#define ATTR_TIMES_SET (1 << 16)
#define ATTR_TOUCH (1 << 17)
#define SET_BY_SOMEBODY (ATTR_ATIME_SET | ATTR_MTIME_SET | ATTR_TIMES_SET | ATTR_TOUCH)

/* The subject, where its policy governs this; else 0, and the hook returns *verdict. */
static __always_inline struct cg_subject *governed(int *verdict)
{
	struct cg_subject *subject = cg_subject(verdict);

	return subject && !cg_of_a_layer() && cg_governs_later(subject) ? subject : 0;
}

static __always_inline int judge(struct dentry *dentry, __u32 which)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	int verdict = 0;

	subject = governed(&verdict);
	if (!subject || !cg_work(&entry, subject, &verdict))
		return verdict;
	return cg_judge_attribute(&entry, dentry, which);
}

/* The address of an argument of the hook. By assembly: the verifier takes no address that was chosen from two. */
#define ARGUMENT(ctx, bytes)                                                                      \
	({                                                                                        \
		__u64 argument_;                                                                  \
		asm volatile("%0 = *(u64 *)(%1 + " #bytes ")" : "=r"(argument_) : "r"(ctx));       \
		(void *)argument_;                                                                \
	})

SEC("lsm/inode_setattr")
int inode_setattr(unsigned long long *ctx)
{
	struct dentry *dentry;
	struct iattr *change;

	if (!cg_current()->bpf_storage || !cg_has_later())
		return 0;
	if (cg_setattr_has_idmap()) {
		dentry = ARGUMENT(ctx, 8);
		change = ARGUMENT(ctx, 16);
	} else {
		dentry = ARGUMENT(ctx, 0);
		change = ARGUMENT(ctx, 8);
	}
	if (!(change->ia_valid & SET_BY_SOMEBODY))
		return 0;
	return judge(dentry, CG_ATTRIBUTE_TIMES);
}

/*
 * What an ioctl asks for was judged as it began; its number is the one that the kernel dispatched on. The floor holds what is callgate's
 * own under each version, as it does for the ioctl.
 */
SEC("?lsm/inode_file_setattr")
int BPF_PROG(inode_file_setattr, struct dentry *dentry, void *change)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	if (cg_of_a_layer() || (cg_registers_tell() && cg_calls_ioctl()))
		return 0;
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	if (cg_has_later() && cg_governs_later(subject))
		return cg_judge_attribute(&entry, dentry, CG_ATTRIBUTE_FLAGS);
	if (!cg_protected(dentry, CG_BIT(CG_CHMOD)))
		return 0;
	return cg_floor(entry.subject, entry.scratch, CG_FLOOR_FILES);
}
