// SPDX-License-Identifier: GPL-2.0-only
#include "subject.h"

struct search {
	__u64 node;
	__u64 map;
	int found;
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
	search->found = 1;
	/* Denied by the caller, so it is counted here, as exactly as can be read. */
	struct cg_subject subject;
	if (!bpf_core_read(&subject, sizeof(subject), &((struct bpf_local_storage_elem *)element)->sdata.data)) {
		struct cg_session *session = bpf_map_lookup_elem(&sessions, &subject.session);
		if (!subject.policy || (subject.flags & CG_SUBJECT_FREE))
			search->found = 0;
		else if (session)
			__sync_fetch_and_add(&session->unresolved[CG_UNRESOLVED_STORAGE], 1);
	}
	return 1;
}

__hidden int cg_storage_hidden(struct task_struct *task)
{
	struct search search = {.found = -1};
	void *ours = &subjects;
	struct bpf_local_storage *storage = task->bpf_storage;

	if (!storage)
		return 0;
	/* struct bpf_map is the first member of struct bpf_local_storage_map, so the address is the same */
	asm volatile("" : "+r"(ours));
	search.map = (__u64)ours;
	search.node = (__u64)BPF_CORE_READ(storage, list.first);
	/* One element a map; a task with storage of more than 64 BPF maps cannot be told, and -1 says so. */
	bpf_loop(64, look, &search, 0);
	return search.found;
}
