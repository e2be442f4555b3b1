/* SPDX-License-Identifier: GPL-2.0-only */
/* What the matchers of all size classes share: preparing a component, and adding one operation's decision to an attempt. */
#ifndef CALLGATE_SETTLE_H
#define CALLGATE_SETTLE_H
#include "path.h"

/* Which way an object's components come. */
static __always_inline int is_walked(__u32 object)
{
	return object == CG_OBJECT_PATH || object == CG_OBJECT_UNIX;
}

/* Does a head come before the object's path or kind, whatever is done and to whom? Of such an operation nothing enters at start_place. */
static __always_inline int is_headed(__u32 later)
{
	return CG_IS_ACT(later) || CG_IS_DEED(later);
}

/* Prepares scratch->name as a component of `length` bytes (at most 112) of access.bytes. */
static __always_inline void take_bytes(struct cg_scratch *scratch, __u32 offset, __u32 length)
{
	__u64 *words = (__u64 *)scratch->name;
	words[0] = words[1] = words[2] = 0;
	offset &= 127;
	if (offset + length <= sizeof(scratch->access.bytes))
		bpf_probe_read_kernel(scratch->name, length, scratch->access.bytes + offset);
}

/* What a decision says about one operation, added to the attempt. Operations come in table order. */
static __always_inline void settle(struct cg_access *access, __u32 bit, struct cg_decision *decision, __u32 mode)
{
	__u32 verdict = decision->verdict, flags = decision->flags;

	if (mode == CG_LEARN && (flags & CG_DECISION_DEFAULT)) {
		/* Nothing decided: permitted, and noted. An explicit denial of another operation still denies. */
		access->flags |= CG_EVENT_LEARNT;
		if (access->verdict != CG_DENY)
			access->decided |= bit;
		return;
	}
	if (verdict == CG_DENY && access->verdict != CG_DENY) {
		access->verdict = CG_DENY;
		access->errnum = decision->errnum;
		access->rule = decision->rule;
		access->decision_flags = flags;
		access->decided = bit;
		return;
	}
	if (verdict == CG_DENY) {
		access->decided |= bit;
		access->decision_flags |= flags & CG_DECISION_LOG;
		return;
	}
	if (access->verdict == CG_DENY)
		return;
	if (verdict == CG_ASK && access->verdict != CG_ASK) {
		access->verdict = CG_ASK;
		access->errnum = decision->errnum;
		access->rule = decision->rule;
		access->decision_flags = flags;
		access->decided = bit;
		return;
	}
	if (access->verdict == CG_ASK) {
		access->decided |= verdict == CG_ASK ? bit : 0;
		return;
	}
	if (!access->rule)
		access->rule = decision->rule;
	if (flags & CG_DECISION_LOG) {
		if (!(access->decision_flags & CG_DECISION_LOG))
			access->rule = decision->rule;
		access->decision_flags |= CG_DECISION_LOG;
		access->decided |= bit;
	}
}

/*
 * A thing that may not come to this name, because it would be granted more there: as between file systems, so that it can
 * be copied, and the copy is judged.
 */
static __always_inline void refuse_move(struct cg_access *access)
{
	if (access->verdict == CG_DENY)
		return;
	access->verdict = CG_DENY;
	access->errnum = EXDEV;
	access->rule = 0;
	access->decided = access->operations;
	access->unresolved = CG_UNRESOLVED_MOVED;
}

#endif
