// SPDX-License-Identifier: GPL-2.0-only
/*
 * The supervisor of a session is ended, stopped or slowed by no subject.
 *
 *   task_kill                        signals; those by a descriptor are in owners.bpf.c
 *   task_setrlimit                   prlimit: RLIMIT_CPU and RLIMIT_FSIZE end with a signal of the kernel's
 *   task_setscheduler                policy, affinity, timer slack, cpusets
 *   task_setnice, task_setioprio     priorities
 *   task_movememory                  move_pages, migrate_pages
 *   ptrace_access_check              everything that looks into it (floor.bpf.c): process_madvise, kcmp, core scheduling,
 *                                    links and memory in /proc
 *   file_open and its like           /proc/PID/oom_score_adj and the rest of /proc/PID, its cgroup's files (guard.h)
 *   file_lock                        callgate's locks, which every command waits for
 *
 * A group signal reaches the others of the group: the kernel asks for each task (kernel/signal.c: kill_pgrp_info,
 * kill_something_info). Harmless without a hook: a child's exit signal is SIGCHLD again once it has another parent
 * (kernel/exit.c: reparent_leader) and CLONE_PARENT takes over the caller's own, which the launcher made SIGCHLD;
 * setpgid and tcsetpgrp cannot name a task that is no child; robust futexes, keys and mq_notify act on their owner; the
 * autogroup is the caller's own session and only weighs it.
 *
 * What is done to others, a policy of version 2 governs: operations signal, limit and priority (others.bpf.c).
 */
#include "guard.h"
#include "others.h"

/* The floor where the target is a supervisor, whatever else is asked for; else what the policy says. */
#define GUARD(hook, act, ...)                                                                           \
	SEC("lsm/" #hook)                                                                               \
	int BPF_PROG(hook, struct task_struct *target, ##__VA_ARGS__)                                   \
	{                                                                                               \
		struct cg_entry entry;                                                                  \
		int verdict = 0;                                                                        \
                                                                                                        \
		if (!cg_enter(&entry, &verdict))                                                        \
			return verdict;                                                                 \
		if (cg_guarded(target))                                                                 \
			return cg_floor(entry.subject, entry.scratch, CG_FLOOR_SUPERVISOR);             \
		cg_act(&entry, target, act, 0, &verdict);                                               \
		return verdict ? cg_refuse(-verdict) : 0;                                               \
	}

GUARD(task_setrlimit, CG_ACT(CG_LIMIT, resource), unsigned int resource, struct rlimit *limit)
GUARD(task_setscheduler, CG_ACT(CG_PRIORITY, CG_PRIORITY_SCHEDULER))
GUARD(task_setnice, CG_ACT(CG_PRIORITY, CG_PRIORITY_NICE), int nice)
GUARD(task_setioprio, CG_ACT(CG_PRIORITY, CG_PRIORITY_IO), int priority)
GUARD(task_movememory, CG_ACT(CG_PRIORITY, CG_PRIORITY_MEMORY))

SEC("lsm/task_kill")
int BPF_PROG(task_kill, struct task_struct *target, struct kernel_siginfo *info, int signal, const struct cred *cred)
{
	struct cg_entry entry;
	int verdict = 0, code = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	if (!signal)
		return 0;
	if (cg_guarded(target))
		return cg_floor(entry.subject, entry.scratch, CG_FLOOR_SIGNAL);
	/*
	 * The kernel's own, of which current is just the occasion (PR_SET_PDEATHSIG: kernel/exit.c, reparent_leader): SEND_SIG_NOINFO is
	 * no address. Read, and not compared: the verifier takes a hook's pointers for addresses. Any other is on the kernel's stack, where no
	 * read fails.
	 */
	if (bpf_probe_read_kernel(&code, sizeof(code), &info->si_code))
		return 0;
	cg_act(&entry, target, CG_ACT(CG_SIGNAL, signal), 0, &verdict);
	return verdict ? cg_refuse(-verdict) : 0;
}

/* A lock needs no more than reading (flock; fcntl's read locks, leases), and would be waited for. */
SEC("lsm/file_lock")
int BPF_PROG(file_lock, struct file *file, unsigned int command)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	struct dentry *dentry;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	/* A database locks more often than it does anything else. */
	dentry = file->f_path.dentry;
	if (!cg_marked(dentry->d_inode->i_ino) && !cg_marked(dentry->d_parent->d_inode->i_ino))
		return 0;
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	if (!(cg_protection_of(BPF_CORE_READ(dentry, d_inode)) & CG_PROTECT_SEALED) &&
	    !(cg_protection_of(BPF_CORE_READ(dentry, d_parent, d_inode)) & CG_PROTECT_ENTRIES))
		return 0;
	return cg_floor(entry.subject, entry.scratch, CG_FLOOR_FILES);
}
