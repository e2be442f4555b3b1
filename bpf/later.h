/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations that version 2 of the language has besides. Their objects enter the automaton at places of their own, and
 * their answers have places of their own, so that an image of version 1 holds nothing of them, and what version 1 governs is
 * judged as ever.
 */
#ifndef CALLGATE_LATER_H
#define CALLGATE_LATER_H
#include "judge.h"

/* Is there, or was there, a policy of version 2 in this gate? Where there was none a hook of version 2 has nothing to do. */
static __always_inline int cg_has_later(void)
{
	__u32 nobody = 0;
	struct cg_slot *slot = bpf_map_lookup_elem(&policies, &nobody);

	return slot && slot->program > 1;
}

/* cg_enter() of a hook that only policies of version 2 need. */
static __always_inline int cg_enter_later(struct cg_entry *entry, int *verdict)
{
	*verdict = 0;
	return cg_current()->bpf_storage && cg_has_later() && cg_enter(entry, verdict);
}

/* Is the subject's policy of a version that has operations besides? What cannot be told is. */
int cg_governs_later(struct cg_subject *subject);

/* The operation of the attempt. `closed`: no default opens it. */
static __always_inline void cg_later(struct cg_access *access, __u32 operation, __u32 closed)
{
	access->operations = CG_ALONE(operation);
	access->later = operation;
	access->closed = closed;
	access->answer = CG_ANSWER_EXCLUSIVE; /* nobody can be asked */
}

/* Its object, where that is a number. */
static __always_inline void cg_head(struct cg_access *access, __u32 table, __u32 number)
{
	struct cg_head *head = (struct cg_head *)access->bytes;

	access->object = CG_OBJECT_HEAD;
	access->length = sizeof(*head);
	head->table = table;
	head->number[0] = number >> 24;
	head->number[1] = number >> 16;
	head->number[2] = number >> 8;
	head->number[3] = number;
}

/*
 * Decides scratch->access, set up by cg_later() and cg_head() or cg_path_object(). 0: the policy is of version 1, and does not
 * govern it. 1: as cg_decide(). A global function: see judge.h.
 */
int cg_decide_later(struct cg_subject *subject, struct cg_scratch *scratch);

/*
 * cg_decide_later(), of what no default may open: where no rule did, or what it is about could not be told, it is refused in complain mode too,
 * and told as the denial that it is where the policy is enforced.
 */
static __always_inline int cg_decide_closed(struct cg_subject *subject, struct cg_scratch *scratch)
{
	struct cg_access *access = &scratch->access;

	if (!cg_decide_later(subject, scratch))
		return 0;
	if (access->mode == CG_COMPLAIN && access->closed &&
	    (access->unresolved || (access->closed == CG_CLOSED && access->verdict == CG_DENY)))
		access->mode = CG_ENFORCE;
	return 1;
}

#endif
