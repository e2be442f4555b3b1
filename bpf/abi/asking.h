/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions and answers: what waits for a word, and what was said. */
#ifndef CALLGATE_ABI_ASKING_H
#define CALLGATE_ABI_ASKING_H
#include "types.h"

/* For whom an answer is. */
enum cg_scope {
	CG_SCOPE_THREAD = 1,  /* the one that asked, once: its first use takes the answer away */
	CG_SCOPE_PROCESS = 2,
	CG_SCOPE_POLICY = 3,  /* every subject under the policy; `pid` and `start` are 0 */
};

/* Longest object that can be asked about, in bytes: a key of the kernel's hash table has 512 at most. */
#define CG_REPLY_OBJECT 400

/* What is answered: the whole key, which the kernel's hash table compares byte for byte. */
struct cg_reply_key {
	__u64 cookie;     /* the session's */
	__u64 generation; /* of the policy that asked: a changed policy is asked anew */
	__u64 start;      /* task->start_boottime in ns of the thread, or of the process's first one */
	__u32 scope;      /* enum cg_scope */
	__u32 pid;        /* its number in the initial pid namespace: of the thread, or of the process */
	__u32 policy;
	__u32 operations; /* those that the policy asks about */
	__u32 length;     /* of the object */
	__u8 object_type; /* enum cg_object_type */
	__u8 pad[3];      /* 0 */
	__u8 object[CG_REPLY_OBJECT]; /* zero padded */
};
CG_ASSERT(sizeof(struct cg_reply_key) == 448, "written by the control plane; no padding but the one that is written");

struct cg_reply {
	__u64 expires; /* CLOCK_BOOTTIME, ns; 0: with the session */
	__u32 verdict; /* CG_PERMIT or CG_DENY */
	__u32 errnum;  /* of a denial; 0: what the policy says */
};

/* A thread that waits, in `questions` by its number. It is stopped, and nothing of the operation has happened. */
struct cg_question {
	__u64 cookie;
	__u64 start;    /* task->start_boottime of the thread, ns: with its number it names it for good */
	__u64 sequence; /* of the CG_EVENT_QUESTION that tells what it wants, of its last one; 0: it is being told just now */
	__u64 since;    /* CLOCK_BOOTTIME, ns */
	__u64 window;   /* when the asking that `again` counts began */
	__u32 again;    /* how often it has asked the same way since without an answer: continued by somebody else */
	__u32 group;    /* its process */
};

/* Whether anyone answers a session's questions, in `attendance` by its number. */
struct cg_attendance {
	__u64 cookie; /* of the session that is meant */
	__u64 until;  /* CLOCK_BOOTTIME, ns. Renewed while somebody is there, so that it ends by itself where its writer does */
};

#define CG_REPLIES_MAX 65536
#define CG_QUESTIONS_MAX 4096

#endif
