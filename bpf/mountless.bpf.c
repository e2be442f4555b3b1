// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hooks that name a dentry and no mount.
 *
 *   inode_readlink                          read
 *   inode_set_acl, inode_remove_acl         chmod     (since 6.2; before, these come to the next)
 *   inode_setxattr, inode_removexattr       chmod, of the attributes that say who may what
 *   inode_create, inode_unlink              create and delete of a message queue
 *
 * The object is the dentry in its file system, and that may be visible at several places. Every mount of the file system
 * in the subject's namespace that shows the dentry must permit; one that does not decides. A file system with more mounts
 * than are looked at is denied and counted. A queue is at one place or at none: what is seen at several is denied and
 * counted, because mq_open(2) is judged in file_open too, which all opens pass and which carries no judgement of many paths.
 */
#include "fast.h"
#include "guard.h"
#include "judge.h"

#define CG_MOUNTS_MAX 128

struct mounts {
	struct cg_entry *entry;
	__u64 mount;    /* the next to look at */
	__u64 end;      /* address of the list's head, where it is a ring */
	__u64 leaf;
	__u64 internal; /* a mount of the file system that the kernel made for itself; 0: none */
	__u32 outside;  /* there is one in no tree of the subject's */
	__u32 operations;
	__u32 judged;   /* 1: a mount shows it. No count: the verifier would look at the loop once for each number */
	__u32 ended;
	int verdict;
};

static __always_inline void next_mount(struct mounts *mounts)
{
	__u64 next = 0;

	if (bpf_core_field_exists(struct mount, mnt_next_for_sb)) {
		CG_READ_FIELD(&next, struct mount, mounts->mount, mnt_next_for_sb);
		mounts->mount = next;
		mounts->ended = !next;
		return;
	}
	CG_READ_FIELD(&next, struct mount___old, mounts->mount, mnt_instance.next);
	mounts->ended = !next || next == mounts->end;
	mounts->mount = next - bpf_core_field_offset(struct mount___old, mnt_instance);
}

static __always_inline void first_mount(struct mounts *mounts, struct super_block *sb)
{
	if (bpf_core_field_exists(struct mount, mnt_next_for_sb)) {
		mounts->mount = (__u64)BPF_CORE_READ(sb, s_mounts);
		mounts->ended = !mounts->mount;
	} else {
		struct super_block___old *old = (void *)sb;
		mounts->end = (__u64)old + bpf_core_field_offset(struct super_block___old, s_mounts);
		mounts->mount = mounts->end - bpf_core_field_offset(struct mount___old, mnt_instance);
		next_mount(mounts);
	}
}

static long look_from(__u32 index, struct mounts *mounts)
{
	struct cg_entry *entry = mounts->entry;
	struct cg_scratch *scratch = entry->scratch;
	__u64 mount = mounts->mount, namespace = 0;
	int flags = 0, walked;

	if (mounts->ended)
		return 1;
	CG_READ_FIELD(&namespace, struct mount, mount, mnt_ns);
	if (!entry->subject->mounts)
		entry->subject->mounts = (__u64)BPF_CORE_READ(cg_current(), nsproxy, mnt_ns);
	if (namespace != entry->subject->mounts) {
		CG_READ_FIELD(&flags, struct mount, mount, mnt.mnt_flags);
		if (flags & CG_MNT_INTERNAL)
			mounts->internal = mount;
		else
			mounts->outside = 1;
		goto next;
	}
	cg_begin(scratch);
	scratch->access.operations = mounts->operations;
	if (cg_path_object(scratch, entry->subject, mount + bpf_core_field_offset(struct mount, mnt), mounts->leaf))
		goto next;
	walked = scratch->access.object == CG_OBJECT_PATH;
	cg_decide(entry->subject, scratch);
	/* Not below this mount's root: not visible there. The verdict's own walk finds out. */
	if (scratch->access.object == CG_OBJECT_KIND && scratch->access.kind == CG_KIND_UNREACHABLE && walked)
		goto next;
	mounts->judged = 1;
	mounts->verdict = cg_conclude(entry->subject, scratch);
	if (mounts->verdict)
		return 1;
next:
	next_mount(mounts);
	return 0;
}

/* Inlined: with a frame of its own the deepest walk would have nine, and the verifier allows 8. */
static __always_inline int judge_everywhere(struct cg_entry *entry, struct dentry *dentry, __u32 operations)
{
	struct cg_access *access;
	__u32 floor;

	if (!entry || !entry->subject || !entry->scratch)
		return -EPERM;
	floor = cg_protected(dentry, operations);
	if (floor)
		return cg_floor(entry->subject, entry->scratch, floor);
	struct mounts mounts = {.entry = entry, .leaf = (__u64)dentry, .operations = operations};
	first_mount(&mounts, BPF_CORE_READ(dentry, d_sb));
	bpf_loop(CG_MOUNTS_MAX, look_from, &mounts, 0);
	if (mounts.verdict)
		return cg_refuse(-mounts.verdict);
	if (mounts.ended && mounts.judged)
		return 0;
	/* Too many mounts, or none in this namespace shows it. */
	cg_begin(entry->scratch);
	access = &entry->scratch->access;
	access->operations = operations;
	access->policy = entry->subject->policy;
	if (!mounts.ended)
		return cg_unresolved(entry->subject, entry->scratch, CG_UNRESOLVED_MOUNTS);
	if (mounts.internal)
		cg_path_object(entry->scratch, entry->subject, mounts.internal + bpf_core_field_offset(struct mount, mnt),
			       mounts.leaf);
	access->object = CG_OBJECT_KIND;
	if (!mounts.internal || mounts.outside)
		access->kind = CG_KIND_FOREIGN;
	return cg_judge(entry->subject, entry->scratch);
}

/* Where a message queue can be seen. */
struct places {
	struct mounts mounts;
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
	next_mount(&places->mounts);
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
	first_mount(&places.mounts, BPF_CORE_READ((struct dentry *)dentry, d_sb));
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

/*
 * A stacking file system does the like to its layers under its mounter's credentials (overlayfs: ovl_override_creds), where
 * what was asked for was judged. The two credentials differ by the kernel's doing alone: what a task sets, it sets in both,
 * and no call that comes to these hooks makes them differ for an object of the caller's.
 */
static __always_inline int of_a_layer(void)
{
	return cg_current()->cred != cg_current()->real_cred;
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
	if (of_a_layer())
		return 0;
	CG_TOLD(fast_link(subject, dentry));
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	return judge_everywhere(&entry, dentry, CG_BIT(CG_READ));
}

/*
 * Attributes that say who may do what, or give a program privileges: "system." (POSIX ACLs, and those of NFS, CIFS, NTFS) and
 * "security." (file capabilities, labels). The others hold what their users put there and are not governed. The name is
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

#define JUDGE_CHMOD(section, hook, condition, ...)                                       \
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
		if (!(condition) || of_a_layer())                                        \
			return 0;                                                        \
		if (!cg_work(&entry, subject, &verdict))                                 \
			return verdict;                                                  \
		return judge_everywhere(&entry, dentry, CG_BIT(CG_CHMOD));             \
	}

JUDGE_CHMOD("lsm/inode_setxattr", inode_setxattr, is_permission(name), void *idmap, struct dentry *dentry, const char *name,
	    const void *value, size_t size, int flags)
JUDGE_CHMOD("lsm/inode_removexattr", inode_removexattr, is_permission(name), void *idmap, struct dentry *dentry,
	    const char *name)
JUDGE_CHMOD("?lsm/inode_set_acl", inode_set_acl, 1, void *idmap, struct dentry *dentry, const char *name, void *acl)
JUDGE_CHMOD("?lsm/inode_remove_acl", inode_remove_acl, 1, void *idmap, struct dentry *dentry, const char *name)

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
