/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CALLGATE_ABI_EVENT_H
#define CALLGATE_ABI_EVENT_H
#include "types.h"

enum cg_event_type {
	CG_EVENT_ACCESS = 1, /* an attempt and its verdict */
	CG_EVENT_EXEC = 2,   /* a subject is about to run another program; the object is the program's path (the script's, where it
	                      * is one). Later events of the subject carry its sequence number as `exe`. Not sent where the
	                      * program is the one the next policy is named after and nothing is being learned, nor where the
	                      * session was told of that path before (told.inc.h). */
	CG_EVENT_QUESTION = 4, /* a rule asks: the thread is stopped until it is answered, nothing has happened yet; `decided` are
				* the operations that are asked about */
	CG_EVENT_FLOOR = 3,  /* the hard-wired floor refused; `reason` is an enum cg_floor, the object may be empty */
	CG_EVENT_ARGUMENTS = 5, /* while learning, behind the CG_EVENT_EXEC of it: what a program is run with. It has no number and is no
				 * attempt: evidence of which files whoever runs it named. The object is CG_OBJECT_ARGUMENTS */
	CG_EVENT_SYSCALL = 6, /* a system call that `syscalls:` does not permit; `first` is its enum cg_architecture << 32, and its number;
			    * there is no object. `errnum` 0: SIGSYS */
};

/* Bits of cg_event.flags */
#define CG_EVENT_ENFORCED 1u /* the verdict was carried out; clear in complain and learn mode where a denial was let through */
#define CG_EVENT_LEARNT 2u   /* no rule decided and the policy is being learned: permitted, an observation */
#define CG_EVENT_REPEAT 4u   /* `count` attempts just like the one with sequence number `first` */
#define CG_EVENT_CREATED 8u  /* the open that made the file */
#define CG_EVENT_DIRECTORY 16u /* the object is (or becomes) a folder */
#define CG_EVENT_MOVED 32u /* an end of a rename or link that is not enforced: the old one where `first` is 0; else the new, and
			    * `first` the sequence number of the event that told the old */
#define CG_EVENT_EXCLUSIVE 64u /* with CREATED: the open would have failed had there been a file (O_EXCL) */

/* Why an object could not be told, or what else than a rule refused it. Each has a counter by this number in struct cg_session. */
enum cg_unresolved {
	CG_RESOLVED = 0,
	CG_UNRESOLVED_DEPTH = 1,   /* more components than CG_DEPTH_MAX */
	CG_UNRESOLVED_RACE = 2,    /* dentries kept moving */
	CG_UNRESOLVED_READ = 3,    /* kernel memory could not be read */
	CG_UNRESOLVED_STORAGE = 4, /* the subject's storage was busy (6.1) or could not be had */
	CG_UNRESOLVED_POLICY = 5,  /* the policy's image is missing */
	CG_UNRESOLVED_MOUNTS = 6,  /* more mounts of a file system than are looked at */
	CG_UNRESOLVED_NAME = 7,    /* a component longer than NAME_MAX */
	CG_UNRESOLVED_CHAIN = 8,   /* a chain of conditions that does not end */
	CG_UNRESOLVED_TARGET = 9,  /* a rule permits the exec, but the application has no policy for the program */
	CG_UNRESOLVED_TEXT = 10,   /* decided, but the object moved while its text was taken for the event */
	CG_UNRESOLVED_ADDRESS = 11, /* 0.0.0.0 or ::, which routing alone tells what it means */
	CG_UNRESOLVED_ADDRESSES = 12, /* more addresses in one call than are looked at */
	/* A rule permits the exec, but something of the old policy would hold the new program (crossing.bpf.c): */
	CG_UNRESOLVED_TRACED = 13,      /* it is traced by one that is not under the next policy */
	CG_UNRESOLVED_TRACES = 14,      /* it traces others that are not */
	CG_UNRESOLVED_SHARED = 15,      /* its current folder is shared with another process */
	CG_UNRESOLVED_FILTERS = 16,     /* it has a seccomp filter more than when it became a subject */
	CG_UNRESOLVED_ENVIRONMENT = 17, /* a variable would have an unconfined program run or load what the caller names */
	CG_UNRESOLVED_SCRIPT = 18,      /* the name its interpreter opens again need not lead to the script that was judged */
	CG_UNRESOLVED_MOVED = 19,  /* no want of knowing: what is moved or linked here would be granted more than where it was */
	CG_UNRESOLVED_STALE = 20,  /* the policy's number is another session's by now */
	/* A rule asks, and is held to a denial: */
	CG_UNRESOLVED_UNATTENDED = 21, /* nobody is there to answer */
	CG_UNRESOLVED_UNASKABLE = 22,  /* a call that cannot be stopped and begun again, or an object too long to ask about */
	CG_UNRESOLVED_QUESTIONS = 23,  /* more questions than there is room for, or one that is asked again and again unanswered */
	CG_UNRESOLVED_COUNT = 32,
};

/* What the floor refuses (KERNEL: no policy of version 1 permits these). */
enum cg_floor {
	CG_FLOOR_NONE = 0,
	CG_FLOOR_MOUNT = 1,
	CG_FLOOR_UMOUNT = 2,
	CG_FLOOR_MOVE_MOUNT = 3,
	CG_FLOOR_PIVOT_ROOT = 4,
	CG_FLOOR_CHROOT = 5,
	CG_FLOOR_NAMESPACE = 6,
	CG_FLOOR_PTRACE = 7,
	CG_FLOOR_BPF = 8,
	CG_FLOOR_MODULE = 9,
	CG_FLOOR_IO_URING = 10,
	CG_FLOOR_SIGNAL = 11,
	CG_FLOOR_ARMED = 12, /* an armed task tried something other than the exec it was armed for */
	CG_FLOOR_GATE = 13,  /* the gate's own pins */
	CG_FLOOR_FORK = 14,  /* no storage for the child */
	CG_FLOOR_ROUTE = 15, /* a destination other than the address that is judged */
	CG_FLOOR_CAPABILITY = 16, /* what takes a capability that rules the machine; the object is its name */
	CG_FLOOR_AUTOLOAD = 17,   /* a module the kernel would have loaded for the subject; the object is its name */
	CG_FLOOR_SUPERVISOR = 18, /* limits, scheduling, memory, cgroup and /proc files of a supervisor */
	CG_FLOOR_FILES = 19,      /* callgate's own: policies in use, state, logs, journals, locks */
	CG_FLOOR_TERMINAL = 20,   /* input that others would take for typed; the object is the request's name */
	CG_FLOOR_NOTIFY = 21,     /* permission events: who opens a file waits for the subject */
	CG_FLOOR_KERNEL_LOG = 22, /* the kernel's log cleared, or the console's level set */
	CG_FLOOR_CGROUP = 23,     /* membership of a cgroup */
	CG_FLOOR_ENDING = 24, /* a fork while the session is being ended */
	CG_FLOOR_COUNT = 32,
};

/*
 * One record in a session's ring buffer, followed by the object's bytes. An object longer than CG_TEXT (4096) comes in
 * several records of the same `sequence`, in order of `offset`; all but the text, `part` and `offset` is the same in each,
 * and the one that reaches `length` is the last.
 */
struct cg_event {
	__u32 size;     /* of this record: header and object bytes */
	__u8 type;      /* enum cg_event_type */
	__u8 verdict;   /* enum cg_verdict, as decided, before `complain` softened it */
	__u8 object;    /* enum cg_object_type */
	__u8 flags;
	__u64 sequence; /* of the session, from 1, without gaps: a gap is a lost event */
	__u64 time;     /* CLOCK_BOOTTIME, nanoseconds */
	__u64 first;    /* see CG_EVENT_REPEAT, CG_EVENT_MOVED; of CG_SIGNAL, CG_LIMIT, CG_PRIORITY, CG_PTRACE to one that runs the
			 * object, of CG_MOUNT, CG_UNMOUNT, CG_ATTRIBUTE, CG_IOCTL: which; of CG_EVENT_ARGUMENTS: how many there are, of which fewer may be told */
	__u64 exe;      /* sequence number of the CG_EVENT_EXEC that says what the subject runs; 0: the policy's own program */
	__u64 generation; /* of the policy that decided */
	__u32 policy;   /* slot in `policies` */
	__u32 operations; /* bits attempted */
	__u32 decided;  /* of these, the ones the verdict is about: denied, or undecided and learned, or to be logged */
	__u32 rule;     /* that made the verdict; 0: the default */
	__u32 errnum;   /* of a denial */
	__u32 reason;   /* enum cg_unresolved, or enum cg_floor for CG_EVENT_FLOOR */
	__u32 count;    /* attempts this record stands for */
	__u32 pid;      /* thread group, in the initial pid namespace */
	__u32 tid;
	__u32 ppid;
	__u32 uid;      /* real ids */
	__u32 gid;
	__u32 owner;    /* uid of the object's owner; ~0: none */
	__u32 part;     /* from 0 */
	__u32 length;   /* of the whole object, all parts */
	__u32 offset;   /* of this part's bytes in it; of CG_EVENT_ARGUMENTS: where they begin */
	char comm[16];
};
CG_ASSERT(sizeof(struct cg_event) == 128, "read by the control plane");

#endif
