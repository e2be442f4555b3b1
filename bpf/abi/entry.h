/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that run already, on their way into a session and out of it. */
#ifndef CALLGATE_ABI_ENTRY_H
#define CALLGATE_ABI_ENTRY_H
#include "types.h"

/*
 * What a session takes in: an entry of `entrants`, by the number of the process. Each thread of that process becomes a subject,
 * and whatever it forks from then on. Written by the control plane, before the first is marked; taken away once all are.
 */
struct cg_entrant {
	__u64 start;   /* task->start_boottime of its first thread: another process of that number is not meant */
	__u64 cookie;  /* of the session */
	__u32 session;
	__u32 policy;
	__u64 failed;  /* children that could not be marked before they ran: the kernel half counts them here */
};
CG_ASSERT(sizeof(struct cg_entrant) == 32, "written by the control plane");

/*
 * A cgroup of which a session takes in everybody, those that come later too: an entry of `groups`, by the number of the cgroup (that of its
 * directory's inode). Whoever is in it, or in one below it, enters.
 */
struct cg_group {
	__u64 cookie;
	__u32 session;
	__u32 otherwise; /* policy of those whose program has no entry in `entries` */
	__u64 failed;    /* tasks that could not be marked: the kernel half counts them here */
};
CG_ASSERT(sizeof(struct cg_group) == 24, "written by the control plane");

/* Which policy a task enters under that runs this file: a key of `entries`. The value is the policy's number. */
struct cg_entry_file {
	__u64 cookie;
	__u64 inode;
	__u32 device; /* kernel's dev_t */
	__u32 pad;
};
CG_ASSERT(sizeof(struct cg_entry_file) == 24, "written by the control plane");

/* Cgroups above each other, at most: who is deeper is in none. */
#define CG_GROUP_LEVELS 64

#define CG_TASK_KERNEL 1u   /* one of the kernel's own threads */
#define CG_TASK_DEAD 2u     /* it has ended, and can neither act nor fork any more */
#define CG_TASK_RINGS 4u    /* it has an io_uring */
#define CG_TASK_TRACES 8u   /* it traces others */
#define CG_TASK_SUBJECT 16u /* of the session of `cookie`, which has it under `policy` */
#define CG_TASK_UNTOLD 32u  /* whether it is a subject could not be told, or it could not be made one: ask again */
#define CG_TASK_FRESH 64u   /* this pass made it a subject */
#define CG_TASK_FORKS 128u  /* it was in a fork when it became one, and may be in it still: the child is to come */

/* One record of the iterators that look at tasks, take them in and let them go. */
struct cg_survey_record {
	__u32 pid; /* thread group, and thread, in the initial pid namespace */
	__u32 tid;
	__u32 ppid;
	__u32 uid;
	__u32 tracer; /* thread group of who traces it; 0: nobody */
	__u32 flags;  /* CG_TASK_* */
	__u32 policy;
	__u32 exe_device; /* kernel's dev_t of the file it runs, as the kernel knows it */
	__u64 exe_inode;
	__u64 exe;    /* cg_subject.exe */
	__u64 start;  /* of the first thread, ns since boot */
	__u64 cookie;
	__u64 memory; /* names its address space; 0: none */
	__u64 member; /* cg_group.cookie of the cgroup it is in, where the members of one are taken in; 0: they are not */
	char comm[16];
};
CG_ASSERT(sizeof(struct cg_survey_record) == 96, "read by the control plane");

#endif
