/* SPDX-License-Identifier: GPL-2.0-only */
/* Tasks under policies. */
#ifndef CALLGATE_ABI_SUBJECT_H
#define CALLGATE_ABI_SUBJECT_H
#include "types.h"

#define CG_SUBJECT_ARMED 1u /* waits for its one exec, of armed_device:armed_inode; may not fork */
#define CG_SUBJECT_FREE 2u  /* left the gate by an `unconfined` exec: as if it had no storage */
#define CG_SUBJECT_DEAD 4u  /* in records of the iterator alone: it has ended, and can neither act nor fork any more */

#define CG_EXEC_BY_NAME 1u /* the file that was judged last may be opened again by a name that need not lead to it */

#define CG_CALL_TOLD 2u /* in exec_flags too: this system call was told, between two programs of one tracepoint (syscalls.bpf.c) */

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
	__u32 exec_state;  /* 1: bprm_check_security passed, the ELF loader comes next; 2: a script's interpreter does; the kernel half's own */
	__u32 filters;     /* seccomp filters it had when it became a subject; its children's are counted from there too */
	__u32 exec_flags;  /* CG_EXEC_*, within one exec; CG_CALL_TOLD */
	__u64 cookie;      /* its session's, never 0: numbers are used again, and a subject may outlive its session */
	__u64 serial;      /* its number among all subjects this gate has had, from 1; the kernel half's own */
	__u32 counted;     /* 1: it is in `living`; the kernel half's own */
	__u32 entering;    /* 1: it ran before it was a subject, and a fork of that time may not be through (entry.bpf.c) */
	__u64 polled;      /* of a process's first thread: struct cred that its polled rings have (rings.bpf.c); the kernel half's own */
};
CG_ASSERT(sizeof(struct cg_subject) == 104, "written by the control plane");

/*
 * Context of the `identify` program: a descriptor of the caller, and what the kernel knows its file as. stat(2) cannot tell:
 * overlayfs answers with the device and inode of a layer.
 */
struct cg_identity {
	__u32 fd;
	__u32 device;
	__u64 inode; /* 0: no such descriptor */
};

/* Context of the `end_session` program, which sets a flag in place: counters beside it go on being counted meanwhile. */
struct cg_ending {
	__u32 session; /* 0: the gate itself is being taken off (cg_gate.off) */
	__u32 on;      /* what cg_session.ending is to be; of the gate, 0 or 1 */
	__u64 cookie;  /* the session's */
	__u64 done;    /* out: 1 where there was such a session */
};

/*
 * One record of the task iterator: a subject, or what is left of one until its parent collects it (CG_SUBJECT_DEAD). A task
 * may be met twice in one pass (an exec by a thread exchanges two numbers): `serial` tells.
 */
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
	__u64 cookie;
	__u64 serial;
};
CG_ASSERT(sizeof(struct cg_task_record) == 72, "read by the control plane");

#endif
