// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names that are given to what has one already.
 *
 *   path_link        link of the old name, create of the new
 *   path_rename      delete of the old name, create of the new, delete of a file that is replaced; with RENAME_EXCHANGE
 *                    both of both; with RENAME_WHITEOUT mknod of the old name, where a device is left
 *
 * The rules that cover a thing are those of its name, and below a folder those of all names that begin with it. So it is
 * given no name at which it, or anything below it, is granted more than at the old one: EXDEV, as between file systems,
 * upon which mv(1) copies, and each copy is judged. What stacking file systems rename by themselves (fs/overlayfs: the
 * whiteout of a file that is taken away) goes to the file system and comes by no path hook.
 */
#include "ask.h"
#include "fast.h"
#include "object.h"

/* By which table of the image a thing is compared, and 1. */
static __always_inline __u32 moved_as(struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;
	__u16 mode = inode ? inode->i_mode : 0;

	if (S_ISDIR(mode))
		return CG_MOVED_FOLDER + 1;
	return S_ISSOCK(mode) ? CG_MOVED_SOCKET + 1 : CG_MOVED_FILE + 1;
}

/* Both ends of one attempt. */
struct ends {
	const struct path *old_dir, *new_dir;
	struct dentry *old, *new;
	__u32 leaves, arrives; /* operations on the old name and on the new */
	__u32 moved, exchanged;
};

/*
 * Facts and verdict of the new name. The attempt on the old one, judged and permitted just before, is what it is compared
 * with. 1: there is nothing to report.
 */
static __noinline int decide_new(struct cg_entry *entry, struct ends *ends)
{
	struct cg_access *access;
	__u32 state, grants;
	__u64 generation, first;

	if (!entry || !entry->subject || !entry->scratch || !ends)
		return 0;
	access = &entry->scratch->access;
	state = access->state;
	grants = access->grants;
	generation = access->generation;
	first = access->mode == CG_ENFORCE ? 0 : access->sequence;
	cg_begin(entry->scratch);
	access->first = first;
	if (first && (ends->moved == CG_MOVED_FOLDER + 1 || ends->exchanged == CG_MOVED_FOLDER + 1))
		access->flags = CG_EVENT_DIRECTORY;
	access->moved = ends->moved;
	access->exchanged = ends->exchanged;
	access->from_state = state;
	access->from_grants = grants;
	access->from_generation = generation;
	if (cg_facts_path(entry->subject, entry->scratch, ends->new_dir, ends->new, ends->arrives))
		return 1;
	cg_decide(entry->subject, entry->scratch);
	return 0;
}

/* Complained about, and the old name was not told: nobody could learn from it what the move needs. */
static __always_inline int lacks_first(struct cg_access *access)
{
	return access->mode == CG_COMPLAIN && !access->first && (access->unresolved || access->verdict != CG_PERMIT);
}

/* Once, and again where the policy was replaced between the two, or where the old name is to be told all the same. */
#define TRIES 2

static __always_inline int judge_both(struct cg_entry *entry, struct ends *ends)
{
	struct cg_access *access = &entry->scratch->access;
	__u32 floor = cg_protected(ends->new, ends->arrives);

	/* The old name's part of the floor is judge_path's. */
	if (floor) {
		cg_facts_path(entry->subject, entry->scratch, ends->new_dir, ends->new, ends->arrives);
		return cg_floor(entry->subject, entry->scratch, floor);
	}
	access->leaving = CG_LEAVING;
	access->answer = CG_ANSWER_HELD;
	for (int i = 1;; i++) {
		int verdict = judge_path(entry, ends->old_dir, ends->old, ends->leaves);

		if (verdict)
			return verdict;
		if (decide_new(entry, ends))
			return 0;
		if (i == TRIES || !(access->stale || lacks_first(access)))
			break;
		cg_begin(entry->scratch);
		access->leaving = CG_LEAVING_TOLD;
		access->answer = CG_ANSWER_HELD;
	}
	if (access->stale)
		access->unresolved = CG_UNRESOLVED_POLICY;
	return cg_conclude(entry->subject, entry->scratch);
}

static __always_inline int judge_ends(struct cg_entry *entry, struct ends *ends)
{
	int verdict = judge_both(entry, ends);

	if (entry->scratch->kept_for)
		cg_use_up(verdict);
	return verdict;
}

/* Both ends by the fast path: to be told at all, neither may have a word said of it. What is exchanged is compared both ways. */
/* Not inlined: the way to the slow path's depths has no room for it on the stack. */
static __noinline __u32 fast_ends(struct cg_subject *subject, struct ends *ends, __u32 leaves, __u32 replaces)
{
	struct cg_fast fast;
	__u32 told;

	if (!subject || !ends || ends->exchanged)
		return CG_NOT_TOLD;
	cg_fast_begin(&fast, ends->old, leaves, CG_OPERATION_COUNT);
	fast.mount = (__u64)ends->old_dir->mnt;
	fast.end = CG_END_OLD;
	fast.moved = ends->moved - 1;
	told = cg_fast_verdict(subject, &fast);
	if (told != CG_PERMITTED)
		return told;
	fast.mount = (__u64)ends->new_dir->mnt;
	fast.dentry = (__u64)ends->new;
	fast.first = CG_CREATE;
	fast.second = replaces ? CG_DELETE : CG_OPERATION_COUNT;
	fast.end = CG_END_NEW;
	return cg_fast_verdict(subject, &fast);
}

SEC("lsm/path_link")
int BPF_PROG(path_link, struct dentry *old_dentry, const struct path *new_dir, struct dentry *new_dentry)
{
	/* The hook has no mount for the old name; link(2) refuses to cross one (EXDEV), so it is the new one's. */
	struct ends ends = {
		.old_dir = new_dir,
		.new_dir = new_dir,
		.old = old_dentry,
		.new = new_dentry,
		.leaves = CG_BIT(CG_LINK),
		.arrives = CG_BIT(CG_CREATE),
	};
	struct cg_subject *subject;
	struct cg_entry entry;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	ends.moved = moved_as(old_dentry);
	CG_TOLD(fast_ends(subject, &ends, CG_LINK, 0));
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	return judge_ends(&entry, &ends);
}

SEC("lsm/path_rename")
int BPF_PROG(path_rename, const struct path *old_dir, struct dentry *old_dentry, const struct path *new_dir,
	     struct dentry *new_dentry, unsigned int flags)
{
	struct ends ends = {
		.old_dir = old_dir,
		.new_dir = new_dir,
		.old = old_dentry,
		.new = new_dentry,
		.leaves = CG_BIT(CG_DELETE),
		.arrives = CG_BIT(CG_CREATE),
	};
	struct cg_subject *subject;
	struct cg_entry entry;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	ends.moved = moved_as(old_dentry);
	if (flags & RENAME_EXCHANGE) {
		ends.leaves |= CG_BIT(CG_CREATE);
		ends.exchanged = moved_as(new_dentry);
	}
	if (flags & RENAME_WHITEOUT)
		ends.leaves |= CG_BIT(CG_MKNOD);
	/* What stands at the new name goes: replaced, or (RENAME_EXCHANGE) moved to the old one. */
	if (new_dentry->d_inode)
		ends.arrives |= CG_BIT(CG_DELETE);
	if (!(flags & (RENAME_EXCHANGE | RENAME_WHITEOUT)))
		CG_TOLD(fast_ends(subject, &ends, CG_DELETE, ends.arrives & CG_BIT(CG_DELETE)));
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	return judge_ends(&entry, &ends);
}
