/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is a subject. Inlined into every hook, because this is all that a task which is none ever pays. */
#ifndef CALLGATE_SUBJECT_H
#define CALLGATE_SUBJECT_H
#include "maps.h"

/*
 * What `task` has in `subjects` although the helper did not give it (6.1: while this CPU is in the middle of another's
 * storage). 1: it is in *copy; 0: there is none; -1: that cannot be told.
 */
int cg_storage_copy(struct task_struct *task, struct cg_subject *copy);

/* Is `task`, of which the helper gave nothing, a subject all the same? Not 0: the caller refuses; counted here. */
int cg_storage_hidden(struct task_struct *task);

/* 1, counted among the strays: the subject's session is over, and its numbers may be another's. 0: it is its session's. */
int cg_stray(struct cg_subject *subject);

/* Takes the subject into the count of the living, once. Its session and cookie are set. */
void cg_count(struct cg_subject *subject);

/* Takes it out of the count, where it is in it. */
void cg_uncount(struct cg_subject *subject);

/* The subject left by an `unconfined` exec. */
void cg_leave(struct cg_subject *subject);

/* owners.bpf.c: the caller goes on under another policy, or under none; the thread is gone. */
void cg_changes_owner(void);
void cg_forgets_owner(struct task_struct *task);

/* The session's counters if they are this subject's to write; else NULL. */
static __always_inline struct cg_session *cg_session_of(struct cg_subject *subject)
{
	__u32 number = subject->session;
	struct cg_session *session = bpf_map_lookup_elem(&sessions, &number);

	return session && session->cookie == subject->cookie ? session : 0;
}

/* Under one policy of one session, both by now: what one of them may do, the other may. */
static __always_inline int cg_alike(struct cg_subject *one, struct cg_subject *other)
{
	return one->policy == other->policy && one->cookie == other->cookie &&
	       !(other->flags & (CG_SUBJECT_FREE | CG_SUBJECT_ARMED));
}

struct cg_entry {
	struct cg_subject *subject;
	struct cg_scratch *scratch;
};

static __always_inline void cg_begin(struct cg_scratch *scratch)
{
	struct cg_access *access = &scratch->access;
	__u64 ids = bpf_get_current_uid_gid();

	__builtin_memset(access, 0, sizeof(*access));
	scratch->climb.written = 0;
	access->uid = (__u32)ids;
	access->gid = ids >> 32;
	access->owner = ~0u;
}

/*
 * The calling task's subject, where it has storage of any map; or 0: the hook returns *verdict at once.
 * An armed task is the launcher's own code between the mark and its exec; it is held to that exec by the exec hooks.
 */
static __always_inline struct cg_subject *cg_stored_subject(struct task_struct *task, int *verdict)
{
	struct cg_subject *subject = bpf_task_storage_get(&subjects, task, 0, 0);

	*verdict = 0;
	if (!subject) {
		*verdict = cg_storage_hidden(task) ? -EPERM : 0;
		return 0;
	}
	if (!subject->policy || (subject->flags & (CG_SUBJECT_ARMED | CG_SUBJECT_FREE)))
		return 0;
	return subject;
}

/* The same of any task. */
static __always_inline struct cg_subject *cg_subject(int *verdict)
{
	struct task_struct *task = cg_current();

	*verdict = 0;
	return task->bpf_storage ? cg_stored_subject(task, verdict) : 0;
}

/* The subject and room to work in *entry; 1. Or 0: the hook returns *verdict at once. */
static __always_inline int cg_work(struct cg_entry *entry, struct cg_subject *subject, int *verdict)
{
	struct task_struct *task = cg_current();
	__u32 number = subject->policy;
	struct cg_slot *slot;

	*verdict = 0;
	slot = bpf_map_lookup_elem(&policies, &number);
	if ((!slot || slot->cookie != subject->cookie) && cg_stray(subject)) {
		*verdict = -EPERM;
		return 0;
	}
	entry->subject = subject;
	entry->scratch = bpf_task_storage_get(&scratches, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!entry->scratch) {
		struct cg_session *session = cg_session_of(subject);
		if (session)
			__sync_fetch_and_add(&session->unresolved[CG_UNRESOLVED_STORAGE], 1);
		*verdict = -EPERM;
		return 0;
	}
	cg_begin(entry->scratch);
	return 1;
}

/* Both: what a hook begins with. */
static __always_inline int cg_enter(struct cg_entry *entry, int *verdict)
{
	struct cg_subject *subject = cg_subject(verdict);

	return subject ? cg_work(entry, subject, verdict) : 0;
}

#endif
