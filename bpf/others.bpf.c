// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is done to other processes, under a policy of version 2: signals, limits, priorities, looks inside. What none of it may do
 * to a supervisor is in guard.bpf.c and floor.bpf.c, whose hooks call this. Whom it is done to is a child, whatever it runs, else one
 * under the same policy, else whoever runs a program: that is told by the file it was started from, as /proc/PID/exe has it. The owner
 * of the object is the user it runs as. To one's own process all may be done.
 */
#include "others.h"

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

__hidden int cg_act(struct cg_entry *entry, struct task_struct *target, __u32 act, __u32 closed, int *verdict)
{
	__u32 own = bpf_get_current_pid_tgid() >> 32, operation = act >> 8, which = act & 0xff;
	struct cg_access *access;

	if (!entry || !entry->subject || !entry->scratch || !verdict)
		return 0;
	*verdict = 0;
	if (!cg_has_later())
		return 0;
	if (BPF_CORE_READ(target, tgid) == own)
		return 1;
	access = &entry->scratch->access;
	if (is_child(target, own)) {
		cg_head(access, CG_ACT_TABLE(operation), CG_TARGET_CHILD << 8 | which);
	} else if (is_alike(entry->subject, target)) {
		cg_head(access, CG_ACT_TABLE(operation), CG_TARGET_POLICY << 8 | which);
	} else {
		take_program(entry, target);
		access->first = which;
	}
	access->owner = BPF_CORE_READ(target, real_cred, uid.val);
	cg_later(access, operation, closed);
	if (!cg_decide_closed(entry->subject, entry->scratch))
		return 0;
	*verdict = cg_conclude(entry->subject, entry->scratch);
	return 1;
}
