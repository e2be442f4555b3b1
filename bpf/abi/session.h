/* SPDX-License-Identifier: GPL-2.0-only */
/* One use of the gate: its counters, and the attempts it has seen. */
#ifndef CALLGATE_ABI_SESSION_H
#define CALLGATE_ABI_SESSION_H
#include "event.h"

/* Counters only ever grow; each is exact. */
struct cg_session {
	__u64 active;    /* 0: free, 1: in use */
	__u64 sequence;  /* last sequence number given */
	__u64 events;    /* records that reached the ring buffer, without continuation parts */
	__u64 dropped;   /* records that did not: the ring buffer was full or the record could not be built */
	__u64 repeats;   /* attempts that were dropped as repeats and counted in `seen` */
	__u64 denied;    /* attempts refused by a policy */
	__u64 complained; /* attempts that would have been refused */
	__u64 learnt;    /* attempts no rule decided, permitted for learning */
	__u64 silent;    /* of `denied`, those whose rule says log: false */
	__u64 floor[CG_FLOOR_COUNT];
	__u64 unresolved[CG_UNRESOLVED_COUNT];
	__u64 denied_by[CG_OPERATION_SLOTS];
};
CG_ASSERT(sizeof(struct cg_session) == 8 * (9 + 32 + 16 + 20), "read by the control plane");

/* The whole key of an attempt, compared byte for byte by the kernel's hash table. Longer objects are never dropped as repeats. */
#define CG_SEEN_OBJECT 416
struct cg_seen_key {
	__u64 exe;
	__u32 policy;
	__u32 operations;
	__u32 decided;
	__u32 rule;
	__u32 uid;
	__u32 gid;
	__u32 length;
	__u8 object_type;
	__u8 verdict;
	__u8 flags;
	__u8 pad;
	__u8 object[CG_SEEN_OBJECT];
};
CG_ASSERT(sizeof(struct cg_seen_key) <= 512, "longest key of a BPF hash map in 6.1");

struct cg_seen {
	__u64 sequence; /* of the event that reported it first */
	__u64 count;    /* repeats since */
	__u64 last;     /* CLOCK_BOOTTIME of the last */
};

#endif
