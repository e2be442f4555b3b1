// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals to others, under a policy of version 2; what none of them may do to a supervisor is in guard.bpf.c, whose hook calls
 * this. Who gets the signal is a child, whatever it runs, else one under the same policy, else whoever runs a program: that is told by
 * the file it was started from, as /proc/PID/exe has it. The owner of the object is the user it runs as. To one's own
 * process every signal may be sent, and signal 0, which asks whether somebody is there, to all.
 */
#include "signals.h"
#include "later.h"

/* Generations of parents that are looked at: a child of a child of a child ... */
#define GENERATIONS 16

static __always_inline int is_child(struct task_struct *target, __u32 own)
{
	struct task_struct *at = target;
	__u32 group;

	for (int generation = 0; generation < GENERATIONS; generation++) {
		at = BPF_CORE_READ(at, real_parent);
		group = BPF_CORE_READ(at, tgid);
		if (group == own)
			return 1;
		if (group <= 1)
			return 0;
	}
	return 0;
}

static __always_inline int is_alike(struct cg_subject *subject, struct task_struct *target)
{
	struct cg_subject *other = bpf_task_storage_get(&subjects, target, 0, 0);

	return other && cg_alike(subject, other);
}

/* The program that the target runs; one of the kernel's runs none. */
static __always_inline void take_program(struct cg_entry *entry, struct task_struct *target)
{
	struct cg_access *access = &entry->scratch->access;
	struct file *file = BPF_CORE_READ(target, mm, exe_file);

	if (file) {
		cg_path_object(entry->scratch, entry->subject, (__u64)BPF_CORE_READ(file, f_path.mnt),
			       (__u64)BPF_CORE_READ(file, f_path.dentry));
	} else {
		access->object = CG_OBJECT_KIND;
		access->kind = CG_KIND_UNREACHABLE;
	}
	/* The object is whoever runs it. */
	access->flags &= ~CG_EVENT_DIRECTORY;
}

__hidden int cg_signal(struct cg_entry *entry, struct task_struct *target, int signal)
{
	__u32 own = bpf_get_current_pid_tgid() >> 32;
	struct cg_access *access;

	if (!entry || !entry->subject || !entry->scratch)
		return -EPERM;
	if (!cg_has_later() || BPF_CORE_READ(target, tgid) == own)
		return 0;
	access = &entry->scratch->access;
	signal &= 0xff;
	if (is_child(target, own)) {
		cg_head(access, CG_HEAD_SIGNAL, CG_TARGET_CHILD << 8 | signal);
	} else if (is_alike(entry->subject, target)) {
		cg_head(access, CG_HEAD_SIGNAL, CG_TARGET_POLICY << 8 | signal);
	} else {
		take_program(entry, target);
		access->first = signal;
	}
	access->owner = BPF_CORE_READ(target, real_cred, uid.val);
	cg_later(access, CG_SIGNAL, 0);
	return cg_decide_later(entry->subject, entry->scratch) ? cg_conclude(entry->subject, entry->scratch) : 0;
}
