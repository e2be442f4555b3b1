// SPDX-License-Identifier: GPL-2.0-only
/*
 * Becoming another subject: exec. (Fork is in life.bpf.c.)
 *
 * An exec is judged in bprm_check_security, which the kernel calls once for each file of the chain: first the file that
 * was named (a script's own), then its interpreter, under the policy that holds before the exec. What comes after waits in
 * the subject, tied to this exec's bprm, and is taken in bprm_committed_creds by a write in place; an exec that fails on
 * the way leaves it unused. (fs/exec.c: begin_new_exec commits the credentials before the ELF loader maps anything, so
 * segments are judged under the new policy.)
 */
#include "crossing.h"
#include "fast.h"
#include "judge.h"
#include "rings.h"

/*
 * A program number of the session's application as a policy number; 0: there is none. Program 0 stands for all that have no
 * policy of their own; it has one only while the session learns.
 */
static __always_inline __u32 policy_of(__u32 session, __u32 program)
{
	struct cg_program key = {session, program};
	__u32 *policy;

	policy = bpf_map_lookup_elem(&programs, &key);
	return policy ? *policy : 0;
}

static __always_inline void begin_with(struct cg_fast *fast, struct linux_binprm *bprm, __u32 operation)
{
	struct file *file = bprm->file;

	cg_fast_begin(fast, file->f_path.dentry, operation, CG_OPERATION_COUNT);
	fast->mount = (__u64)file->f_path.mnt;
}

/* Not inlined, as the next: the way to the slow path's depths has no room for it on the stack. */
static __noinline int keep_told(struct cg_subject *subject, struct linux_binprm *bprm, __u64 sequence, __u64 since)
{
	struct cg_fast fast;

	if (!subject || !bprm)
		return 0;
	begin_with(&fast, bprm, CG_EXEC);
	return cg_fast_keep_told(subject, &fast, sequence, since);
}

/* The number of the event that told of this program; 0: none that is known of. */
static __noinline __u64 told_before(struct cg_subject *subject, struct linux_binprm *bprm)
{
	struct cg_fast fast;

	if (!subject || !bprm)
		return 0;
	begin_with(&fast, bprm, CG_EXEC);
	return cg_fast_told(subject, &fast);
}

/*
 * An exec that stays under the policy it is made under, by the fast path: as the hook below says of it. The program has to be one
 * that the session was told of.
 */
static __noinline __u32 stays(struct cg_subject *subject, struct linux_binprm *bprm)
{
	struct cg_fast fast;
	__u32 told;
	__u64 exe;

	if (!subject || !bprm)
		return CG_NOT_TOLD;
	begin_with(&fast, bprm, CG_EXEC);
	fast.end = CG_END_EXEC;
	fast.transition = CG_UNCONFINED;
	fast.program = 0;
	told = cg_fast_verdict(subject, &fast);
	if (told != CG_PERMITTED)
		return told;
	if (fast.transition == CG_UNCONFINED ||
	    (fast.transition == CG_OWN && policy_of(subject->session, fast.program) != subject->policy))
		return CG_NOT_TOLD;
	exe = cg_fast_told(subject, &fast);
	if (!exe)
		return CG_NOT_TOLD;
	subject->next_policy = subject->policy;
	subject->next_exe = exe;
	subject->next_bprm = (__u64)bprm;
	return CG_PERMITTED;
}

/* The interpreter of such a one. */
static __noinline __u32 loads(struct cg_subject *subject, struct linux_binprm *bprm)
{
	struct cg_fast fast;

	if (!subject || !bprm || (subject->next_bprm == (__u64)bprm && subject->next_policy != subject->policy))
		return CG_NOT_TOLD;
	begin_with(&fast, bprm, CG_LOAD);
	fast.end = CG_END_EXEC;
	return cg_fast_verdict(subject, &fast);
}

/* Tells who the subject will be, once for each program that is known of; the event's number, for later events to name. */
static __noinline __u64 announce(struct cg_entry *entry, struct linux_binprm *bprm)
{
	struct cg_scratch *scratch = entry->scratch;
	struct cg_subject *subject = entry->subject;
	struct cg_session *session;
	__u64 sequence, since = cg_fast_moves();
	__u32 sent;

	if (!scratch || !subject)
		return 0;
	session = cg_session_of(subject);
	if (!session)
		return 0;
	__builtin_memcpy(&scratch->saved, &scratch->access, sizeof(scratch->saved));
	scratch->access.verdict = CG_PERMIT;
	scratch->access.flags = 0;
	scratch->access.rule = 0;
	scratch->access.decided = 0;
	scratch->access.unresolved = 0;
	/* The same program under the same session is told once, whoever runs it: uid and policy are no part of it. */
	scratch->access.uid = 0;
	scratch->access.gid = 0;
	scratch->access.policy = 0;
	sequence = cg_report(subject, scratch, session, CG_EVENT_EXEC);
	sent = scratch->access.sent;
	__builtin_memcpy(&scratch->access, &scratch->saved, sizeof(scratch->saved));
	if (sent)
		keep_told(subject, bprm, sequence, since);
	return sequence;
}

/*
 * A rule permits the exec, and it is refused all the same. Where the mode refuses nothing it goes on as it would without
 * the refusal, into the next policy: a caller that may do everything gains nothing by it, and what the next policy would
 * refuse is told. (Not where a learner has to write the rule: see bprm_check_security.)
 */
static __always_inline void refuse_exec(struct cg_access *access, __u32 reason)
{
	access->unresolved = reason;
	access->decided = CG_BIT(CG_EXEC);
	access->errnum = EACCES;
	access->flags &= ~CG_EVENT_LEARNT;
}

/* Where the strings stand is told by the bprm, which a global function is not given. */
static __noinline int tell_arguments(struct cg_entry *entry, struct linux_binprm *bprm)
{
	struct cg_scratch *scratch = entry->scratch;

	if (!scratch)
		return 0;
	scratch->strings.tables = (__u64)BPF_CORE_READ(bprm, mm, pgd);
	scratch->strings.at = BPF_CORE_READ(bprm, p);
	scratch->strings.end = BPF_CORE_READ(bprm, exec);
	scratch->strings.arguments = BPF_CORE_READ(bprm, argc);
	return cg_arguments(entry->subject, scratch);
}

/* What the kernel opens next for this exec (subject.exec_state). */
static __always_inline __u32 opens_next(struct linux_binprm *bprm)
{
	return bprm->buf[0] == '#' && bprm->buf[1] == '!' ? 2 : 1;
}

/* Is it the program that the caller runs, and so under the same policy whichever that is? */
static __always_inline int runs_already(struct file *file)
{
	return BPF_CORE_READ(cg_current(), mm, exe_file, f_inode) == file->f_inode;
}

SEC("lsm/bprm_check_security")
int BPF_PROG(bprm_check_security, struct linux_binprm *bprm)
{
	struct cg_entry entry;
	struct cg_access *access;
	struct task_struct *task = cg_current();
	struct file *file = bprm->file;
	struct cg_subject *subject;
	__u32 crossing = 0, fast;
	int verdict = 0, first, held = 0;

	if (!task->bpf_storage)
		return 0;
	/* bprm_change_interp() replaces `interp` when a script or binfmt_misc hands over; till then both are one pointer. */
	first = bprm->interp == bprm->filename;

	subject = bpf_task_storage_get(&subjects, task, 0, 0);
	if (!subject)
		return cg_storage_hidden(task) ? -EPERM : 0;
	if (!subject->policy || (subject->flags & CG_SUBJECT_FREE))
		return 0;
	if (subject->flags & CG_SUBJECT_ARMED) {
		__u64 inode = BPF_CORE_READ(file, f_inode, i_ino);
		__u32 device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
		if (first) {
			if (inode != subject->armed_inode || device != subject->armed_device) {
				struct cg_session *session = cg_session_of(subject);
				subject->next_bprm = 0;
				if (session)
					__sync_fetch_and_add(&session->floor[CG_FLOOR_ARMED], 1);
				return -EPERM;
			}
			subject->next_policy = subject->policy;
			subject->next_bprm = (__u64)bprm;
			subject->next_exe = 0;
		}
		subject->exec_state = opens_next(bprm);
		/* The interpreter of an entry script is the operator's choice, as the script is. */
		return 0;
	}
	subject->exec_state = 0;
	if (first) {
		struct cg_scratch *scratch = bpf_task_storage_get(&scratches, task, 0, 0);

		subject->next_bprm = 0;
		subject->exec_flags = 0;
		/* What was answered for once of another exec's loader. */
		if (scratch && scratch->kept_for == CG_ANSWER_LOADS)
			scratch->kept_for = 0;
	}
	fast = first ? stays(subject, bprm) : loads(subject, bprm);
	if (fast == CG_PERMITTED) {
		subject->exec_state = opens_next(bprm);
		return 0;
	}
	if (fast != CG_NOT_TOLD)
		return cg_refuse(fast);
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	access = &entry.scratch->access;
	access->operations = first ? CG_BIT(CG_EXEC) : CG_BIT(CG_LOAD);
	if (cg_path_object(entry.scratch, entry.subject, (__u64)BPF_CORE_READ(file, f_path.mnt),
			   (__u64)BPF_CORE_READ(file, f_path.dentry)))
		/* No stacking file system executes for itself: what this is cannot be told. */
		return cg_unresolved(entry.subject, entry.scratch, CG_UNRESOLVED_READ);
	cg_decide(entry.subject, entry.scratch);
	if (first) {
		__u32 next = entry.subject->policy;
		__u32 transition = access->transition;
		__u64 exe = 0;

		if (!access->unresolved && access->verdict == CG_ASK) {
			/* Its own policy, and where it has none this one: who answers is told under which it will run. */
			next = policy_of(entry.subject->session, access->program);
			if (!next)
				next = entry.subject->policy;
		} else if (!access->unresolved && access->verdict == CG_PERMIT) {
			if (transition == CG_OWN) {
				next = policy_of(entry.subject->session, access->program);
				if (!next && access->mode == CG_LEARN)
					next = policy_of(entry.subject->session, 0);
				if (!next) {
					refuse_exec(access, CG_UNRESOLVED_TARGET);
					next = entry.subject->policy;
				}
			} else if (transition == CG_UNCONFINED) {
				next = 0;
			}
		}
		if (next != entry.subject->policy) {
			crossing = cg_crossing(entry.scratch, entry.subject, bprm, next);
			if (!crossing)
				crossing = cg_script(entry.scratch, entry.subject, bprm);
		} else if (access->mode == CG_LEARN && transition == CG_OWN && (access->flags & CG_EVENT_LEARNT) && !runs_already(file)) {
			/* All programs that have no policy yet are one to a learner; later each has its own. */
			crossing = cg_crossing(entry.scratch, entry.subject, bprm, CG_OF_ITS_OWN);
		}
		/*
		 * No rule decided it yet, and the one that is learned of it cannot be `own`, which would be refused just so: it goes
		 * on under the policy under which it will, and is told as the caller's.
		 */
		held = crossing && (access->flags & CG_EVENT_LEARNT);
		if (held)
			next = entry.subject->policy;
		/* While learning, the exec is an observation, whatever else there is to say about it. */
		if (!crossing || (access->flags & CG_EVENT_LEARNT)) {
			verdict = cg_conclude(entry.subject, entry.scratch);
			if (verdict)
				return verdict;
		}
		if (crossing) {
			refuse_exec(access, crossing);
			verdict = cg_conclude(entry.subject, entry.scratch);
			if (verdict)
				return verdict;
		}
		/* Where the program is not the one its policy is named after, events must say which it is. */
		if (next && access->mode == CG_ENFORCE) {
			if (next == entry.subject->policy) {
				exe = told_before(entry.subject, bprm);
				if (!exe)
					exe = announce(&entry, bprm);
			}
		} else if (held) {
			exe = entry.subject->exe;
		} else if (next) {
			exe = announce(&entry, bprm);
			if (access->mode == CG_LEARN) {
				entry.subject->next_policy = next;
				entry.subject->next_exe = exe;
				tell_arguments(&entry, bprm);
			}
		}
		entry.subject->next_policy = next;
		entry.subject->next_exe = exe;
		entry.subject->next_bprm = (__u64)bprm;
	} else {
		access->answer = CG_ANSWER_LOADS;
		verdict = cg_conclude(entry.subject, entry.scratch);
		if (verdict)
			return verdict;
		/* An interpreter that is a script itself, or what a handler of binfmt_misc took over. */
		if (entry.subject->next_bprm == (__u64)bprm && entry.subject->next_policy != entry.subject->policy)
			crossing = cg_script(entry.scratch, entry.subject, bprm);
		if (crossing) {
			access->operations = CG_BIT(CG_EXEC);
			refuse_exec(access, crossing);
			verdict = cg_conclude(entry.subject, entry.scratch);
			if (verdict)
				return verdict;
		}
	}
	entry.subject->exec_state = opens_next(bprm);
	return 0;
}

/*
 * Before 6.8 an exec prepares its credentials before it opens the program's file: what an exec that failed half-way left
 * is forgotten here, or the file would be taken for an ELF interpreter. (Since then cg_in_execve() tells.)
 */
SEC("lsm/cred_prepare")
int BPF_PROG(cred_prepare, struct cred *new, const struct cred *old, gfp_t gfp)
{
	struct task_struct *task = cg_current();
	struct cg_subject *subject;

	if (!task->bpf_storage)
		return 0;
	subject = bpf_task_storage_get(&subjects, task, 0, 0);
	if (subject)
		subject->exec_state = 0;
	return subject && task->io_uring ? cg_keep_credentials() : 0;
}

SEC("lsm/bprm_committed_creds")
int BPF_PROG(bprm_committed_creds, struct linux_binprm *bprm)
{
	struct task_struct *task = cg_current();
	struct cg_subject *subject;

	if (!task->bpf_storage)
		return 0;
	subject = bpf_task_storage_get(&subjects, task, 0, 0);
	if (!subject || !subject->policy || (subject->flags & CG_SUBJECT_FREE))
		return 0;
	subject->exec_state = 0;
	if (subject->next_bprm != (__u64)bprm)
		return 0;
	subject->next_bprm = 0;
	subject->exe = subject->next_exe;
	if (subject->next_policy != subject->policy)
		cg_changes_owner();
	if (subject->next_policy)
		subject->policy = subject->next_policy;
	else
		cg_leave(subject);
	if (subject->flags & CG_SUBJECT_ARMED)
		subject->filters = cg_filters(task);
	subject->flags &= ~CG_SUBJECT_ARMED;
	return 0;
}
