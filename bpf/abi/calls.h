/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls of a session: which its filter permits, and which its programs made. */
#ifndef CALLGATE_ABI_CALLS_H
#define CALLGATE_ABI_CALLS_H
#include "types.h"

/* Numbers of system calls that there is room for: words of 64 bits. What is above is permitted by no policy, and learned by nobody. */
#define CG_CALL_WORDS 8

/* By which the kernel took a call's number. */
enum cg_architecture {
	CG_ARCHITECTURE_X86_64 = 0,
	CG_ARCHITECTURE_X32 = 1, /* numbers without the bit that marks them */
	CG_ARCHITECTURE_I386 = 2,
	CG_ARCHITECTURE_COUNT = 3,
};

/* What is told of a session's system calls. */
enum cg_call_watch {
	CG_CALL_WATCH_NONE = 0,
	CG_CALL_WATCH_REFUSED = 1, /* those that its filter refused */
	CG_CALL_WATCH_FOREIGN = 2, /* no filter is there: those that one would refuse */
	CG_CALL_WATCH_LEARNED = 3, /* all, in `called`, and no events */
};

/* By session number. */
struct cg_calls {
	__u64 cookie; /* the session's; another's, or 0: nothing is told */
	__u32 watch;  /* enum cg_call_watch */
	__u32 errnum; /* what a refused call gets; 0: SIGSYS */
	__u64 permit[CG_CALL_WORDS]; /* of x86_64's calls, by number */
};
CG_ASSERT(sizeof(struct cg_calls) == 16 + 8 * CG_CALL_WORDS, "written by the control plane");

/* A program under learning, as its events have it. */
struct cg_called_key {
	__u64 cookie;
	__u64 exe;
	__u32 policy;
	__u32 architecture; /* enum cg_architecture */
};
CG_ASSERT(sizeof(struct cg_called_key) == 24, "read by the control plane");

/* The calls it made, by number. Bits are only ever added. */
struct cg_called {
	__u64 made[CG_CALL_WORDS];
};
CG_ASSERT(sizeof(struct cg_called) == 8 * CG_CALL_WORDS, "read by the control plane");

#endif
