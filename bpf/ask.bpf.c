// SPDX-License-Identifier: GPL-2.0-only
/*
 * A question: the thread is stopped and its system call begun again, so that a hook that asks never sleeps and the answer is
 * about what the kernel holds when it is used. In order:
 *
 *   1. The object is written down whole, and looked up in `replies`, with the policy, its generation and the operations: what
 *      was said of another object, by another policy or to another thread is no answer. One that is there is the verdict.
 *   2. Else the thread is put down in `questions`, SIGSTOP is sent to it, it is told (CG_EVENT_QUESTION), and the hook returns
 *      -ERESTARTNOINTR: the call unwinds, the thread stops, and whoever answers writes into `replies` and sends SIGCONT. In
 *      this order: whoever is told finds it put down, and a SIGCONT that is faster than the stop takes the stop away.
 *   3. The call begins again, from user space, and is judged again: the object as it is now, the policy as it is now. A SIGCONT
 *      that brings no answer only has it ask again.
 *
 * A call that asks twice is begun again twice, and the first answer, though it is for once, must still stand the second time:
 * within one hook it is held (CG_ANSWER_HELD) till neither asks; an open that makes a file asks of `create` before there is
 * one, and that answer is for what it does with the file, too (CG_ANSWER_MAKES). An exec asks about its ELF interpreter where it
 * opens it, and that answer is for where it maps it, behind the point of no return (CG_ANSWER_LOADS).
 *
 * Where any of it fails, or nobody attends, the verdict is a denial that says why. The signal is the thread's own
 * (bpf_send_signal_thread): the process's would be merged with one that is pending for another thread, and the call would come
 * back to user space with the errno.
 */
#include "ask.h"
#include "text.h"
#include "arch/x86-restarts.h"

/* After so many askings without an answer it is looked how long they took: less than this is a loop that nobody stops. */
#define AGAIN_MOST 64
#define WINDOW_NS 2000000000ull

/* include/linux/sched.h, include/linux/sched/signal.h */
#define PF_EXITING 0x4
#define PF_KTHREAD 0x200000
#define SIGNAL_UNKILLABLE 0x40
#define SIGCONT 18
#define SIGSTOP 19

/* Writes the object into scratch->text; its bytes, or 0 where it is too long or could not be told. */
static __always_inline __u32 write_whole(struct cg_scratch *scratch)
{
	struct cg_access *access = &scratch->access;
	__u32 length;

	if (access->object == CG_OBJECT_PATH || access->object == CG_OBJECT_UNIX)
		return cg_path_text(scratch);
	if (access->object == CG_OBJECT_KIND) {
		scratch->text[0] = access->kind;
		return 1;
	}
	length = access->length;
	if (length > sizeof(access->bytes) || bpf_probe_read_kernel(scratch->text, length, access->bytes))
		return 0;
	return length;
}

/* Is there an answer under this key that still holds? One that is for once is taken away with it. */
static __always_inline int take(struct cg_reply_key *key, struct cg_reply *out, __u32 use)
{
	struct cg_reply *answer = bpf_map_lookup_elem(&replies, key);

	if (!answer)
		return 0;
	out->expires = answer->expires;
	out->verdict = answer->verdict;
	out->errnum = answer->errnum;
	if (out->expires && bpf_ktime_get_boot_ns() >= out->expires) {
		bpf_map_delete_elem(&replies, key);
		return 0;
	}
	return key->scope != CG_SCOPE_THREAD || use == CG_ANSWER_HELD || !bpf_map_delete_elem(&replies, key);
}

/* Of one object, by one thread: what else is asked about it does not matter. */
static __always_inline int is_same_object(const struct cg_reply_key *one, const struct cg_reply_key *other)
{
	const __u64 *words = (const __u64 *)one->object, *others = (const __u64 *)other->object;
	__u64 differs = one->cookie ^ other->cookie;

	differs |= one->generation ^ other->generation;
	differs |= one->policy ^ other->policy;
	differs |= one->length ^ other->length;
	differs |= one->object_type ^ other->object_type;
	for (int i = 0; i < CG_REPLY_OBJECT / 8; i++)
		differs |= words[i] ^ others[i];
	return !differs;
}

/* 1: it was answered. 0: it was not. -1: it cannot even be said what is asked. */
static __noinline int find_answer(struct cg_subject *subject, struct cg_scratch *scratch)
{
	struct task_struct *task = cg_current();
	struct cg_reply answer = {};
	struct cg_reply_key *key;
	struct cg_access *access;
	struct cg_scratch *own;
	__u32 length, use;

	if (!subject || !scratch)
		return -1;
	length = write_whole(scratch);
	if (!length || length > CG_REPLY_OBJECT)
		return -1;
	/* The same scratch, had as a map's value: see report.bpf.c, is_repeat. */
	own = bpf_task_storage_get(&scratches, task, 0, 0);
	if (!own)
		return -1;
	access = &scratch->access;
	key = &own->asked;
	__builtin_memset(key, 0, sizeof(*key));
	key->cookie = subject->cookie;
	key->generation = access->generation;
	key->policy = access->policy;
	key->operations = access->decided;
	key->length = length;
	key->object_type = access->object;
	if (bpf_probe_read_kernel(key->object, length, scratch->text))
		return -1;
	use = access->answer;
	if (own->kept_for == CG_ANSWER_MAKES && (access->flags & CG_EVENT_CREATED)) {
		own->kept_for = 0;
		if (is_same_object(key, &own->kept)) {
			access->verdict = CG_PERMIT;
			return 1;
		}
	}
	/* An exec maps nothing that it has not opened, and that was asked about in the same exec (file.bpf.c: ask_load). */
	if (own->kept_for == CG_ANSWER_LOADS && (!use || use == CG_ANSWER_LOADS) && access->operations == CG_BIT(CG_LOAD) && cg_calls_exec() &&
	    is_same_object(key, &own->kept)) {
		access->verdict = CG_PERMIT;
		return 1;
	}
	key->scope = CG_SCOPE_THREAD;
	key->pid = (__u32)bpf_get_current_pid_tgid();
	key->start = BPF_CORE_READ(task, start_boottime);
	if (!take(key, &answer, use)) {
		key->scope = CG_SCOPE_PROCESS;
		key->pid = bpf_get_current_pid_tgid() >> 32;
		key->start = BPF_CORE_READ(task, group_leader, start_boottime);
		if (!take(key, &answer, use)) {
			key->scope = CG_SCOPE_POLICY;
			key->pid = 0;
			key->start = 0;
			if (!take(key, &answer, use))
				return 0;
		}
	}
	if ((use == CG_ANSWER_HELD && key->scope == CG_SCOPE_THREAD) ||
	    (use == CG_ANSWER_MAKES && answer.verdict == CG_PERMIT) ||
	    (use == CG_ANSWER_LOADS && answer.verdict == CG_PERMIT && access->policy == subject->next_policy)) {
		__builtin_memcpy(&own->kept, key, sizeof(own->kept));
		own->kept_for = use;
	}
	access->verdict = answer.verdict == CG_PERMIT ? CG_PERMIT : CG_DENY;
	if (answer.errnum)
		access->errnum = answer.errnum;
	return 1;
}

/*
 * Can the call be stopped and begun again? Only what was seen to be (arch/: cg_restarts), by a thread that a signal stops: no
 * worker of the kernel's, no user of io_uring (whose requests come back with the errno), no first process of a pid namespace
 * (which takes no SIGSTOP), none that is ending.
 */
static __always_inline int is_askable(struct cg_access *access)
{
	struct task_struct *task = cg_current();

	if (access->answer == CG_ANSWER_EXCLUSIVE || (task->flags & (PF_KTHREAD | PF_IO_WORKER | PF_EXITING)) || task->io_uring)
		return 0;
	if (BPF_CORE_READ(task, signal, flags) & SIGNAL_UNKILLABLE)
		return 0;
	return cg_restarts(access->operations == CG_BIT(CG_EXEC) || access->answer == CG_ANSWER_LOADS);
}

/* Puts the thread down as one that waits; 0 where there is no room, or it has asked too often. */
static __noinline int put_question(struct cg_subject *subject)
{
	__u64 ids = bpf_get_current_pid_tgid(), now = bpf_ktime_get_boot_ns();
	struct task_struct *task = cg_current();
	struct cg_question question = {}, *last;
	__u32 thread = (__u32)ids;

	if (!subject)
		return 0;
	question.cookie = subject->cookie;
	question.start = BPF_CORE_READ(task, start_boottime);
	question.since = now;
	question.window = now;
	question.group = ids >> 32;
	last = bpf_map_lookup_elem(&questions, &thread);
	if (last && last->start == question.start && last->cookie == question.cookie) {
		question.since = last->since;
		question.again = last->again + 1;
		question.window = last->window;
		if (question.again % AGAIN_MOST == 0) {
			if (now - last->window < WINDOW_NS)
				return 0;
			question.window = now;
		}
	}
	return !bpf_map_update_elem(&questions, &thread, &question, BPF_ANY);
}

int cg_use_up(int verdict)
{
	struct cg_scratch *own = bpf_task_storage_get(&scratches, cg_current(), 0, 0);

	if (!own || own->kept_for != CG_ANSWER_HELD)
		return 0;
	own->kept_for = 0;
	if (verdict != -ERESTARTNOINTR)
		bpf_map_delete_elem(&replies, &own->kept);
	return 0;
}

int cg_ask(struct cg_subject *subject, struct cg_scratch *scratch)
{
	__u32 thread = (__u32)bpf_get_current_pid_tgid(), reason;
	struct cg_session *session;
	struct cg_access *access;
	int answered;

	if (!subject || !scratch)
		return 0;
	access = &scratch->access;
	if (access->mode != CG_ENFORCE) {
		/* Complaining and learning stop nobody. */
		access->verdict = CG_DENY;
		return 0;
	}
	session = cg_session_of(subject);
	answered = session ? find_answer(subject, scratch) : -1;
	if (!session || answered > 0) {
		bpf_map_delete_elem(&questions, &thread);
		return 0;
	}
	if (answered < 0 || !is_askable(access)) {
		reason = CG_UNRESOLVED_UNASKABLE;
	} else if (!cg_attended(subject)) {
		reason = CG_UNRESOLVED_UNATTENDED;
	} else {
		reason = CG_UNRESOLVED_QUESTIONS;
		if (put_question(subject) && !bpf_send_signal_thread(SIGSTOP)) {
			access->sent = 0;
			access->sequence = cg_report(subject, scratch, session, CG_EVENT_QUESTION);
			if (access->sent) {
				struct cg_question *question = bpf_map_lookup_elem(&questions, &thread);

				if (question)
					question->sequence = access->sequence;
				return 1;
			}
			/* Nobody heard of it. */
			bpf_send_signal_thread(SIGCONT);
		}
	}
	bpf_map_delete_elem(&questions, &thread);
	access->unresolved = reason;
	return 0;
}
