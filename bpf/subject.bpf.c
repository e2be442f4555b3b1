// SPDX-License-Identifier: GPL-2.0-only
#include "subject.h"

struct search {
	__u64 node;
	__u64 map;
	int found;
	struct cg_subject subject;
};

static long look(__u32 index, struct search *search)
{
	__u64 element, map = 0;

	if (!search->node) {
		search->found = 0;
		return 1;
	}
	element = search->node - bpf_core_field_offset(struct bpf_local_storage_elem, snode);
	if (CG_READ_FIELD(&map, struct bpf_local_storage_elem, element, sdata.smap) ||
	    CG_READ_FIELD(&search->node, struct hlist_node, search->node, next))
		return 1;
	if (map != search->map)
		return 0;
	if (!bpf_core_read(&search->subject, sizeof(search->subject),
			   &((struct bpf_local_storage_elem *)element)->sdata.data))
		search->found = 1;
	return 1;
}

__hidden int cg_storage_copy(struct task_struct *task, struct cg_subject *copy)
{
	struct search search = {.found = -1};
	void *ours = &subjects;
	struct bpf_local_storage *storage = task->bpf_storage;

	if (!copy)
		return -1;
	if (!storage)
		return 0;
	/* struct bpf_map is the first member of struct bpf_local_storage_map, so the address is the same */
	asm volatile("" : "+r"(ours));
	search.map = (__u64)ours;
	search.node = (__u64)BPF_CORE_READ(storage, list.first);
	/* One element a map; a task with storage of more than 64 BPF maps cannot be told, and -1 says so. */
	bpf_loop(64, look, &search, 0);
	if (search.found == 1)
		*copy = search.subject;
	return search.found;
}

/* Refused, and in no session's count: the whole gate has one. `session`: the number that the task shows, 0 where it shows none. */
static __noinline int count_stray(__u32 session)
{
	struct cg_gate *whole;
	__u32 zero = 0;

	whole = bpf_map_lookup_elem(&gate, &zero);
	if (!whole)
		return 1;
	__sync_fetch_and_add(&whole->strays, 1);
	/* Who was last, for a person to find it: written by several at once it may be of two of them. */
	whole->stray_time = bpf_ktime_get_boot_ns();
	whole->stray_pid = bpf_get_current_pid_tgid() >> 32;
	whole->stray_session = session;
	bpf_get_current_comm(whole->stray_comm, sizeof(whole->stray_comm));
	return 1;
}

__hidden int cg_storage_hidden(struct task_struct *task)
{
	struct cg_subject subject = {};
	struct cg_session *session;
	int found = cg_storage_copy(task, &subject);

	if (found < 0)
		return count_stray(0);
	if (!found)
		return 0;
	if (!subject.policy || (subject.flags & CG_SUBJECT_FREE))
		return 0;
	if (cg_stray(&subject))
		return 1;
	session = cg_session_of(&subject);
	if (session)
		__sync_fetch_and_add(&session->unresolved[CG_UNRESOLVED_STORAGE], 1);
	return 1;
}

__hidden int cg_stray(struct cg_subject *subject)
{
	if (!subject)
		return 1;
	if (cg_session_of(subject))
		return 0;
	return count_stray(subject->session);
}
