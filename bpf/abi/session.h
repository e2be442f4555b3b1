/* SPDX-License-Identifier: GPL-2.0-only */
/* One use of the gate: its counters, and the attempts it has seen. */
#ifndef CALLGATE_ABI_SESSION_H
#define CALLGATE_ABI_SESSION_H
#include "event.h"

/* What becomes of a session's subjects. */
enum cg_fate {
	CG_FATE_NONE = 0,
	CG_FATE_KILLED = 1, /* they may not fork any more */
	CG_FATE_LEFT = 2,   /* they are let go: their children are no subjects (entry.bpf.c) */
};

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
	__u64 walked;    /* attempts that the fast path could not tell */
	__u64 floor[CG_FLOOR_COUNT];
	__u64 unresolved[CG_UNRESOLVED_COUNT];
	__u64 denied_by[CG_OPERATION_MOST];
	__u64 cookie;    /* random, never 0 while in use: what subjects and slots of this session show */
	__u64 living;    /* subjects there are, those that have ended and are not freed yet included; no counter: it falls, too */
	__u64 born;      /* subjects there have been. Grows after `living`, so that who finds it unchanged has missed no birth */
	__u64 ending;    /* enum cg_fate. Written by `end_session` alone */
};
CG_ASSERT(sizeof(struct cg_session) == 8 * (10 + 32 + 32 + CG_OPERATION_MOST + 4), "read by the control plane");

/* What belongs to no session: the one entry of `gate`. Written by the kernel half alone. */
struct cg_gate {
	__u64 living;    /* subjects of all sessions, of those that are over too: the gate stays while there is one */
	__u64 born;
	__u64 off;       /* 1: the gate is being taken off with subjects in it; `living` falls no more */
	__u64 removals;  /* directories that were about to be removed or renamed, by anyone: see folders.inc.h */
	__u64 unlocked;  /* 1: one was about to be renamed in a directory that was not locked; nothing is kept of any, since */
	__u64 strays;    /* attempts refused because the subject's session is over: it outlived what its supervisor believed */
	__u64 stray_time; /* of the last, CLOCK_BOOTTIME */
	__u32 stray_pid;
	__u32 stray_session; /* the number its session had */
	char stray_comm[16];
	__u64 owners_lost; /* 1: who set the owner of a descriptor could not be kept; see owners.bpf.c */
};
CG_ASSERT(sizeof(struct cg_gate) == 88, "read by the control plane");

/* Who made another the owner of a descriptor (F_SETOWN). */
struct cg_maker {
	__u64 cookie;  /* of the session; 0: one that could not be told */
	__u64 start;   /* of the process */
	__u32 process;
	__u32 session;
};

/* A process, by what its leader has, over every exec. */
struct cg_process {
	__u64 start;
	__u32 process;
	__u32 pad;
};

/* One that made itself the owner of a descriptor. */
struct cg_owning {
	__u64 cookie;  /* of the session in which it did */
	__u32 session;
	__u32 changed; /* 1: it has come under another policy since */
};

/* The whole key of an attempt, compared byte for byte by the kernel's hash table. Longer objects are never dropped as repeats. */
#define CG_SEEN_OBJECT 416
struct cg_seen_key {
	__u64 exe;
	__u64 first; /* of CG_EVENT_MOVED: each pair of names is told once */
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
