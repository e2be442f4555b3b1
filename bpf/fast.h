/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fast path: what a policy permits without a word, or refuses without an event, is told by reading dentries as the kernel's
 * own structs, with no scratch, no loop's callback and no helper for a component. Everything that it cannot tell (deep, long,
 * raced, /proc, kinds, conditions, whatever is to be reported) is left to the walk (path.inc.h), which is the judge of all.
 */
#ifndef CALLGATE_FAST_H
#define CALLGATE_FAST_H
#include "maps.h"

/* Components that are kept at a time: a longer path is climbed once for each piece. A power of two. */
#define CG_FAST_PIECE 8
/* Components: a longer path is the walk's. */
#define CG_FAST_DEPTH 64

/* A path on its way up. */
struct cg_way {
	__u64 dentries[CG_FAST_PIECE]; /* from `from` on, the leaf being 0 */
	__u64 stamp;
	__u32 from;
	__u32 count;
	__u32 crossed;
	__u32 mounts;  /* sequence of the kernel's mount_lock */
	__u32 renames; /* of its rename_lock; of what is kept: odd where that does not matter */
	__u32 loose;   /* 1: a directory on the way may move without being counted from now on: see folders.inc.h */
};

/*
 * One attempt on one path. In memory, as a global function takes no pointers to kernel structs (judge.h); what is read back
 * from there is a number to the verifier.
 */
struct cg_fast {
	__u64 mount;  /* struct vfsmount */
	__u64 dentry;
	__u64 namespace; /* the subject's struct mnt_namespace */
	__u32 first;  /* enum cg_operation */
	__u32 second; /* another, or CG_OPERATION_COUNT */
	/* Of what is moved: the new name is asked of behind the old one, in the same memory. */
	__u32 end;    /* enum cg_end */
	union {
		__u32 moved;      /* enum cg_moved */
		__u32 transition; /* out: enum cg_transition */
	};
	__u32 state;
	union {
		__u32 grants;
		__u32 program; /* out: cg_answer.program */
	};
	__u64 generation;
	__u64 removals; /* before anything was read of it: cg_gate.removals */
	__u64 folder;   /* struct inode of its directory */
	__u32 behind;   /* the state behind the `/` of that */
	struct cg_way way;
};

#define CG_FAST_FAMILY 0

enum cg_end {
	CG_END_NONE = 0,
	CG_END_OLD = 1,
	CG_END_NEW = 2,
	CG_END_EXEC = 3, /* nothing is moved: what the rule says of the program is wanted, too */
};

/* One attempt on an address: the bytes of struct cg_inet as words; or on a socket family: those of struct cg_family in address[0]. */
struct cg_fast_inet {
	__u32 protocol; /* CG_PROTOCOL_TCP, CG_PROTOCOL_UDP or CG_FAST_FAMILY */
	__u32 port;     /* network order, as the next */
	__u64 address[2];
	__u32 operation;
	__u32 pad;
};

/* What the fast path says: CG_PERMITTED, and nothing is to be told of it; CG_NOT_TOLD; else the errno of a refusal, counted. */
#define CG_NOT_TOLD 0
#define CG_PERMITTED 4096

/* Global functions: see judge.h. */
__u32 cg_fast_verdict(struct cg_subject *subject, struct cg_fast *fast);
__u32 cg_fast_address(struct cg_subject *subject, struct cg_fast_inet *inet);

/* Finds the mount of a dentry that came without: 1 where the subject's namespace has one alone of its file system. */
__u32 cg_fast_only_mount(struct cg_subject *subject, struct cg_fast *fast);

/* Finds the path that a unix socket is bound to, of which `dentry` is the struct sock: 1 where it is to one. */
__u32 cg_fast_bound_path(struct cg_fast *fast);

/* Of all renames and mounts: the same twice, and both times even in each half, nothing was moved in between. */
__u64 cg_fast_moves(void);

/*
 * The number of the event that told the session of the program at this path; 0: none that is known of. And keeps that: what was
 * written down since cg_fast_moves() said `since`.
 */
__u64 cg_fast_told(struct cg_subject *subject, struct cg_fast *fast);
__u32 cg_fast_keep_told(struct cg_subject *subject, struct cg_fast *fast, __u64 sequence, __u64 since);

/* A path, and a place in a table of descriptors. */
struct cg_holding {
	__u64 mount; /* struct vfsmount */
	__u64 dentry;
	__u64 place; /* of a struct file * */
};

/* Is what that place holds open this very path? */
__u32 cg_fast_holds(struct cg_holding *holding);

static __always_inline void cg_fast_begin(struct cg_fast *fast, struct dentry *dentry, __u32 first, __u32 second)
{
	/* Before 6.3 a global function takes no memory that holds nothing yet. */
	if (!cg_has_cast())
		__builtin_memset(fast, 0, sizeof(*fast));
	fast->dentry = (__u64)dentry;
	fast->first = first;
	fast->second = second;
	fast->end = CG_END_NONE;
}

/* The verdict on a path. */
static __always_inline __u32 cg_fast_path(struct cg_subject *subject, struct vfsmount *mount, struct dentry *dentry,
					  __u32 first, __u32 second)
{
	struct cg_fast fast;

	cg_fast_begin(&fast, dentry, first, second);
	fast.mount = (__u64)mount;
	return cg_fast_verdict(subject, &fast);
}

static __always_inline __u32 cg_fast_dentry(struct cg_subject *subject, struct dentry *dentry, __u32 operation)
{
	struct cg_fast fast;

	cg_fast_begin(&fast, dentry, operation, CG_OPERATION_COUNT);
	return cg_fast_only_mount(subject, &fast) ? cg_fast_verdict(subject, &fast) : CG_NOT_TOLD;
}

static __always_inline __u32 cg_fast_bound(struct cg_subject *subject, struct sock *sk, __u32 first, __u32 second)
{
	struct cg_fast fast;

	cg_fast_begin(&fast, (struct dentry *)sk, first, second);
	return cg_fast_bound_path(&fast) ? cg_fast_verdict(subject, &fast) : CG_NOT_TOLD;
}

/* What a hook does with the answer: it returns where there is one. */
#define CG_TOLD(answer)                          \
	do {                                     \
		__u32 told_ = (answer);          \
                                                 \
		if (told_ == CG_PERMITTED)       \
			return 0;                \
		if (told_ != CG_NOT_TOLD)        \
			return cg_refuse(told_); \
	} while (0)
#define CG_FAST(subject, mount, dentry, first, second) CG_TOLD(cg_fast_path((subject), (mount), (dentry), (first), (second)))

#endif
