// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hooks that name a dentry and no mount.
 *
 *   inode_readlink                          read
 *   inode_set_acl, inode_remove_acl         chmod     (since 6.2; before, these come to the next)
 *   inode_setxattr, inode_removexattr       chmod, of the attributes that say who may what; else attribute, under version 2
 *   inode_create, inode_unlink              create and delete of a message queue
 *
 * The object is the dentry in its file system, and that may be visible at several places. Every mount of the file system
 * in the subject's namespace that shows the dentry must permit; one that does not decides. A file system with more mounts
 * than are looked at is denied and counted. A queue is at one place or at none: what is seen at several is denied and
 * counted, because mq_open(2) is judged in file_open too, which all opens pass and which carries no judgement of many paths.
 */
#include "fast.h"
#include "mountless.h"

/* Where a message queue can be seen. */
struct places {
	struct cg_mounts mounts;
	__u64 namespace;
	__u64 found;
	/*
	 * climb.count: 0, 1, or 2 for several. In a map, whose contents the verifier takes for unknown: of what stands on the stack
	 * 6.1 sees one turn of the loop, and cuts off what that one does not take; 7.2 looks at every number by itself.
	 */
	struct cg_scratch *scratch;
};

static long find_place(__u32 index, struct places *places)
{
	__u64 namespace = 0;

	if (places->mounts.ended)
		return 1;
	CG_READ_FIELD(&namespace, struct mount, places->mounts.mount, mnt_ns);
	if (namespace == places->namespace) {
		places->found = places->mounts.mount;
		places->scratch->climb.count = places->scratch->climb.count ? 2 : 1;
	}
	cg_next_mount(&places->mounts);
	return 0;
}

__hidden int cg_place_queue(struct cg_subject *subject, struct cg_scratch *scratch, __u64 dentry)
{
	struct places places = {.scratch = scratch};
	__u32 count;

	if (!subject || !scratch)
		return 0;
	scratch->climb.count = 0;
	if (!subject->mounts)
		subject->mounts = (__u64)BPF_CORE_READ(cg_current(), nsproxy, mnt_ns);
	places.namespace = subject->mounts;
	cg_first_mount(&places.mounts, BPF_CORE_READ((struct dentry *)dentry, d_sb));
	bpf_loop(CG_MOUNTS_MAX, find_place, &places, 0);
	count = scratch->climb.count;
	if (count == 1 && places.mounts.ended)
		return cg_path_object(scratch, subject, places.found + bpf_core_field_offset(struct mount, mnt), dentry);
	scratch->access.dentry = dentry;
	scratch->access.object = CG_OBJECT_KIND;
	scratch->access.kind = CG_KIND_MQUEUE;
	if (count || !places.mounts.ended)
		scratch->access.unresolved = CG_UNRESOLVED_MOUNTS;
	return 0;
}

/* Not inlined: the way to the slow path's depths has no room for it on the stack. */
static __noinline __u32 fast_link(struct cg_subject *subject, struct dentry *dentry)
{
	return subject ? cg_fast_dentry(subject, dentry, CG_READ) : CG_NOT_TOLD;
}

SEC("lsm/inode_readlink")
int BPF_PROG(inode_readlink, struct dentry *dentry)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	if (cg_of_a_layer())
		return 0;
	CG_TOLD(fast_link(subject, dentry));
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	return cg_judge_everywhere(&entry, dentry, CG_BIT(CG_READ));
}

/*
 * Attributes that say who may do what, or give a program privileges: "system." (POSIX ACLs, and those of NFS, CIFS, NTFS) and
 * "security." (file capabilities, labels). The others hold what their users put there, and are the attribute's of version 2. The name is
 * the kernel's copy.
 */
static __always_inline int is_permission(const char *name)
{
	char start[16] = {};
	__u64 word;

	/* What cannot be read is judged. */
	if (bpf_probe_read_kernel_str(start, sizeof(start), name) < 0)
		return 1;
	word = *(__u64 *)start;
	return (word << 8) == 0x2e6d657473797300ull /* "system." */ || (word == 0x7974697275636573ull /* "security" */ && start[8] == '.');
}

/* Which attribute of version 2 the others are. What cannot be read is CG_ATTRIBUTE_OTHER. */
static __always_inline __u32 name_space(const char *name)
{
	char start[16] = {};
	__u64 word;

	if (bpf_probe_read_kernel_str(start, sizeof(start), name) < 0)
		return CG_ATTRIBUTE_OTHER;
	word = *(__u64 *)start;
	if ((word << 24) == 0x2e72657375000000ull /* "user." */)
		return CG_ATTRIBUTE_USER;
	return word == 0x2e64657473757274ull /* "trusted." */ ? CG_ATTRIBUTE_TRUSTED : CG_ATTRIBUTE_OTHER;
}

/* As JUDGE_CHMOD; what is no permission is governed by version 2 alone. */
#define JUDGE_XATTR(section, hook, ...)                                                  \
	SEC(section)                                                                     \
	int BPF_PROG(hook, ##__VA_ARGS__)                                                \
	{                                                                                \
		struct cg_subject *subject;                                              \
		struct cg_entry entry;                                                   \
		int verdict = 0, permission;                                             \
                                                                                         \
		subject = cg_subject(&verdict);                                          \
		if (!subject)                                                            \
			return verdict;                                                  \
		permission = is_permission(name);                                        \
		if (cg_of_a_layer() || (!permission && (!cg_has_later() || !cg_governs_later(subject)))) \
			return 0;                                                        \
		if (!cg_work(&entry, subject, &verdict))                                 \
			return verdict;                                                  \
		if (!permission)                                                         \
			return cg_judge_attribute(&entry, dentry, name_space(name));     \
		return cg_judge_everywhere(&entry, dentry, CG_BIT(CG_CHMOD));            \
	}

#define JUDGE_CHMOD(section, hook, ...)                                       \
	SEC(section)                                                                     \
	int BPF_PROG(hook, ##__VA_ARGS__)                                                \
	{                                                                                \
		struct cg_subject *subject;                                              \
		struct cg_entry entry;                                                   \
		int verdict = 0;                                                         \
                                                                                         \
		subject = cg_subject(&verdict);                                          \
		if (!subject)                                                            \
			return verdict;                                                  \
		if (cg_of_a_layer())                                                        \
			return 0;                                                        \
		if (!cg_work(&entry, subject, &verdict))                                 \
			return verdict;                                                  \
		return cg_judge_everywhere(&entry, dentry, CG_BIT(CG_CHMOD));             \
	}

JUDGE_XATTR("lsm/inode_setxattr", inode_setxattr, void *idmap, struct dentry *dentry, const char *name,
	    const void *value, size_t size, int flags)
JUDGE_XATTR("lsm/inode_removexattr", inode_removexattr, void *idmap, struct dentry *dentry,
	    const char *name)
JUDGE_CHMOD("?lsm/inode_set_acl", inode_set_acl, void *idmap, struct dentry *dentry, const char *name, void *acl)
JUDGE_CHMOD("?lsm/inode_remove_acl", inode_remove_acl, void *idmap, struct dentry *dentry, const char *name)

/* Names that mq_open(2) makes and mq_unlink(2) takes away come to no path hook. All others do, and were judged there. */
#define JUDGE_QUEUE(hook, operation, ...)                                                \
	SEC("lsm/" #hook)                                                                \
	int BPF_PROG(hook, struct inode *dir, struct dentry *dentry, ##__VA_ARGS__)      \
	{                                                                                \
		struct cg_entry entry;                                                   \
		int verdict = 0;                                                         \
                                                                                         \
		if (dir->i_sb->s_magic != MQUEUE_MAGIC || !cg_enter(&entry, &verdict))   \
			return verdict;                                                  \
		entry.scratch->access.operations = CG_BIT(operation);                    \
		cg_place_queue(entry.subject, entry.scratch, (__u64)dentry);             \
		return cg_judge(entry.subject, entry.scratch);                           \
	}

JUDGE_QUEUE(inode_create, CG_CREATE, umode_t mode)
JUDGE_QUEUE(inode_unlink, CG_DELETE)
