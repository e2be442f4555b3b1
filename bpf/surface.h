/* SPDX-License-Identifier: GPL-2.0-only */
/* What of the kernel itself a subject uses: operation kernel. */
#ifndef CALLGATE_SURFACE_H
#define CALLGATE_SURFACE_H
#include "later.h"

/* In *verdict what the policy says of this (an enum cg_surface); 0: it does not govern it, or it is the floor's. */
int cg_surface(struct cg_entry *entry, __u32 what, int *verdict);

/* What the hook says of what a rule may permit, and the floor refuses where none does. */
static __always_inline int cg_surface_or_floor(struct cg_entry *entry, __u32 what, __u32 reason)
{
	int verdict = 0;

	if (cg_surface(entry, what, &verdict))
		return verdict ? cg_refuse(-verdict) : 0;
	cg_begin(entry->scratch);
	return cg_floor(entry->subject, entry->scratch, reason);
}

#endif
