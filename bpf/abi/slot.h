/* SPDX-License-Identifier: GPL-2.0-only */
/* Policies by number: where each has its image, and how it is held to. */
#ifndef CALLGATE_ABI_SLOT_H
#define CALLGATE_ABI_SLOT_H
#include "types.h"

enum cg_mode {
	CG_ENFORCE = 0,
	CG_COMPLAIN = 1,
	CG_LEARN = 2, /* what no rule decides is permitted and reported; explicit denials stay in force */
};

/*
 * One policy. Written by one map update, in words of 8 bytes from the first; `location` and `mode` are one of them. Number 0 is
 * no policy: `program` is there the highest version of the language that a policy of this gate was written in since it was
 * renewed, so that what only later versions govern costs next to nothing where there are none.
 */
struct cg_slot {
	__u32 location; /* class << 24 | (place in the outer map + 1); 0: no policy, deny all and count */
	__u32 mode;     /* enum cg_mode */
	__u32 session;
	__u32 program;  /* number in the application, from 1 */
	__u64 cookie;   /* its session's; 0: the slot is free. A slot is free before it is another session's */
};
CG_ASSERT(sizeof(struct cg_slot) == 24, "no padding");

struct cg_program {
	__u32 session;
	__u32 program; /* number in the application, from 1: cg_answer.program */
};

#endif
