// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that run already, taken into a session and let go of again. None of this is a hook of the gate: the iterators are called, and
 * `enter_child` is attached by who takes somebody in, for as long as that lasts.
 *
 * None is missed. A thread of an entrant, and whatever it forks from the moment on at which `enter_child` is attached:
 *
 *   forked by a subject     task_alloc (life.bpf.c) makes the child one before it can run.
 *   forked by one who was none yet when task_alloc ran
 *                           copy_process() goes on for a while, and may be held in it for long (its memory by a userfaultfd). When it
 *                           is through, task_newtask comes before the child is woken (kernel/fork.c: copy_process), and enter_child
 *                           marks it there: whether its parent is a subject by now, or only a thread of an entrant.
 *   there before            it stands in the list of tasks, where enter_tasks meets it. A walk by numbers meets each that keeps its own;
 *                           one moves, whose exec takes the first thread's: the next walk meets it. So there are two at least,
 *                           and as many as it takes until one finds nobody new.
 *
 * When may enter_child go? When no fork is left that began before its caller was a subject. A thread that is marked has `entering`, until
 * that is known of it: it began another fork (task_alloc), came through one (enter_child), or was seen outside the system calls that fork.
 * What was written last before the fork's first look at the storage is the number of that call, and what is read here was read after
 * the storage was there; both sides pass full barriers in between (copy_process() takes locks, the storage is set by cmpxchg).
 *
 * A storage is made with its value in it, whole: nobody ever finds half a subject, whoever is first.
 *
 * Workers of io_uring are made at any time, in no system call that forks: who has a ring is refused.
 */
#include "crossing.h"
#include "guard.h"
#include "subject.h"

#define PF_KTHREAD 0x200000 /* include/linux/sched.h */

/* Whose a task becomes. */
struct entry {
	__u64 cookie;
	__u32 session;
	__u32 policy;
	__u64 *failed;
};

static __always_inline int by_process(struct task_struct *task, struct entry *entry)
{
	__u32 process = task->tgid;
	struct cg_entrant *entrant = bpf_map_lookup_elem(&entrants, &process);

	if (!entrant || entrant->start != BPF_CORE_READ(task, group_leader, start_boottime))
		return 0;
	entry->cookie = entrant->cookie;
	entry->session = entrant->session;
	entry->policy = entrant->policy;
	entry->failed = &entrant->failed;
	return 1;
}

/* The first of the cgroup and those above it whose members are taken in. */
static __noinline struct cg_group *group_of(__u64 cgroup)
{
	struct cg_group *group;
	__u64 number;

	for (int level = 0; level < CG_GROUP_LEVELS && cgroup; level++) {
		number = BPF_CORE_READ((struct cgroup *)cgroup, kn, id);
		group = bpf_map_lookup_elem(&groups, &number);
		if (group)
			return group;
		/* A cgroup begins with its own css (include/linux/cgroup-defs.h). */
		cgroup = (__u64)BPF_CORE_READ((struct cgroup *)cgroup, self.parent);
	}
	return 0;
}

static __always_inline void enter_by(struct task_struct *task, struct cg_group *group, struct entry *entry)
{
	struct cg_entry_file file = {.cookie = group->cookie};
	__u32 *policy;

	file.inode = BPF_CORE_READ(task, mm, exe_file, f_inode, i_ino);
	file.device = BPF_CORE_READ(task, mm, exe_file, f_inode, i_sb, s_dev);
	policy = bpf_map_lookup_elem(&entries, &file);
	entry->cookie = group->cookie;
	entry->session = group->session;
	entry->policy = policy ? *policy : group->otherwise;
	entry->failed = &group->failed;
}

static __always_inline int by_cgroup(struct task_struct *task, struct entry *entry)
{
	struct cg_group *group = group_of((__u64)BPF_CORE_READ(task, cgroups, dfl_cgrp));

	/* A supervisor that is moved there is none. */
	if (!group || (task->flags & PF_KTHREAD) || cg_guarded(task))
		return 0;
	enter_by(task, group, entry);
	return 1;
}

/* What every record says. What is known of the task as a subject is added by the caller. */
static __always_inline void describe(struct cg_survey_record *record, struct task_struct *task)
{
	struct cg_group *group;

	__builtin_memset(record, 0, sizeof(*record));
	record->pid = task->tgid;
	record->tid = task->pid;
	record->ppid = task->real_parent->tgid;
	record->uid = task->real_cred->uid.val;
	record->start = task->group_leader->start_boottime;
	record->memory = (__u64)task->mm;
	record->exe_inode = BPF_CORE_READ(task, mm, exe_file, f_inode, i_ino);
	record->exe_device = BPF_CORE_READ(task, mm, exe_file, f_inode, i_sb, s_dev);
	if (task->ptrace)
		record->tracer = task->parent->tgid;
	if (task->flags & PF_KTHREAD)
		record->flags |= CG_TASK_KERNEL;
	if (task->exit_state)
		record->flags |= CG_TASK_DEAD;
	if (task->io_uring)
		record->flags |= CG_TASK_RINGS;
	if ((__u64)BPF_CORE_READ(task, ptraced.next) !=
	    (__u64)task + bpf_core_field_offset(struct task_struct, ptraced))
		record->flags |= CG_TASK_TRACES;
	group = group_of((__u64)BPF_CORE_READ(task, cgroups, dfl_cgrp));
	if (group)
		record->member = group->cookie;
	__builtin_memcpy(record->comm, task->comm, sizeof(record->comm));
}

static __always_inline void tell_subject(struct cg_survey_record *record, struct cg_subject *subject)
{
	if (!subject->policy || (subject->flags & CG_SUBJECT_FREE))
		return;
	record->flags |= CG_TASK_SUBJECT;
	record->policy = subject->policy;
	record->cookie = subject->cookie;
	record->exe = subject->exe;
}

/* Looks at every task there is, and changes nothing. */
SEC("iter/task")
int survey_tasks(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct cg_survey_record record;
	struct cg_subject *subject, copy = {};
	int found;

	if (!task)
		return 0;
	describe(&record, task);
	if (task->bpf_storage) {
		subject = bpf_task_storage_get(&subjects, task, 0, 0);
		if (subject) {
			tell_subject(&record, subject);
		} else {
			found = cg_storage_copy(task, &copy);
			if (found < 0)
				record.flags |= CG_TASK_UNTOLD;
			else if (found)
				tell_subject(&record, &copy);
		}
	}
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}

/* What a thread of an entrant is from its first judged instruction on. */
static __always_inline void begin_subject(struct cg_subject *value, const struct entry *entry, struct task_struct *task)
{
	__builtin_memset(value, 0, sizeof(*value));
	value->policy = entry->policy;
	value->session = entry->session;
	value->cookie = entry->cookie;
	value->filters = cg_filters(task);
}

/* Makes every thread of the entrants, and of the members of cgroups, that is none yet a subject. One record for each of theirs. */
SEC("iter/task")
int enter_tasks(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct cg_survey_record record;
	struct cg_subject *subject = 0, value = {};
	struct entry entry = {};
	int found;

	if (!task || (!by_process(task, &entry) && !by_cgroup(task, &entry)))
		return 0;
	describe(&record, task);
	/* Past exit_notify() (kernel/exit.c): it can do nothing any more. */
	if (record.flags & (CG_TASK_DEAD | CG_TASK_KERNEL)) {
		bpf_seq_write(context->meta->seq, &record, sizeof(record));
		return 0;
	}
	if (task->bpf_storage)
		subject = bpf_task_storage_get(&subjects, task, 0, 0);
	/* Who left an earlier session by an `unconfined` exec begins anew; who left this one is out. */
	if (subject && (subject->flags & CG_SUBJECT_FREE) && subject->cookie != entry.cookie) {
		bpf_task_storage_delete(&subjects, task);
		subject = 0;
	}
	if (!subject) {
		/* On 6.1 there may be one all the same, out of the helper's reach for the moment. */
		found = task->bpf_storage ? cg_storage_copy(task, &value) : 0;
		if (found == 0) {
			begin_subject(&value, &entry, task);
			value.entering = 1;
			subject = bpf_task_storage_get(&subjects, task, &value, BPF_LOCAL_STORAGE_GET_F_CREATE);
			if (subject)
				record.flags |= CG_TASK_FRESH;
		}
	}
	if (!subject) {
		record.flags |= CG_TASK_UNTOLD;
		bpf_seq_write(context->meta->seq, &record, sizeof(record));
		return 0;
	}
	if (subject->cookie == entry.cookie && !(subject->flags & CG_SUBJECT_FREE)) {
		cg_count(subject);
		if (subject->entering) {
			if (cg_in_fork(task))
				record.flags |= CG_TASK_FORKS;
			else
				subject->entering = 0;
		}
	}
	tell_subject(&record, subject);
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}

/*
 * A fork is through, and its child has not run yet. Attached while somebody is taken in, and as long as there is a cgroup whose members
 * are: a child may be born into it whose parent is outside (CLONE_INTO_CGROUP).
 */
SEC("tp_btf/task_newtask")
int BPF_PROG(enter_child, struct task_struct *child, unsigned long flags)
{
	struct task_struct *task = cg_current();
	struct cg_subject *parent = 0, *subject, value = {};
	struct entry entry = {};

	if (!by_process(task, &entry) && !by_cgroup(child, &entry))
		return 0;
	if (task->bpf_storage)
		parent = bpf_task_storage_get(&subjects, task, 0, 0);
	if (parent) {
		parent->entering = 0;
		/* An `unconfined` exec took it out, or another session has it: its children are no concern of this. */
		if ((parent->flags & CG_SUBJECT_FREE) ? parent->cookie == entry.cookie : parent->cookie != entry.cookie)
			return 0;
		if (parent->flags & CG_SUBJECT_FREE)
			parent = 0;
	}
	if (child->bpf_storage && bpf_task_storage_get(&subjects, child, 0, 0))
		return 0;
	begin_subject(&value, &entry, child);
	if (parent) {
		value.policy = parent->policy;
		value.mounts = parent->mounts;
		value.exe = parent->exe;
		value.filters = parent->filters;
	}
	subject = bpf_task_storage_get(&subjects, child, &value, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (subject)
		cg_count(subject);
	else
		__sync_fetch_and_add(entry.failed, 1);
	return 0;
}

extern int bpf_iter_task_new(struct bpf_iter_task *iterator, struct task_struct *task, unsigned int flags) __weak __ksym;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *iterator) __weak __ksym;
extern void bpf_iter_task_destroy(struct bpf_iter_task *iterator) __weak __ksym;

static __always_inline void enter_member(struct task_struct *task, struct cg_group *group)
{
	struct cg_subject *subject, value;
	struct entry entry;

	if ((task->flags & PF_KTHREAD) || cg_guarded(task))
		return;
	enter_by(task, group, &entry);
	subject = bpf_task_storage_get(&subjects, task, 0, 0);
	/* Another session's stays so; who left this one is out. */
	if (subject && (!(subject->flags & CG_SUBJECT_FREE) || subject->cookie == entry.cookie))
		return;
	if (subject)
		bpf_task_storage_delete(&subjects, task);
	begin_subject(&value, &entry, task);
	subject = bpf_task_storage_get(&subjects, task, &value, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (subject)
		cg_count(subject);
	else
		__sync_fetch_and_add(&group->failed, 1);
}

/*
 * Somebody was moved into a cgroup, by himself or by another: a thread, or a process with all of them. No fork of that process is under
 * way: whoever moves one holds its forks off (kernel/cgroup/cgroup.c: cgroup_attach_lock). Loaded where the kernel has the iterator (6.7).
 */
SEC("?tp_btf/cgroup_attach_task")
int BPF_PROG(enter_moved, struct cgroup *cgroup, const char *path, struct task_struct *task, bool whole)
{
	struct cg_group *group = group_of((__u64)cgroup);
	struct bpf_iter_task threads;
	struct task_struct *thread;

	if (!group)
		return 0;
	if (!whole) {
		enter_member(task, group);
		return 0;
	}
	bpf_iter_task_new(&threads, task, BPF_TASK_ITER_PROC_THREADS);
	while ((thread = bpf_iter_task_next(&threads)))
		enter_member(thread, group);
	bpf_iter_task_destroy(&threads);
	return 0;
}

/*
 * Lets every subject go whose session is being left (cg_session.ending), and takes away what stands in the storage of those who are no
 * subjects any more. One record for each that was one. Called until there is none: a fork of the last may have begun before.
 */
SEC("iter/task")
int leave_tasks(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct cg_survey_record record;
	struct cg_subject *subject, copy = {};
	struct cg_session *session;

	if (!task || !task->bpf_storage)
		return 0;
	subject = bpf_task_storage_get(&subjects, task, 0, 0);
	if (!subject) {
		if (cg_storage_copy(task, &copy) == 0) {
			/* A hook that began before its subject went may be at work in there: memory is freed after its end. */
			bpf_task_storage_delete(&scratches, task);
			return 0;
		}
		/* On 6.1: out of reach for the moment. The count tells that it is left. */
		return 0;
	}
	session = cg_session_of(subject);
	if (!session || session->ending != CG_FATE_LEFT)
		return 0;
	describe(&record, task);
	tell_subject(&record, subject);
	if (bpf_task_storage_delete(&subjects, task) == 0) {
		record.flags |= CG_TASK_FRESH;
		/* What it pointed to is there until this program ends: it is freed behind an RCU grace period. */
		cg_uncount(subject);
	}
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}
