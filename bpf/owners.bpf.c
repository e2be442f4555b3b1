// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals by a descriptor: whoever was made its owner (F_SETOWN, FIOSETOWN, SIOCSPGRP) gets SIGIO, SIGURG or any that F_SETSIG
 * names when something happens on it.
 *
 *   file_set_fowner       who made whom the owner: cannot refuse, but has the kernel's own struct, and its maker is the caller
 *   file_send_sigiotask   can refuse, but the caller is whoever happened to run: an interrupt, another process
 *
 * So the first writes down who a descriptor's owner was set by, where that was a subject under a policy of version 2 that named
 * another than its own process, and the second lets through what goes to the maker's own process. Signals to others are sent by
 * kill(2), which is judged; this way to them is the floor's. A supervisor gets none by anybody: it asks for none.
 *
 * A process that named itself, and then came under another policy by an exec, is another: who holds the descriptor's other end would signal
 * what it may not. So processes that named themselves are written down too, till they end, and those that changed since get no signal by a
 * descriptor at all, as mq_notify(3) sends none behind an exec (ipc/mqueue.c: notify_self_exec_id). Which of them the new program set for
 * itself nobody can tell.
 *
 * An owner that has effect was set by the last call of the first hook for its struct, under the lock that a sender takes: an entry of
 * a struct that is gone, and whose address is another's by now, is of one without an owner, or was written or removed when that one's
 * was set (fs/fcntl.c: f_modown). Where there is no room for an entry, nobody gets such a signal any more until the gate is renewed.
 */
#include "guard.h"
#include "later.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CG_OWNERS_MAX);
	__type(key, __u64);
	__type(value, struct cg_maker);
} owners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, CG_OWNERS_MAX);
	__type(key, struct cg_process);
	__type(value, struct cg_owning);
} owning SEC(".maps");

static __always_inline __u64 started(struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, start_boottime);
}

/* Is the new owner the caller, or its process? A group of the same number has others in it. */
static __always_inline int is_own(struct fown_struct *owner)
{
	struct task_struct *task = cg_current();
	struct pid *pid = BPF_CORE_READ(owner, pid);

	if (!pid)
		return 0;
	switch (BPF_CORE_READ(owner, pid_type)) {
	case PIDTYPE_PID:
		return pid == BPF_CORE_READ(task, thread_pid);
	case PIDTYPE_TGID:
		return pid == BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]);
	default:
		return 0;
	}
}

static __always_inline struct cg_process process_of(struct task_struct *task)
{
	return (struct cg_process){.start = started(task), .process = task->tgid};
}

/* No entry is put down any more: from now on nobody gets such a signal. */
static __always_inline void lose(void)
{
	__u32 zero = 0;
	struct cg_gate *whole = bpf_map_lookup_elem(&gate, &zero);

	if (whole)
		whole->owners_lost = 1;
}

/* The caller named itself. 1: it has come under another policy since it did so first. */
static __always_inline int owns(struct cg_subject *subject)
{
	struct cg_owning fresh = {.cookie = subject->cookie, .session = subject->session}, *held;
	struct cg_process process = process_of(cg_current());

	held = bpf_map_lookup_elem(&owning, &process);
	if (held)
		return held->changed;
	if (bpf_map_update_elem(&owning, &process, &fresh, BPF_ANY))
		lose();
	return 0;
}

/* The caller's process, which has one thread, goes on under another policy. */
__hidden void cg_changes_owner(void)
{
	struct cg_process process;
	struct cg_owning *held;

	if (!cg_has_later())
		return;
	process = process_of(cg_current());
	held = bpf_map_lookup_elem(&owning, &process);
	if (held)
		held->changed = 1;
}

/* The thread is gone. One that was the leader till another thread's exec has that one's number (fs/exec.c: de_thread). */
__hidden void cg_forgets_owner(struct task_struct *task)
{
	struct cg_process process = {};

	if (!task || !cg_has_later() || task->pid != task->tgid)
		return;
	process.start = task->start_boottime;
	process.process = task->tgid;
	bpf_map_delete_elem(&owning, &process);
}

/* Did the task come under another policy since it named itself? Counts what it does not get. */
static __always_inline int changed(struct task_struct *task)
{
	struct cg_process process = process_of(task);
	struct cg_owning *held = bpf_map_lookup_elem(&owning, &process);
	struct cg_session *session;
	__u32 number;

	if (!held || !held->changed)
		return 0;
	number = held->session;
	session = bpf_map_lookup_elem(&sessions, &number);
	if (session && session->cookie == held->cookie)
		__sync_fetch_and_add(&session->floor[CG_FLOOR_SIGNAL], 1);
	return 1;
}

SEC("lsm/file_set_fowner")
int BPF_PROG(file_set_fowner, struct file *file)
{
	struct cg_access *access;
	struct cg_maker maker = {};
	struct cg_entry entry;
	__u64 key = cg_owner_of(file);
	int verdict = 0;

	if (!cg_has_later())
		return 0;
	if (!cg_enter(&entry, &verdict)) {
		if (!verdict) {
			bpf_map_delete_elem(&owners, &key);
			return 0;
		}
		/* One that cannot be told, or that outlived its session: as any other. */
		maker.session = 0;
	} else {
		if (!cg_governs_later(entry.subject) || (is_own((struct fown_struct *)key) && !owns(entry.subject))) {
			bpf_map_delete_elem(&owners, &key);
			return 0;
		}
		maker.session = entry.subject->session;
		maker.cookie = entry.subject->cookie;
		access = &entry.scratch->access;
		CG_WORD(access, "F_SETOWN");
		cg_floor(entry.subject, entry.scratch, CG_FLOOR_SIGNAL);
	}
	maker.process = bpf_get_current_pid_tgid() >> 32;
	maker.start = started(cg_current());
	if (bpf_map_update_elem(&owners, &key, &maker, BPF_ANY))
		lose();
	return 0;
}

SEC("lsm/file_send_sigiotask")
int BPF_PROG(file_send_sigiotask, struct task_struct *target, struct fown_struct *owner, int signal)
{
	struct cg_session *session;
	struct cg_maker *maker;
	struct cg_gate *whole;
	__u64 key = (__u64)owner;
	__u32 zero = 0, number;

	if (cg_guarded(target))
		return cg_refuse(EPERM);
	if (!cg_has_later())
		return 0;
	maker = bpf_map_lookup_elem(&owners, &key);
	if (changed(target))
		return cg_refuse(EPERM);
	if (!maker) {
		whole = bpf_map_lookup_elem(&gate, &zero);
		return whole && whole->owners_lost ? cg_refuse(EPERM) : 0;
	}
	if (target->tgid == maker->process && started(target) == maker->start)
		return 0;
	number = maker->session;
	session = bpf_map_lookup_elem(&sessions, &number);
	/* Told when the owner was set: whoever runs just now did not do it. */
	if (session && session->cookie == maker->cookie)
		__sync_fetch_and_add(&session->floor[CG_FLOOR_SIGNAL], 1);
	return cg_refuse(EPERM);
}
