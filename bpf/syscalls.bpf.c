// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls as such. What a program may call is decided by a seccomp filter, which the launcher puts on it (launcher/held.c): nothing
 * here refuses anything, so nothing rests on a program that is no LSM program. Here is told what was refused, and seen what is learned.
 *
 * A filter's refusal makes no event by itself. seccomp is asked before the tracepoint sys_enter, which a refused call never reaches
 * (kernel/entry/common.c: syscall_trace_enter returns -1); sys_exit it does reach, with its number still in orig_ax, where it got an errno and where
 * SIGSYS is on its way. So a call that comes to sys_exit and is not in the filter's list was refused by it, whatever filters were added
 * later: of several the strictest holds, and what another of the subject's own refuses is in the list, and is its own affair.
 * What never comes to sys_exit: exit and exit_group, which are in every list.
 *
 * Told of none: number -1, which is no call (rt_sigreturn leaves it behind, and rt_sigreturn is in every list); an exec into another
 * architecture, which leaves that one's number of execve behind (arch/x86/kernel/process_64.c: set_personality_ia32) and succeeded.
 *
 * Up to 6.12 these tracepoints run with preemption off. On 7.2 they do not, and the kernel skips a program on a processor on which a task was
 * preempted in the middle of it (measured: 9 runs of one learner). So each is there twice, one behind the other: what the first
 * told the second knows by a bit of the task's (CG_CALL_TOLD), and what the first was skipped for the second tells. As long as no run of the
 * second was skipped, each call was told, and once; how many were is in recursion_misses, which `status` and certificates show (Gate.skipped).
 *
 * They are attached only while a session needs them, for every system call of every task takes another way then.
 */
#include "judge.h"

static __always_inline struct cg_calls *calls_of(struct cg_subject *subject)
{
	__u32 number = subject->session;
	struct cg_calls *entry = bpf_map_lookup_elem(&calls, &number);

	return entry && entry->cookie == subject->cookie ? entry : 0;
}

/* The number without x32's bit, and whose it is. */
static __always_inline __u32 call_of(__u32 *architecture)
{
	__u32 number = cg_raw_syscall();

	*architecture = CG_ARCHITECTURE_X86_64;
	if (cg_compat()) {
		*architecture = CG_ARCHITECTURE_I386;
	} else if (number & CG_X32_BIT) {
		*architecture = CG_ARCHITECTURE_X32;
		number &= ~CG_X32_BIT;
	}
	return number;
}

static __always_inline int is_permitted(struct cg_calls *entry, __u32 architecture, __u32 number)
{
	if (architecture != CG_ARCHITECTURE_X86_64 || number >= 64 * CG_CALL_WORDS)
		return 0;
	return (entry->permit[CG_BOUND(number >> 6, CG_CALL_WORDS)] >> (number & 63)) & 1;
}

static __always_inline void count_call(struct cg_session *session, int enforced)
{
	if (enforced)
		__sync_fetch_and_add(&session->denied, 1);
	else
		__sync_fetch_and_add(&session->complained, 1);
}

static __noinline int tell(struct cg_subject *subject, __u32 architecture, __u32 number, __u32 errnum, int enforced)
{
	struct cg_access *access;
	struct cg_session *session;
	struct cg_entry entry;
	int verdict = 0;

	if (!subject)
		return 0;
	session = cg_session_of(subject);
	if (!session)
		return 0;
	count_call(session, enforced);
	if (!cg_work(&entry, subject, &verdict)) {
		/* Counted, and there is no event of it. */
		__sync_fetch_and_add(&session->dropped, 1);
		return 0;
	}
	access = &entry.scratch->access;
	access->verdict = CG_DENY;
	access->errnum = errnum;
	access->flags = enforced ? CG_EVENT_ENFORCED : 0;
	access->policy = subject->policy;
	access->first = (__u64)architecture << 32 | number;
	cg_report(subject, entry.scratch, session, CG_EVENT_SYSCALL);
	return 0;
}

/* On 6.1 the helper may give nothing of a subject: what happened is counted all the same. */
static __noinline int count_hidden(int at_exit)
{
	struct cg_subject subject = {};
	struct cg_session *session;
	struct cg_calls *entry;
	__u32 architecture, number = call_of(&architecture);

	if (cg_storage_copy(cg_current(), &subject) != 1 || !subject.policy ||
	    (subject.flags & (CG_SUBJECT_ARMED | CG_SUBJECT_FREE)) || (subject.exec_flags & CG_CALL_TOLD))
		return 0;
	entry = calls_of(&subject);
	session = cg_session_of(&subject);
	if (!entry || !session || (entry->watch == CG_CALL_WATCH_REFUSED) != at_exit)
		return 0;
	if (entry->watch != CG_CALL_WATCH_LEARNED) {
		if (number == ~0u || is_permitted(entry, architecture, number))
			return 0;
		count_call(session, at_exit);
	}
	__sync_fetch_and_add(&session->dropped, 1);
	return 0;
}

static __always_inline struct cg_subject *caller(int at_exit, int second)
{
	struct task_struct *task = cg_current();
	struct cg_subject *subject;

	if (!task->bpf_storage)
		return 0;
	subject = bpf_task_storage_get(&subjects, task, 0, 0);
	if (!subject) {
		if (second)
			count_hidden(at_exit);
		return 0;
	}
	if (!subject->policy || (subject->flags & (CG_SUBJECT_ARMED | CG_SUBJECT_FREE)))
		return 0;
	return subject;
}

/* 1: the other one told of this call. */
static __always_inline int is_told(struct cg_subject *subject, int second)
{
	__u32 told = subject->exec_flags & CG_CALL_TOLD;

	if (told)
		subject->exec_flags &= ~CG_CALL_TOLD;
	return second && told;
}

static __always_inline void tell_once(struct cg_subject *subject, __u32 architecture, __u32 number, __u32 errnum,
				      int enforced, int second)
{
	if (!second)
		subject->exec_flags |= CG_CALL_TOLD;
	tell(subject, architecture, number, errnum, enforced);
}

static __always_inline int at_exit(long result, int second)
{
	struct cg_subject *subject = caller(1, second);
	__u32 architecture, number;
	struct cg_calls *entry;

	if (!subject || is_told(subject, second))
		return 0;
	entry = calls_of(subject);
	if (!entry || entry->watch != CG_CALL_WATCH_REFUSED)
		return 0;
	number = call_of(&architecture);
	if (is_permitted(entry, architecture, number) || cg_raw_syscall() == ~0u)
		return 0;
	if (!result && architecture != CG_ARCHITECTURE_X86_64 && cg_calls_exec())
		return 0;
	tell_once(subject, architecture, number, entry->errnum, 1, second);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call_left, struct pt_regs *regs, long result)
{
	return at_exit(result, 0);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call_left_again, struct pt_regs *regs, long result)
{
	return at_exit(result, 1);
}

static __noinline int learn_call(struct cg_subject *subject)
{
	struct cg_called_key key = {};
	struct cg_called *made;
	struct cg_session *session;
	__u32 number;
	__u64 bit;

	if (!subject)
		return 0;
	number = call_of(&key.architecture);
	if (number >= 64 * CG_CALL_WORDS)
		return 0;
	key.cookie = subject->cookie;
	key.exe = subject->exe;
	key.policy = subject->policy;
	made = bpf_map_lookup_elem(&called, &key);
	if (!made) {
		struct cg_called none = {};

		bpf_map_update_elem(&called, &key, &none, BPF_NOEXIST);
		made = bpf_map_lookup_elem(&called, &key);
	}
	if (!made) {
		/* Full: what is lost taints the run. */
		session = cg_session_of(subject);
		if (session)
			__sync_fetch_and_add(&session->dropped, 1);
		return 0;
	}
	bit = 1ull << (number & 63);
	number = CG_BOUND(number >> 6, CG_CALL_WORDS);
	if (!(made->made[number] & bit))
		__sync_fetch_and_or(&made->made[number], bit);
	return 0;
}

static __always_inline int at_entry(int second)
{
	struct cg_subject *subject = caller(0, second);
	__u32 architecture, number;
	struct cg_calls *entry;

	if (!subject || is_told(subject, second))
		return 0;
	entry = calls_of(subject);
	if (!entry)
		return 0;
	if (entry->watch == CG_CALL_WATCH_LEARNED) {
		if (!second)
			subject->exec_flags |= CG_CALL_TOLD;
		return learn_call(subject);
	}
	if (entry->watch != CG_CALL_WATCH_FOREIGN)
		return 0;
	number = call_of(&architecture);
	if (!is_permitted(entry, architecture, number) && cg_raw_syscall() != ~0u)
		tell_once(subject, architecture, number, entry->errnum, 0, second);
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(call_entered, struct pt_regs *regs, long id)
{
	return at_entry(0);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(call_entered_again, struct pt_regs *regs, long id)
{
	return at_entry(1);
}
