/* SPDX-License-Identifier: GPL-2.0-only */
/* The matcher without a hook. The tests' own: no part of the shipped object. */
#ifndef CALLGATE_ABI_TRIAL_H
#define CALLGATE_ABI_TRIAL_H
#include "operation.h"

/*
 * What the trial program judges, called by prog-run: one object against one image, no hook involved. The first
 * sizeof(struct cg_trial) bytes of the one entry of `trials`, written before the call and read after it.
 */
struct cg_trial {
	__u32 policy;     /* number in `policies` */
	__u32 operations;
	__u32 object;     /* enum cg_object_type */
	__u32 length;     /* bytes of data[] used */
	__u32 uid, gid, owner;
	/* out */
	__s32 result;     /* 0, or -errno when the image could not be used */
	__u32 verdict[CG_OPERATION_MOST];
	__u32 rule[CG_OPERATION_MOST];
	__u32 errnum[CG_OPERATION_MOST];
	__u32 decision_flags[CG_OPERATION_MOST];
	__u32 transition;
	__u32 program;
	__u32 outcome;     /* enum cg_verdict of the whole attempt */
	__u32 deciding;    /* bits of the operations that made it */
	__u32 state;       /* what a walk of the object ends in, and what it is granted, as `from_` takes it */
	__u32 grants;
	/* in: a thing that gets this name */
	__u32 moved;       /* enum cg_moved, and 1; 0: nothing does */
	__u32 exchanged;   /* the same for what goes to the other name */
	__u32 from_state;
	__u32 from_grants;
	/* out */
	__u32 more;        /* it would be granted more */
	/* in: the operation is one that version 2 has besides */
	__u32 later;       /* 1 */
	__u32 closed;      /* no default opens it */
	__u32 which;       /* signal, limit ... of whoever runs the object; attribute, command */
	/* out */
	__u32 governed;    /* the policy's version has the operation */
	__u32 pad;
	/*
	 * A path: its components, each one byte of length (1 to 255) and the name; "/" is empty. Inet: struct cg_inet's first 19 bytes.
	 * Abstract: the name. Family: struct cg_family. Kind: one byte.
	 */
	__u8 data[8192];
};
CG_ASSERT(sizeof(struct cg_trial) == 32 + 4 * 4 * CG_OPERATION_MOST + 64 + 8192, "written by the control plane");

#endif
