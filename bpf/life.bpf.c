// SPDX-License-Identifier: GPL-2.0-only
/* The life and death of subjects: fork. */
#include "subject.h"

SEC("lsm/task_alloc")
int BPF_PROG(task_alloc, struct task_struct *child, unsigned long clone_flags)
{
	struct task_struct *task = cg_current();
	struct cg_subject *subject, *copy;
	struct cg_session *session;
	__u32 number;

	if (!task->bpf_storage)
		return 0;
	subject = bpf_task_storage_get(&subjects, task, 0, 0);
	if (!subject)
		return cg_storage_hidden(task) ? -EPERM : 0;
	if (!subject->policy || (subject->flags & CG_SUBJECT_FREE))
		return 0;
	number = subject->session;
	session = bpf_map_lookup_elem(&sessions, &number);
	if (subject->flags & CG_SUBJECT_ARMED) {
		if (session)
			__sync_fetch_and_add(&session->floor[CG_FLOOR_ARMED], 1);
		return -EPERM;
	}
	copy = bpf_task_storage_get(&subjects, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!copy) {
		if (session)
			__sync_fetch_and_add(&session->floor[CG_FLOOR_FORK], 1);
		return -ENOMEM;
	}
	copy->session = subject->session;
	copy->mounts = subject->mounts;
	copy->exe = subject->exe;
	/* Last: until then the child, which cannot run yet, would be no subject. */
	copy->policy = subject->policy;
	return 0;
}
