/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CALLGATE_NAMESPACES_H
#define CALLGATE_NAMESPACES_H
#include "later.h"

/* CLONE_NEW* (include/uapi/linux/sched.h) */
#define CG_CLONE_NEWUSER 0x10000000u
#define CG_CLONE_NEW 0x7e020080u /* all of them */

/* Which bit CLONE_NEW* of each kind is, by enum cg_namespace, a byte each. */
#define CG_CLONE_BITS (17ull | 26ull << 8 | 27ull << 16 | 28ull << 24 | 29ull << 32 | 30ull << 40 | 25ull << 48 | 7ull << 56)

struct cg_kinds {
	struct cg_entry *entry;
	__u32 asked;
	__u32 governed;
	int verdict;
};

static long cg_judge_kind(__u32 index, struct cg_kinds *kinds)
{
	struct cg_scratch *scratch = kinds->entry->scratch;
	__u32 kind = index & (CG_NAMESPACE_COUNT - 1);

	if (!(kinds->asked >> (CG_CLONE_BITS >> 8 * kind & 31) & 1))
		return 0;
	cg_begin(scratch);
	cg_later(&scratch->access, CG_NAMESPACE, 1);
	cg_head(&scratch->access, CG_HEAD_NAMESPACE, kind);
	kinds->governed = cg_decide_closed(kinds->entry->subject, scratch);
	if (!kinds->governed)
		return 1;
	kinds->verdict = cg_conclude(kinds->entry->subject, scratch);
	return kinds->verdict != 0;
}

/* In *verdict what the policy says of namespaces of these kinds; 0: it does not govern it, or it is the floor's. Inlined: frames are few. */
static __always_inline int cg_namespaces(struct cg_entry *entry, __u32 asked, int *verdict)
{
	struct cg_kinds kinds = {.entry = entry, .asked = asked};

	bpf_loop(CG_NAMESPACE_COUNT, cg_judge_kind, &kinds, 0);
	*verdict = kinds.verdict;
	return kinds.governed;
}

#endif
