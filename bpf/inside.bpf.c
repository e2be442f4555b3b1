// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks inside other processes.
 *
 *   ptrace_access_check   ptrace   what is no plain look of /proc's: refused by the floor under a policy of version 1
 *   ptrace_traceme                 the floor's, under any
 *
 * Reading and writing another's memory, stopping it, taking its descriptors (PTRACE_MODE_ATTACH), and entering its
 * namespaces by pidfd (setns asks for PTRACE_MODE_READ_REALCREDS). The plain read mode is what ps(1) needs of /proc,
 * whose files are judged by path. kcmp, move_pages, migrate_pages, pidfd_getfd, process_vm_* and the files of /proc that
 * show memory all come here (kernel/kcmp.c, mm/migrate.c, kernel/pid.c, mm/process_vm_access.c, fs/proc/base.c).
 * Whoever is under the same policy may do the same, and needs no rule.
 */
#include "guard.h"
#include "others.h"

SEC("lsm/ptrace_access_check")
int BPF_PROG(ptrace_access_check, struct task_struct *child, unsigned int mode)
{
	struct cg_subject *subject, *other;
	struct cg_entry entry;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	if (!(mode & (PTRACE_MODE_ATTACH | PTRACE_MODE_REALCREDS)) && !cg_guarded(child))
		return 0;
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	/* Its supervisor's descriptors, memory and links in /proc are none of a subject's business in any mode. */
	if (cg_guarded(child))
		return mode & PTRACE_MODE_NOAUDIT ? cg_floor_unsaid(entry.subject, CG_FLOOR_PTRACE)
						  : cg_floor(entry.subject, entry.scratch, CG_FLOOR_PTRACE);
	other = bpf_task_storage_get(&subjects, child, 0, 0);
	if (other && cg_alike(entry.subject, other))
		return 0;
	if (cg_act(&entry, child, CG_ACT(CG_PTRACE, mode & PTRACE_MODE_ATTACH ? CG_PTRACE_ATTACH : CG_PTRACE_READ), 1, &verdict))
		return verdict ? cg_refuse(-verdict) : 0;
	cg_begin(entry.scratch);
	return cg_floor(entry.subject, entry.scratch, CG_FLOOR_PTRACE);
}

/*
 * PTRACE_TRACEME hands the caller to its parent without asking ptrace_access_check. Both must be under one policy: a child
 * that runs under another, or under none, would give its parent that; and a subject that made the supervisor or init its
 * tracer would stop for ever at its first signal. Only where neither is a subject this is nobody's business here.
 */
SEC("lsm/ptrace_traceme")
int BPF_PROG(ptrace_traceme, struct task_struct *parent)
{
	struct cg_entry entry;
	struct task_struct *task = cg_current();
	struct cg_subject *other = 0;
	int verdict = 0, hidden = 0;

	if (!task->bpf_storage && !parent->bpf_storage)
		return 0;
	if (parent->bpf_storage) {
		other = bpf_task_storage_get(&subjects, parent, 0, 0);
		hidden = !other && cg_storage_hidden(parent);
		if (other && (!other->policy || (other->flags & CG_SUBJECT_FREE)))
			other = 0;
	}
	if (!cg_enter(&entry, &verdict)) {
		if (verdict || (!other && !hidden))
			return verdict;
		/* The caller is no subject, its parent is: told as an attempt under the parent's policy. */
		entry.subject = other;
		entry.scratch = bpf_task_storage_get(&scratches, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (!other || !entry.scratch)
			return -EPERM;
		cg_begin(entry.scratch);
	} else if (other && cg_alike(entry.subject, other)) {
		return 0;
	}
	return cg_floor(entry.subject, entry.scratch, CG_FLOOR_PTRACE);
}
