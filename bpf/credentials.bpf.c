// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who a subject becomes.
 *
 *   task_fix_setuid     setuid   setuid, setreuid, setresuid, setfsuid: each id that changes, to what it changes
 *   task_fix_setgid     setgid   the same for groups
 *   task_fix_setgroups  setgid   each group of the new list
 *
 * Ids are the kernel's own, as the initial user namespace has them. What a file's set-user-id bit brings about is the exec of
 * that file. Each id is an attempt of its own; the first that is refused refuses the call, before anything has changed.
 */
#include "later.h"

/* NGROUPS_MAX (include/uapi/linux/limits.h): the kernel takes no longer list. */
#define GROUPS_MAX 65536

static __always_inline int judge_id(struct cg_entry *entry, __u32 operation, __u32 table, __u32 id)
{
	struct cg_scratch *scratch = entry->scratch;

	cg_begin(scratch);
	cg_later(&scratch->access, operation, 0);
	cg_head(&scratch->access, table, id);
	return cg_decide_later(entry->subject, scratch) ? cg_conclude(entry->subject, scratch) : 0;
}

/* The ids of a set*id(2) call, in the order in which they are judged. */
struct ids {
	struct cg_entry *entry;
	__u32 operation;
	__u32 table;
	__u32 old[4]; /* real, effective, saved, of files */
	__u32 new[4];
	int verdict;
};

static long judge_one(__u32 index, struct ids *ids)
{
	__u32 at = index & 3, id = ids->new[at];

	if (id == ids->old[at])
		return 0;
	/* Mostly all become the same. */
	for (int before = 0; before < 3; before++)
		if (before < at && ids->new[before] == id && ids->old[before] != id)
			return 0;
	ids->verdict = judge_id(ids->entry, ids->operation, ids->table, id);
	return ids->verdict != 0;
}

#define JUDGE_IDS(hook, operation_, table_, sort)                                                               \
	SEC("lsm/" #hook)                                                                                       \
	int BPF_PROG(hook, struct cred *new, const struct cred *old, int flags)                                 \
	{                                                                                                       \
		struct cg_entry entry;                                                                          \
		int verdict = 0;                                                                                \
                                                                                                                \
		if (!cg_enter_later(&entry, &verdict))                                                          \
			return verdict;                                                                         \
		struct ids ids = {                                                                              \
			.entry = &entry,                                                                        \
			.operation = operation_,                                                                \
			.table = table_,                                                                        \
			.old = {old->sort.val, old->e##sort.val, old->s##sort.val, old->fs##sort.val},          \
			.new = {new->sort.val, new->e##sort.val, new->s##sort.val, new->fs##sort.val},          \
		};                                                                                              \
		bpf_loop(4, judge_one, &ids, 0);                                                                \
		return ids.verdict ? cg_refuse(-ids.verdict) : 0;                                               \
	}

JUDGE_IDS(task_fix_setuid, CG_SETUID, CG_HEAD_UID, uid)
JUDGE_IDS(task_fix_setgid, CG_SETGID, CG_HEAD_GID, gid)

struct groups {
	struct cg_entry *entry;
	__u64 list; /* struct group_info */
	__u32 count;
	__u32 unread;
	int verdict;
};

static long judge_group(__u32 index, struct groups *groups)
{
	struct group_info *list = (void *)groups->list;
	__u32 id = 0;

	if (index >= groups->count)
		return 1;
	if (bpf_core_read(&id, sizeof(id), &list->gid[index])) {
		groups->unread = 1;
		return 1;
	}
	groups->verdict = judge_id(groups->entry, CG_SETGID, CG_HEAD_GID, id);
	return groups->verdict != 0;
}

SEC("lsm/task_fix_setgroups")
int BPF_PROG(task_fix_setgroups, struct cred *new, const struct cred *old)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter_later(&entry, &verdict))
		return verdict;
	struct group_info *list = new->group_info;
	struct groups groups = {.entry = &entry, .list = (__u64)list, .count = BPF_CORE_READ(list, ngroups)};

	bpf_loop(GROUPS_MAX, judge_group, &groups, 0);
	if (groups.unread)
		return cg_unresolved(entry.subject, entry.scratch, CG_UNRESOLVED_READ);
	return groups.verdict ? cg_refuse(-groups.verdict) : 0;
}
