// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hooks that name a dentry and no mount: inode_readlink.
 *
 * The object is the dentry in its file system, and that may be visible at several places. Every mount of the file system
 * in the subject's namespace that shows the dentry must permit; one that does not decides. A file system with more mounts
 * than are looked at is denied and counted.
 */
#include "judge.h"

#define CG_MOUNTS_MAX 128

struct mounts {
	struct cg_entry *entry;
	__u64 mount;    /* the next to look at */
	__u64 end;      /* address of the list's head, where it is a ring */
	__u64 leaf;
	__u32 operations;
	__u32 judged;
	__u32 ended;
	int verdict;
	int chained;    /* since 6.17 */
};

static __always_inline void next_mount(struct mounts *mounts)
{
	__u64 next = 0;

	if (mounts->chained) {
		CG_READ_FIELD(&next, struct mount, mounts->mount, mnt_next_for_sb);
		mounts->mount = next;
		mounts->ended = !next;
		return;
	}
	CG_READ_FIELD(&next, struct mount___old, mounts->mount, mnt_instance.next);
	mounts->ended = !next || next == mounts->end;
	mounts->mount = next - bpf_core_field_offset(struct mount___old, mnt_instance);
}

static long look_from(__u32 index, struct mounts *mounts)
{
	struct cg_entry *entry = mounts->entry;
	struct cg_scratch *scratch = entry->scratch;
	__u64 mount = mounts->mount, namespace = 0;

	if (mounts->ended)
		return 1;
	CG_READ_FIELD(&namespace, struct mount, mount, mnt_ns);
	if (!entry->subject->mounts)
		entry->subject->mounts = (__u64)BPF_CORE_READ(cg_current(), nsproxy, mnt_ns);
	if (namespace != entry->subject->mounts)
		goto next;
	cg_begin(scratch);
	scratch->access.operations = mounts->operations;
	if (cg_path_object(scratch, entry->subject, mount + bpf_core_field_offset(struct mount, mnt), mounts->leaf))
		goto next;
	if (scratch->access.object == CG_OBJECT_PATH) {
		/* Not below this mount's root: not visible there. The verdict's own walk finds out. */
		cg_decide(entry->subject, scratch);
		if (scratch->access.object == CG_OBJECT_KIND && scratch->access.kind == CG_KIND_UNREACHABLE)
			goto next;
		mounts->judged++;
		mounts->verdict = cg_conclude(entry->subject, scratch);
		if (mounts->verdict)
			return 1;
		goto next;
	}
	mounts->judged++;
	mounts->verdict = cg_judge(entry->subject, scratch);
	if (mounts->verdict)
		return 1;
next:
	next_mount(mounts);
	return 0;
}

SEC("lsm/inode_readlink")
int BPF_PROG(inode_readlink, struct dentry *dentry)
{
	struct cg_entry entry;
	struct super_block *sb;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	/* The kernel reads a layer's link under its own credentials (overlayfs: ovl_get_link); the link asked for was judged. */
	if (cg_current()->cred != cg_current()->real_cred)
		return 0;
	struct mounts mounts = {.entry = &entry, .leaf = (__u64)dentry, .operations = CG_BIT(CG_READ)};
	sb = BPF_CORE_READ(dentry, d_sb);
	if (bpf_core_field_exists(struct mount, mnt_next_for_sb)) {
		mounts.chained = 1;
		mounts.mount = (__u64)BPF_CORE_READ(sb, s_mounts);
		mounts.ended = !mounts.mount;
	} else {
		struct super_block___old *old = (void *)sb;
		mounts.end = (__u64)old + bpf_core_field_offset(struct super_block___old, s_mounts);
		mounts.mount = mounts.end - bpf_core_field_offset(struct mount___old, mnt_instance);
		next_mount(&mounts);
	}
	bpf_loop(CG_MOUNTS_MAX, look_from, &mounts, 0);
	if (mounts.verdict)
		return cg_refuse(-mounts.verdict);
	if (mounts.ended && mounts.judged)
		return 0;
	/* Too many mounts, or none in this namespace shows it. */
	cg_begin(entry.scratch);
	entry.scratch->access.operations = CG_BIT(CG_READ);
	entry.scratch->access.policy = entry.subject->policy;
	if (mounts.ended) {
		entry.scratch->access.object = CG_OBJECT_KIND;
		entry.scratch->access.kind = CG_KIND_FOREIGN;
		return cg_judge(entry.subject, entry.scratch);
	}
	entry.scratch->access.unresolved = CG_UNRESOLVED_MOUNTS;
	return cg_conclude(entry.subject, entry.scratch);
}
