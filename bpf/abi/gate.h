/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps of the gate that the control plane writes and reads. The names are the pins' names under /sys/fs/bpf/callgate.
 *
 *   subjects  TASK_STORAGE           struct cg_subject   who is under which policy
 *   policies  ARRAY                  struct cg_slot      policy number -> where its image is, and its mode
 *   images0-3 ARRAY_OF_MAPS          struct cg_imageN    by size class; an index is a place in the outer map
 *   programs  HASH                   struct cg_program -> __u32 policy number; program 0: those without a policy, while learning
 *   sessions  ARRAY                  struct cg_session
 *   rings     ARRAY_OF_MAPS          by session number: RINGBUF of struct cg_event
 *   seen      ARRAY_OF_MAPS          by session number: HASH struct cg_seen_key -> struct cg_seen; absent: no dedup
 *   guards    HASH                   __u32 thread group -> __u64 start time: supervisors no subject may signal
 */
#ifndef CALLGATE_ABI_GATE_H
#define CALLGATE_ABI_GATE_H
#include "event.h"
#include "image.h"
#include "types.h"

#define CG_POLICIES_MAX 4096
#define CG_SESSIONS_MAX 256
#define CG_PROGRAMS_MAX 16384
#define CG_GUARDS_MAX 1024
/* Places in the outer maps, by class: what 200 large policies and some in replacement need. */
#define CG_IMAGES0 1024
#define CG_IMAGES1 256
#define CG_IMAGES2 32
#define CG_IMAGES3 8

/* Components of a path; deeper is denied and counted. A path of PATH_MAX bytes has at most 2048. */
#define CG_DEPTH_MAX 4096

enum cg_mode {
	CG_ENFORCE = 0,
	CG_COMPLAIN = 1,
	CG_LEARN = 2, /* what no rule decides is permitted and reported; explicit denials stay in force */
};

/* One policy. Written by one map update of 16 bytes; `location` and `mode` are read once a hook, as one value. */
struct cg_slot {
	__u32 location; /* class << 24 | (place in the outer map + 1); 0: no policy, deny all and count */
	__u32 mode;     /* enum cg_mode */
	__u32 session;
	__u32 program;  /* number in the application, from 1 */
};
CG_ASSERT(sizeof(struct cg_slot) == 16, "no padding");

struct cg_program {
	__u32 session;
	__u32 program; /* number in the application, from 1: cg_answer.program */
};

#define CG_SUBJECT_ARMED 1u /* waits for its one exec, of armed_device:armed_inode; may not fork */
#define CG_SUBJECT_FREE 2u  /* left the gate by an `unconfined` exec: as if it had no storage */

/* A task under a policy. The control plane writes it once to make a subject; from then on the kernel half owns it. */
struct cg_subject {
	__u32 policy;      /* number in `policies`; 0: no subject */
	__u32 session;
	__u32 flags;
	__u32 next_policy; /* taken at bprm_committed_creds if next_bprm is that exec's */
	__u64 next_bprm;
	__u64 mounts;      /* struct mnt_namespace its paths are told from; 0: its own, filled in at the first hook */
	__u64 exe;         /* cg_event.exe */
	__u64 next_exe;    /* taken together with next_policy */
	__u64 armed_inode;
	__u32 armed_device; /* kernel's dev_t: major << 20 | minor */
	__u32 exec_state;  /* 1: bprm_check_security passed, the ELF loader comes next; the kernel half's own */
};
CG_ASSERT(sizeof(struct cg_subject) == 64, "written by the control plane");

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
CG_ASSERT(sizeof(struct cg_session) == 8 * (9 + 16 + 16 + 20), "read by the control plane");

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

/*
 * Context of the `identify` program: a descriptor of the caller, and what the kernel knows its file as. stat(2) cannot tell:
 * overlayfs answers with the device and inode of a layer.
 */
struct cg_identity {
	__u32 fd;
	__u32 device;
	__u64 inode; /* 0: no such descriptor */
};

/* One record of the task iterator: a live subject. */
struct cg_task_record {
	__u32 pid;
	__u32 tid;
	__u32 policy;
	__u32 session;
	__u64 start;     /* task->start_boottime, ns; with the pid it names a process for good */
	__u32 flags;
	__u32 ppid;
	__u32 stopped;   /* 1: stopped by a signal */
	__u32 uid;
	char comm[16];
};
CG_ASSERT(sizeof(struct cg_task_record) == 56, "read by the control plane");

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
	__u32 verdict[CG_OPERATION_SLOTS];
	__u32 rule[CG_OPERATION_SLOTS];
	__u32 errnum[CG_OPERATION_SLOTS];
	__u32 decision_flags[CG_OPERATION_SLOTS];
	__u32 transition;
	__u32 program;
	__u32 outcome;     /* enum cg_verdict of the whole attempt */
	__u32 deciding;    /* bits of the operations that made it */
	/*
	 * A path: its components, each one byte of length (1 to 255) and the name; "/" is empty. Inet: struct cg_inet's first 19 bytes.
	 * Abstract: the name. Family: struct cg_family. Kind: one byte.
	 */
	__u8 data[8192];
};
CG_ASSERT(sizeof(struct cg_trial) == 32 + 4 * 80 + 16 + 8192, "written by the control plane");

#endif
