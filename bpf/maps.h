/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gate's maps; abi/abi.h says what each holds and who writes it. maps.bpf.c defines them, every other file refers to
 * them: libbpf's linker checks that the definitions agree. Maps of maps stand in the one file that uses them (image.bpf.c,
 * report.bpf.c): libbpf's linker does not take them as extern.
 */
#ifndef CALLGATE_MAPS_H
#define CALLGATE_MAPS_H
#include "kernel.h"

#ifdef CG_DEFINE_MAPS
#define CG_MAP
#else
#define CG_MAP extern
#endif

/*
 * Room for one hook's work: too large for the stack, and per-CPU maps are no scratch (LSM programs are preempted:
 * KERNEL). A task runs one hook at a time, so its own storage is safe. Below 8 KiB with the kernel's headers, because
 * 7.2 takes storage from kmalloc_nolock, which ends there.
 */
#define CG_WALK 128
#define CG_TEXT 4096

/* Facts of one attempt, and what was decided about it. */
struct cg_access {
	__u32 operations;
	__u32 object;   /* enum cg_object_type */
	__u32 kind;     /* enum cg_kind */
	__u32 flags;    /* CG_EVENT_* that are facts: CREATED, EXCLUSIVE, DIRECTORY */
	__u64 mount;    /* struct mount of a path */
	__u64 dentry;
	__u32 uid, gid, owner;
	__u32 length;   /* bytes of `bytes` that are the object, for all but paths */
	__u8 bytes[112]; /* struct cg_inet, struct cg_family, an abstract name (107 bytes at most) */
	/* the decision */
	__u32 verdict;
	__u32 errnum;
	__u32 rule;
	__u32 decided;
	__u32 decision_flags;
	__u32 transition;
	__u32 program;
	__u32 unresolved; /* enum cg_unresolved */
	__u32 mode;       /* enum cg_mode of the policy */
	__u32 policy;
	__u64 generation;
	/* what the object is granted, for comparing it with another name */
	__u32 state;      /* that the walk ended in; CG_NO_STATE for what has no path */
	__u32 grants;     /* cg_answer.grants */
	/* a thing that gets this name and had another before: set ahead of the decision */
	__u32 moved;      /* enum cg_moved, and 1; 0: nothing is moved here */
	__u32 exchanged;  /* the same for what goes to the other name; 0: nothing does */
	union {
		__u32 from_state; /* of the other name */
		__u32 later;      /* of an operation that version 2 has besides: enum cg_operation */
	};
	union {
		__u32 from_grants;
		__u32 closed; /* of such a one: no default opens it; out, CG_CLOSED: and no rule did */
	};
	__u64 from_generation;
	__u32 stale;      /* out: the other name was judged by an image that has been replaced */
	/* told, so that a learner knows from where to where */
	__u32 leaving;    /* enum cg_leaving: this is the old name */
	__u64 first;      /* this is the new name, and the event of the old has this number; 0: not told */
	__u64 sequence;   /* out: of the event that was reported; 0: none */
	__u32 sent;       /* out: it reached the ring */
	__u32 answer;     /* enum cg_answer_use */
};
#define CG_NO_STATE ~0u
#define CG_CLOSED 2u

/* What becomes of an answer that was given once, where the system call goes on to ask about more. */
enum cg_answer_use {
	CG_ANSWER_TAKEN = 0,     /* used up by its first use */
	CG_ANSWER_HELD = 1,      /* by cg_use_up(), once the hook that asks twice asks no more: a call begun again needs it again */
	CG_ANSWER_MAKES = 2,     /* taken, and it answers too what the open that makes the file does with it */
	CG_ANSWER_EXCLUSIVE = 3, /* there can be none: begun again, the call would find the file that it has made */
	CG_ANSWER_LOADS = 4,     /* taken, and it answers too when the same exec maps the file, which cannot be begun again then */
};

/* The old name of a rename or link. Enforced, it is reported as any other object. */
enum cg_leaving {
	CG_LEAVING_NOT = 0,
	CG_LEAVING = 1,      /* a learner is told of it, whatever permits it */
	CG_LEAVING_TOLD = 2, /* and one who complains, because of the new name */
};

/*
 * A walk from an object up to the root of its mount namespace and down again; see path.inc.h. All of it lives here and not
 * on the stack: what is read back from a map the verifier takes as unknown, so it checks one step once, whatever the depth.
 */
struct cg_climb {
	__u64 dentry;      /* where the way up is */
	__u64 mount;
	__u64 mount_root;
	__u64 proc_root;   /* s_root of the procfs the way up is in; else 0 */
	__u64 own_pid;     /* struct pid of the subject's process */
	__u64 self;        /* the dentry /proc/PID of that process, if it was met; else 0 */
	__u64 stamp;       /* sum over all dentries of (address, d_seq): taken off again on the way down, 0 when nothing moved */
	__u32 phase;       /* enum cg_phase */
	__u32 again;       /* this way up is one more of the same path, to reach its upper part */
	__u32 met;         /* components met on this way up */
	__u32 count;       /* components of the path */
	__u32 next;        /* components still to come on the way down */
	__u32 low;         /* the ring holds the components from here to `count`, or to where the last piece ended */
	__u32 limit;
	__u32 mount_lock;  /* sequence of the kernel's mount_lock at the start */
	__u32 crossed;     /* mounts crossed */
	__u32 retries;
	__u32 bytes;       /* of the path's text, a slash for each component */
	__u32 state;       /* of the automaton, on the way down */
	__u32 unresolved;  /* enum cg_unresolved, at the end */
	__u32 unreachable; /* the way up ended at no mount's root */
	__u32 at;          /* bytes of text in use */
	__u32 offset;      /* bytes of text in earlier parts */
	__u32 written;     /* scratch->text is the path of the access, whole: `bytes` of it */
	__u32 pad;
};

/* The name of an exec's file, compared with its path; see script.bpf.c. */
struct cg_exec_name {
	__u64 start;    /* the folder from which the name is told, as a climb meets it */
	__u32 at;       /* where in scratch->text the next component of the name begins */
	__u32 origin;   /* where the first does */
	__u32 absolute;
	__u32 began;    /* components are below `start` */
	__u32 differs;
	__u32 pad;
};

/* The strings of an exec, looked through; see environment.bpf.c, arguments.bpf.c. */
struct cg_strings {
	__u64 tables;    /* page tables of the new program's memory */
	__u64 at;
	__u64 end;
	__u32 arguments; /* still to come */
	__u32 variables;
	__u32 within;    /* `at` is in the middle of a string */
	__u32 done;
	__u32 unresolved;
	__u32 length;    /* bytes of scratch->text in use, where they are kept */
};

struct cg_scratch {
	struct cg_access access;
	struct cg_access saved;   /* the attempt, while an event about its program is made first */
	__u64 connecting;         /* the unix socket that connect(2) was called on last; 0 once something was sent */
	struct cg_climb climb;
	__u64 walk[CG_WALK];      /* dentries of a path, a ring: the last CG_WALK met on the way up */
	__u8 name[CG_NAME_MAX + 1 + 24]; /* one component, zero padded to three words */
	struct cg_exec_name exec_name;
	struct cg_strings strings;
	struct cg_seen_key key;
	struct cg_reply_key asked;
	struct cg_reply_key kept; /* of the answer that `kept_for` says */
	__u32 kept_for;           /* enum cg_answer_use: HELD, MAKES, LOADS; 0: of none */
	__u32 pad;
	struct cg_event event;    /* and, right behind it, the object's bytes */
	__u8 text[CG_TEXT + CG_NAME_MAX + 1]; /* room behind CG_TEXT: a name's length is only known masked to 255 */
};

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct cg_subject);
} subjects SEC(".maps");

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct cg_scratch);
} scratches SEC(".maps");

/* Where a policy stands behind the `/` of a directory: what the fast path found out once (folders.inc.h says why it may be believed). */
struct cg_folder {
	__u64 mount;     /* struct vfsmount */
	__u64 namespace;
	__u64 inode;     /* its address, and its number on its file system */
	__u64 number;
	__u64 cookie;    /* of the session, the policy and its generation: an image */
	__u64 image;
	__u64 removals;  /* the sequences before the directory's path was read */
	__u32 renames;   /* odd, as it never was then: they do not matter here */
	__u32 mounts;
	__u32 state;
	__u32 version;   /* odd while it is written */
};

/* Each directory has one place, by its inode and the policy; another may take it. A power of two. */
#define CG_FOLDERS 4096

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CG_FOLDERS);
	__type(key, __u32);
	__type(value, struct cg_folder);
} folders SEC(".maps");

/* A program that a session was told of, by its path (told.inc.h): components, and words of each that stand in its dentry. */
#define CG_TOLD_NAMES 8
#define CG_TOLD_WORDS 4
struct cg_told {
	__u64 cookie; /* of the session */
	__u64 namespace;
	__u64 sequence; /* of the event */
	__u32 version;  /* odd while it is written */
	__u32 count;    /* components */
	__u64 names[CG_TOLD_NAMES][CG_TOLD_WORDS]; /* from the last one up, zero padded */
	__u8 lengths[CG_TOLD_NAMES];
};

/* Each path has one place; another may take it. A power of two. */
#define CG_TOLD_PLACES 256

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CG_TOLD_PLACES);
	__type(key, __u32);
	__type(value, struct cg_told);
} told SEC(".maps");

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CG_POLICIES_MAX);
	__type(key, __u32);
	__type(value, struct cg_slot);
} policies SEC(".maps");

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CG_PROGRAMS_MAX);
	__type(key, struct cg_program);
	__type(value, __u32);
} programs SEC(".maps");

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CG_SESSIONS_MAX);
	__type(key, __u32);
	__type(value, struct cg_session);
} sessions SEC(".maps");

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cg_gate);
} gate SEC(".maps");

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CG_GUARDS_MAX);
	__type(key, __u32);
	__type(value, __u64);
} guards SEC(".maps");

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CG_PROTECTIONS_MAX);
	__type(key, struct cg_inode);
	__type(value, __u32);
} protections SEC(".maps");

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CG_MARK_WORDS);
	__type(key, __u32);
	__type(value, __u64);
} protection_marks SEC(".maps");

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CG_REPLIES_MAX);
	__type(key, struct cg_reply_key);
	__type(value, struct cg_reply);
} replies SEC(".maps");

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CG_QUESTIONS_MAX);
	__type(key, __u32);
	__type(value, struct cg_question);
} questions SEC(".maps");

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CG_SESSIONS_MAX);
	__type(key, __u32);
	__type(value, struct cg_attendance);
} attendance SEC(".maps");

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CG_ENTRANTS_MAX);
	__type(key, __u32);
	__type(value, struct cg_entrant);
} entrants SEC(".maps");

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CG_GROUPS_MAX);
	__type(key, __u64);
	__type(value, struct cg_group);
} groups SEC(".maps");

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CG_ENTRIES_MAX);
	__type(key, struct cg_entry_file);
	__type(value, __u32);
} entries SEC(".maps");

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CG_SESSIONS_MAX);
	__type(key, __u32);
	__type(value, struct cg_calls);
} calls SEC(".maps");

CG_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CG_CALLED_MAX);
	__type(key, struct cg_called_key);
	__type(value, struct cg_called);
} called SEC(".maps");

/* An image by its place in the outer map of its class; NULL where there is none. image.bpf.c holds the maps. */
#define CG_DECLARE_IMAGE(class_, ...) struct cg_image##class_ *cg_image##class_(__u32 place);
CG_IMAGE_CLASSES(CG_DECLARE_IMAGE)

/* Bounds an index for the verifier; the barriers keep the compiler from reasoning the mask away. */
#define CG_BOUND(index, count)                    \
	({                                        \
		__u64 bounded_ = (index);         \
		asm volatile("" : "+r"(bounded_)); \
		bounded_ &= (count) - 1;          \
		asm volatile("" : "+r"(bounded_)); \
		bounded_;                         \
	})

#endif
