/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shape of every hook:
 *
 *   skip     cg_enter() false: no subject, or its answer is known
 *   facts    fill in scratch->access: operations and object
 *   verdict  cg_decide(), and
 *   report   cg_conclude(); together cg_judge()
 *
 * Hooks do not look at the return value of programs before them: a trampoline that carries LSM programs ends with the
 * first one that refuses (arch/x86/net/bpf_jit_comp.c: invoke_bpf_mod_ret), and where that value stands depends on how
 * many arguments the kernel's hook has (`bpf` has one more since 6.15).
 */
#ifndef CALLGATE_JUDGE_H
#define CALLGATE_JUDGE_H
#include "path.h"
#include "subject.h"

/* True where the object was told, a rule permits it or asks, and the hook itself says what is refused, and with which errno. */
static __always_inline int cg_told(__u32 unresolved)
{
	return (unresolved >= CG_UNRESOLVED_UNATTENDED && unresolved <= CG_UNRESOLVED_QUESTIONS) ||
	       unresolved == CG_UNRESOLVED_TARGET || unresolved == CG_UNRESOLVED_MOVED ||
	       (unresolved >= CG_UNRESOLVED_TRACED && unresolved <= CG_UNRESOLVED_SCRIPT);
}

/*
 * The two that every hook calls are global functions: the verifier looks at each once a program, whoever calls it from however
 * many places, and takes what it returns for unknown. (Static ones are looked at again at each call: a hook that judges at
 * several places then passes the million instructions that 6.12 allows.)
 */

/* Decides scratch->access; fills in its decision. Never fails: what cannot be told is in access.unresolved. Returns 0. */
int cg_decide(struct cg_subject *subject, struct cg_scratch *scratch);

/* The same under the policy that will hold behind the exec that the subject is in. */
int cg_decide_next(struct cg_subject *subject, struct cg_scratch *scratch);

/* Counts and reports what was decided; the errno it is refused with, or 0. */
int cg_refusal(struct cg_subject *subject, struct cg_scratch *scratch);

/* The same as the value the hook returns. */
static __always_inline int cg_conclude(struct cg_subject *subject, struct cg_scratch *scratch)
{
	int errnum = cg_refusal(subject, scratch);

	return errnum ? cg_refuse(errnum) : 0;
}

/* Both. Inlined, as every frame counts: the verifier allows 8. */
static __always_inline int cg_judge(struct cg_subject *subject, struct cg_scratch *scratch)
{
	cg_decide(subject, scratch);
	return cg_conclude(subject, scratch);
}

/* What the hook could not tell, for `reason` where access.unresolved says no other: denied and reported as the mode has it. */
int cg_unresolved(struct cg_subject *subject, struct cg_scratch *scratch, __u32 reason);

/* The hard-wired floor refuses: counted, reported, -EPERM in every mode. */
int cg_floor(struct cg_subject *subject, struct cg_scratch *scratch, __u32 reason);

/* The object of a floor event, by name. */
#define CG_WORD(access, text)                                                 \
	do {                                                                  \
		(access)->object = CG_OBJECT_WORD;                            \
		(access)->length = sizeof(text) - 1;                          \
		__builtin_memcpy((access)->bytes, text, sizeof(text) - 1);    \
	} while (0)

/* The same without an event: for what the kernel asks only to look whether it could (CAP_OPT_NOAUDIT and its like). */
int cg_floor_unsaid(struct cg_subject *subject, __u32 reason);

/* Sends the event of scratch->access; `type` is an enum cg_event_type. Returns the event's sequence number. */
__u64 cg_report(struct cg_subject *subject, struct cg_scratch *scratch, struct cg_session *session, __u32 type);

/*
 * Tells a learner what the program is run with of which scratch->strings has the place. Takes scratch->access for itself.
 * Returns 0: what cannot be read is left out and told as such.
 */
int cg_arguments(struct cg_subject *subject, struct cg_scratch *scratch);

/* Sends scratch->event and `length` bytes of text as what has no number; what does not fit is counted. Returns 0. */
int cg_send_unnumbered(struct cg_scratch *scratch, __u32 number, __u32 length);

/*
 * Sets up `access` for a message queue that a call named without its mount: the path where the mqueue file system is seen in
 * the subject's namespace, CG_KIND_MQUEUE where it is not; at several places it is unresolved. Returns 0.
 */
int cg_place_queue(struct cg_subject *subject, struct cg_scratch *scratch, __u64 dentry);

/* Facts of a path, as one line in a hook. True: judged already (internal to a stacking file system). */
static __always_inline int cg_facts_path(struct cg_subject *subject, struct cg_scratch *scratch, const struct path *path,
					 struct dentry *leaf, __u32 operations)
{
	scratch->access.operations = operations;
	return cg_path_object(scratch, subject, (__u64)path->mnt, (__u64)leaf);
}

#endif
