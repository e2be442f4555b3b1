// SPDX-License-Identifier: GPL-2.0-only
/* From an attempt at an operation of version 2 to a verdict: see later.h, and judge.bpf.c for those of version 1. */
#include "later.h"
#include "settle.h"

#define CG_LATER
#define CG_PER_CLASS "matcher.inc.h"
#include "classes.inc.h"

__hidden int cg_governs_later(struct cg_subject *subject)
{
	struct cg_slot *slot;
	__u32 number, place;

	if (!subject)
		return 1;
	number = subject->policy;
	slot = bpf_map_lookup_elem(&policies, &number);
	if (!slot || !slot->location || slot->cookie != subject->cookie)
		return 1;
	place = (slot->location & 0xffffff) - 1;
	switch (slot->location >> 24) {
#define CG_GOVERNS(class_, ...) \
	case class_: {          \
		struct cg_image##class_ *image = cg_image##class_(place); \
		return !image || image->header.version > 1;              \
	}
	CG_IMAGE_CLASSES(CG_GOVERNS)
#undef CG_GOVERNS
	default:
		return 1;
	}
}

int cg_decide_later(struct cg_subject *subject, struct cg_scratch *scratch)
{
	struct cg_session *session;
	struct cg_access *access;
	struct cg_slot *slot;
	__u32 location = 0, number, place;

	if (!subject || !scratch)
		return 1;
	session = cg_session_of(subject);
	if (session)
		__sync_fetch_and_add(&session->walked, 1);
	access = &scratch->access;
	number = subject->policy;
	access->policy = number;
	slot = bpf_map_lookup_elem(&policies, &number);
	if (slot) {
		location = slot->location;
		access->mode = slot->mode;
	}
	if (!location || slot->cookie != subject->cookie) {
		access->unresolved = location ? CG_UNRESOLVED_STALE : CG_UNRESOLVED_POLICY;
		access->mode = CG_ENFORCE;
		return 1;
	}
	place = (location & 0xffffff) - 1;
	switch (location >> 24) {
#define CG_JUDGE(class_, ...) \
	case class_:          \
		return later##class_(scratch, place, access->mode);
	CG_IMAGE_CLASSES(CG_JUDGE)
#undef CG_JUDGE
	default:
		access->unresolved = CG_UNRESOLVED_POLICY;
		return 1;
	}
}
