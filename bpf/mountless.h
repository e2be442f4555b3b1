/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An object that is a dentry in its file system, without the mount by which it was reached: every mount of the file system in the
 * subject's namespace that shows it must permit (mountless.bpf.c says why).
 */
#ifndef CALLGATE_MOUNTLESS_H
#define CALLGATE_MOUNTLESS_H
#include "guard.h"
#include "later.h"

#define CG_MOUNTS_MAX 128

struct cg_mounts {
	struct cg_entry *entry;
	__u64 mount;    /* the next to look at */
	__u64 end;      /* address of the list's head, where it is a ring */
	__u64 leaf;
	__u64 internal; /* a mount of the file system that the kernel made for itself; 0: none */
	__u32 outside;  /* there is one in no tree of the subject's */
	__u32 operations; /* or enum cg_attribute */
	__u32 judged;   /* 1: a mount shows it. No count: the verifier would look at the loop once for each number */
	__u32 ended;
	int verdict;
};

static __always_inline void cg_next_mount(struct cg_mounts *mounts)
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

static __always_inline void cg_first_mount(struct cg_mounts *mounts, struct super_block *sb)
{
	if (bpf_core_field_exists(struct mount, mnt_next_for_sb)) {
		mounts->mount = (__u64)BPF_CORE_READ(sb, s_mounts);
		mounts->ended = !mounts->mount;
	} else {
		struct super_block___old *old = (void *)sb;
		mounts->end = (__u64)old + bpf_core_field_offset(struct super_block___old, s_mounts);
		mounts->mount = mounts->end - bpf_core_field_offset(struct mount___old, mnt_instance);
		cg_next_mount(mounts);
	}
}

/* Sets up an attempt. `attribute`, which is known where this is compiled: it is CG_ATTRIBUTE, and `operations` says which. */
static __always_inline void cg_attempt(struct cg_scratch *scratch, __u32 operations, int attribute)
{
	cg_begin(scratch);
	if (attribute) {
		cg_later(&scratch->access, CG_ATTRIBUTE, 0);
		scratch->access.first = operations;
	} else {
		scratch->access.operations = operations;
	}
}

static __always_inline int cg_decide_either(struct cg_subject *subject, struct cg_scratch *scratch, int attribute)
{
	return attribute ? cg_decide_later(subject, scratch) : cg_decide(subject, scratch);
}

/* The next mount. */
static __always_inline long cg_look(struct cg_mounts *mounts, int attribute)
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
	cg_attempt(scratch, mounts->operations, attribute);
	if (cg_path_object(scratch, entry->subject, mount + bpf_core_field_offset(struct mount, mnt), mounts->leaf))
		goto next;
	walked = scratch->access.object == CG_OBJECT_PATH;
	cg_decide_either(entry->subject, scratch, attribute);
	/* Not below this mount's root: not visible there. The verdict's own walk finds out. */
	if (scratch->access.object == CG_OBJECT_KIND && scratch->access.kind == CG_KIND_UNREACHABLE && walked)
		goto next;
	mounts->judged = 1;
	mounts->verdict = cg_conclude(entry->subject, scratch);
	if (mounts->verdict)
		return 1;
next:
	cg_next_mount(mounts);
	return 0;
}

static long cg_look_from(__u32 index, struct cg_mounts *mounts)
{
	return cg_look(mounts, 0);
}

static long cg_look_later(__u32 index, struct cg_mounts *mounts)
{
	return cg_look(mounts, 1);
}

/* Inlined: with a frame of its own the deepest walk would have nine, and the verifier allows 8. */
static __always_inline int cg_everywhere(struct cg_entry *entry, struct dentry *dentry, __u32 operations, int attribute)
{
	struct cg_access *access;
	__u32 floor;

	if (!entry || !entry->subject || !entry->scratch)
		return -EPERM;
	floor = cg_protected(dentry, attribute ? CG_BIT(CG_CHMOD) : operations);
	if (floor)
		return cg_floor(entry->subject, entry->scratch, floor);
	struct cg_mounts mounts = {.entry = entry, .leaf = (__u64)dentry, .operations = operations};
	cg_first_mount(&mounts, BPF_CORE_READ(dentry, d_sb));
	bpf_loop(CG_MOUNTS_MAX, attribute ? cg_look_later : cg_look_from, &mounts, 0);
	if (mounts.verdict)
		return cg_refuse(-mounts.verdict);
	if (mounts.ended && mounts.judged)
		return 0;
	/* Too many mounts, or none in this namespace shows it. */
	cg_attempt(entry->scratch, operations, attribute);
	access = &entry->scratch->access;
	access->policy = entry->subject->policy;
	if (!mounts.ended)
		return cg_unresolved(entry->subject, entry->scratch, CG_UNRESOLVED_MOUNTS);
	if (mounts.internal)
		cg_path_object(entry->scratch, entry->subject, mounts.internal + bpf_core_field_offset(struct mount, mnt),
			       mounts.leaf);
	access->object = CG_OBJECT_KIND;
	if (!mounts.internal || mounts.outside)
		access->kind = CG_KIND_FOREIGN;
	/* Whose it is its inode says, whatever shows it. */
	access->owner = BPF_CORE_READ(dentry, d_inode, i_uid.val);
	cg_decide_either(entry->subject, entry->scratch, attribute);
	return cg_conclude(entry->subject, entry->scratch);
}

/* Some of version 1. */
static __always_inline int cg_judge_everywhere(struct cg_entry *entry, struct dentry *dentry, __u32 operations)
{
	return cg_everywhere(entry, dentry, operations, 0);
}

/* CG_ATTRIBUTE, of one enum cg_attribute. The policy is of version 2. */
static __always_inline int cg_judge_attribute(struct cg_entry *entry, struct dentry *dentry, __u32 which)
{
	return cg_everywhere(entry, dentry, which, 1);
}

/*
 * A stacking file system does the like to its layers under its mounter's credentials (overlayfs: ovl_override_creds), where
 * what was asked for was judged. The two credentials differ by the kernel's doing alone: what a task sets, it sets in both,
 * and no call that comes to these hooks makes them differ for an object of the caller's.
 */
static __always_inline int cg_of_a_layer(void)
{
	return cg_current()->cred != cg_current()->real_cred;
}

#endif
