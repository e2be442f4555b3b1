// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life and death of subjects, counted: no walk over the tasks there are proves that none is left, for a task can always
 * be where the walk has been or is yet to come. Each subject enters the count before it can run (task_alloc; a marked one by
 * the iterator, before its launcher lets it go), and leaves it when the kernel frees it (task_free) or when an `unconfined`
 * exec takes it out. A fork that fails later on is freed too: copy_process() calls security_task_free() on its way out
 * (kernel/fork.c: bad_fork_cleanup_security).
 *
 * task_free comes late: a zombie, or a task that something still refers to, is counted. Whoever ends a session looks at both,
 * see src/session/living.ts.
 */
#include "judge.h"

static __always_inline struct cg_gate *whole_gate(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&gate, &zero);
}

__hidden void cg_count(struct cg_subject *subject)
{
	struct cg_session *session;
	struct cg_gate *whole = whole_gate();

	if (!subject || !whole || __sync_val_compare_and_swap(&subject->counted, 0, 1))
		return;
	session = cg_session_of(subject);
	if (session) {
		__sync_fetch_and_add(&session->living, 1);
		__sync_fetch_and_add(&session->born, 1);
	}
	__sync_fetch_and_add(&whole->living, 1);
	subject->serial = __sync_fetch_and_add(&whole->born, 1) + 1;
}

static __always_inline void uncount(struct cg_session *session)
{
	struct cg_gate *whole = whole_gate();

	if (session)
		__sync_fetch_and_add(&session->living, -1);
	if (whole)
		__sync_fetch_and_add(&whole->living, -1);
}

__hidden void cg_uncount(struct cg_subject *subject)
{
	if (subject && __sync_val_compare_and_swap(&subject->counted, 1, 0) == 1)
		uncount(cg_session_of(subject));
}

__hidden void cg_leave(struct cg_subject *subject)
{
	if (!subject)
		return;
	/* First the flag: the iterator counts nobody who has it. */
	subject->flags |= CG_SUBJECT_FREE;
	cg_uncount(subject);
}

#define CLONE_INTO_CGROUP 0x200000000ul /* include/uapi/linux/sched.h; clone3(2) alone has it */

/* What writing cgroup.procs is: membership of a cgroup. */
static __noinline int refuse_cgroup(void)
{
	struct cg_entry entry;
	int verdict = 0;

	return cg_enter(&entry, &verdict) ? cg_floor(entry.subject, entry.scratch, CG_FLOOR_CGROUP) : verdict;
}

/* A fork of a session that is being ended: refused with what fork(2) says when there may be no more processes just now. */
static __noinline int refuse_ending(void)
{
	struct cg_session *session;
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict ? -EAGAIN : 0;
	session = cg_session_of(entry.subject);
	if (!session)
		return -EAGAIN;
	__sync_fetch_and_add(&session->floor[CG_FLOOR_ENDING], 1);
	entry.scratch->access.verdict = CG_DENY;
	entry.scratch->access.errnum = EAGAIN;
	entry.scratch->access.flags = CG_EVENT_ENFORCED;
	entry.scratch->access.unresolved = CG_FLOOR_ENDING;
	entry.scratch->access.policy = entry.subject->policy;
	cg_report(entry.subject, entry.scratch, session, CG_EVENT_FLOOR);
	return -EAGAIN;
}

SEC("lsm/task_alloc")
int BPF_PROG(task_alloc, struct task_struct *child, unsigned long clone_flags)
{
	struct task_struct *task = cg_current();
	struct cg_subject *subject, *copy;
	struct cg_session *session;

	if (!task->bpf_storage)
		return 0;
	subject = bpf_task_storage_get(&subjects, task, 0, 0);
	if (!subject)
		return cg_storage_hidden(task) ? -EPERM : 0;
	if (!subject->policy || (subject->flags & CG_SUBJECT_FREE))
		return 0;
	session = cg_session_of(subject);
	if (!session) {
		cg_stray(subject);
		return -EPERM;
	}
	if (subject->flags & CG_SUBJECT_ARMED) {
		__sync_fetch_and_add(&session->floor[CG_FLOOR_ARMED], 1);
		return -EPERM;
	}
	if (session->ending == CG_FATE_LEFT)
		return 0;
	if (session->ending)
		return refuse_ending();
	if (clone_flags & CLONE_INTO_CGROUP)
		return refuse_cgroup();
	/* Whatever fork it was in when it became a subject is over. */
	if (subject->entering)
		subject->entering = 0;
	copy = bpf_task_storage_get(&subjects, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!copy) {
		__sync_fetch_and_add(&session->floor[CG_FLOOR_FORK], 1);
		return -ENOMEM;
	}
	copy->session = subject->session;
	copy->mounts = subject->mounts;
	copy->exe = subject->exe;
	copy->cookie = subject->cookie;
	copy->filters = subject->filters;
	cg_count(copy);
	/* Last: until then the child, which cannot run yet, would be no subject. */
	copy->policy = subject->policy;
	return 0;
}

/* Called in any context, an interrupt's too, with a task that nothing refers to any more; its storage goes after this. */
SEC("lsm/task_free")
int BPF_PROG(task_free, struct task_struct *task)
{
	struct cg_subject *subject, copy = {};

	if (!task->bpf_storage)
		return 0;
	cg_forgets_owner(task);
	subject = bpf_task_storage_get(&subjects, task, 0, 0);
	if (subject) {
		cg_uncount(subject);
	} else if (cg_storage_copy(task, &copy) == 1 && copy.counted) {
		uncount(cg_session_of(&copy));
	}
	return 0;
}

SEC("syscall")
int end_session(struct cg_ending *ending)
{
	__u32 number = ending->session;
	struct cg_session *session;
	struct cg_gate *whole;

	ending->done = 0;
	if (!number) {
		whole = whole_gate();
		if (whole) {
			whole->off = ending->on;
			ending->done = 1;
		}
		return 0;
	}
	session = bpf_map_lookup_elem(&sessions, &number);
	if (session && session->cookie == ending->cookie) {
		session->ending = ending->on;
		ending->done = 1;
	}
	return 0;
}
