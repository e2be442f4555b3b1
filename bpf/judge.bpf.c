// SPDX-License-Identifier: GPL-2.0-only
/* From an access to a verdict: which policy, which image, what mode. */
#include "ask.h"
#include "settle.h"

#define CG_PER_CLASS "matcher.inc.h"
#include "classes.inc.h"

/* access.policy -> decision */
static __always_inline int decide_for(struct cg_scratch *scratch, __u64 cookie)
{
	struct cg_slot *slot;
	__u32 location = 0, number;

	if (!scratch)
		return 0;
	number = scratch->access.policy;
	slot = bpf_map_lookup_elem(&policies, &number);
	if (slot) {
		location = slot->location;
		scratch->access.mode = slot->mode;
	}
	if (!location) {
		scratch->access.unresolved = CG_UNRESOLVED_POLICY;
		scratch->access.mode = CG_ENFORCE;
		return 0;
	}
	if (slot->cookie != cookie) {
		scratch->access.unresolved = CG_UNRESOLVED_STALE;
		scratch->access.mode = CG_ENFORCE;
		return 0;
	}
	__u32 place = (location & 0xffffff) - 1, mode = scratch->access.mode;
	switch (location >> 24) {
#define CG_JUDGE(class_, ...) \
	case class_:          \
		return judge##class_(scratch, place, mode);
	CG_IMAGE_CLASSES(CG_JUDGE)
#undef CG_JUDGE
	default:
		scratch->access.unresolved = CG_UNRESOLVED_POLICY;
		return 0;
	}
}

int cg_decide(struct cg_subject *subject, struct cg_scratch *scratch)
{
	struct cg_session *session;

	if (!subject || !scratch)
		return 0;
	session = cg_session_of(subject);
	if (session)
		__sync_fetch_and_add(&session->walked, 1);
	scratch->access.policy = subject->policy;
	return decide_for(scratch, subject->cookie);
}

int cg_decide_next(struct cg_subject *subject, struct cg_scratch *scratch)
{
	if (!subject || !scratch)
		return 0;
	scratch->access.policy = subject->next_policy;
	return decide_for(scratch, subject->cookie);
}

static __always_inline void count_denied(struct cg_session *session, __u32 decided)
{
	if (decided & CG_LATER_MASK) {
		__sync_fetch_and_add(&session->denied_by[CG_ALONE_NUMBER(decided)], 1);
		return;
	}
	for (int i = 0; i < CG_OPERATION_COUNT; i++)
		if ((decided >> i) & 1) {
			__sync_fetch_and_add(&session->denied_by[i], 1);
			return;
		}
}

/* An end of a rename or link that a learner wants to know, though a rule permits it. */
static __always_inline int tells_pair(struct cg_access *access)
{
	/* Of what version 2 has besides `first` says something else. */
	if (access->mode == CG_ENFORCE || (access->operations & CG_LATER_MASK))
		return 0;
	return access->first || access->leaving == CG_LEAVING_TOLD ||
	       (access->leaving == CG_LEAVING && access->mode == CG_LEARN);
}

int cg_refusal(struct cg_subject *subject, struct cg_scratch *scratch)
{
	struct cg_session *session;
	struct cg_access *access;
	int errnum = 0, report = 0;

	if (!subject || !scratch)
		return EPERM;
	access = &scratch->access;
	session = cg_session_of(subject);
	if (!session) {
		/* Over since the hook began. */
		cg_stray(subject);
		return EPERM;
	}
	if (!access->unresolved && access->verdict == CG_ASK && cg_ask(subject, scratch))
		return ERESTARTNOINTR;
	if (access->unresolved && access->unresolved < CG_UNRESOLVED_COUNT) {
		__sync_fetch_and_add(&session->unresolved[CG_BOUND(access->unresolved, CG_UNRESOLVED_COUNT)], 1);
		if (!cg_told(access->unresolved)) {
			access->rule = 0;
			access->decided = access->operations;
			access->errnum = EPERM;
		}
		access->verdict = CG_DENY;
		access->decision_flags = CG_DECISION_LOG;
	}
	if (access->verdict == CG_DENY) {
		/* While learning, what a rule denies stays denied, and a thing is not moved from under it. */
		if (access->mode == CG_ENFORCE ||
		    (access->mode == CG_LEARN && (!access->unresolved || access->unresolved == CG_UNRESOLVED_MOVED))) {
			errnum = access->errnum ? access->errnum : EPERM;
			access->flags |= CG_EVENT_ENFORCED;
			access->flags &= ~CG_EVENT_LEARNT;
			__sync_fetch_and_add(&session->denied, 1);
			count_denied(session, access->decided);
			if (access->decision_flags & CG_DECISION_LOG)
				report = 1;
			else
				__sync_fetch_and_add(&session->silent, 1);
		} else {
			__sync_fetch_and_add(&session->complained, 1);
			report = 1;
		}
	} else if (access->flags & CG_EVENT_LEARNT) {
		__sync_fetch_and_add(&session->learnt, 1);
		report = 1;
	} else if (access->decision_flags & CG_DECISION_LOG) {
		access->flags |= CG_EVENT_ENFORCED;
		report = 1;
	}
	/* Both names, or the learner could not tell what came from where, and grant it there what it needs. */
	if (!report && access->verdict == CG_PERMIT && tells_pair(access)) {
		access->flags |= CG_EVENT_ENFORCED;
		report = 1;
	}
	if (report)
		access->sequence = cg_report(subject, scratch, session, CG_EVENT_ACCESS);
	return errnum;
}

__hidden int cg_unresolved(struct cg_subject *subject, struct cg_scratch *scratch, __u32 reason)
{
	struct cg_slot *slot;
	__u32 number;

	if (!subject || !scratch)
		return -EPERM;
	number = subject->policy;
	slot = bpf_map_lookup_elem(&policies, &number);
	scratch->access.policy = number;
	scratch->access.mode = slot && slot->location ? slot->mode : CG_ENFORCE;
	scratch->access.object = CG_OBJECT_NONE;
	if (!scratch->access.unresolved)
		scratch->access.unresolved = reason;
	return cg_conclude(subject, scratch);
}

__hidden int cg_floor(struct cg_subject *subject, struct cg_scratch *scratch, __u32 reason)
{
	struct cg_session *session;

	if (!subject || !scratch)
		return -EPERM;
	session = cg_session_of(subject);
	if (!session) {
		cg_stray(subject);
		return -EPERM;
	}
	__sync_fetch_and_add(&session->floor[CG_BOUND(reason, CG_FLOOR_COUNT)], 1);
	scratch->access.verdict = CG_DENY;
	scratch->access.errnum = EPERM;
	scratch->access.flags |= CG_EVENT_ENFORCED;
	scratch->access.unresolved = reason;
	scratch->access.policy = subject->policy;
	cg_report(subject, scratch, session, CG_EVENT_FLOOR);
	return -EPERM;
}

__hidden int cg_floor_unsaid(struct cg_subject *subject, __u32 reason)
{
	struct cg_session *session;

	if (!subject)
		return -EPERM;
	session = cg_session_of(subject);
	if (session)
		__sync_fetch_and_add(&session->floor[CG_BOUND(reason, CG_FLOOR_COUNT)], 1);
	return -EPERM;
}
