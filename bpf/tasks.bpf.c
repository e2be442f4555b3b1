// SPDX-License-Identifier: GPL-2.0-only
/* Called, not hooked: the list of subjects, and which file a launcher is about to run. */
#include "subject.h"

SEC("iter/task")
int list_subjects(struct bpf_iter__task *context)
{
	struct seq_file *seq = context->meta->seq;
	struct task_struct *task = context->task;
	struct cg_task_record record = {};
	struct cg_subject *subject, copy = {};

	if (!task || !task->bpf_storage)
		return 0;
	subject = bpf_task_storage_get(&subjects, task, 0, 0);
	if (subject) {
		if (!subject->policy || (subject->flags & CG_SUBJECT_FREE))
			return 0;
		/* A task that was marked: counted here, before its launcher lets it go. */
		cg_count(subject);
		if (subject->flags & CG_SUBJECT_FREE) {
			/* It left between the two: cg_leave() found nothing to take back. */
			cg_leave(subject);
			return 0;
		}
		copy = *subject;
	} else if (cg_storage_copy(task, &copy) != 1 || !copy.policy || (copy.flags & CG_SUBJECT_FREE)) {
		return 0;
	}
	record.pid = task->tgid;
	record.tid = task->pid;
	record.policy = copy.policy;
	record.session = copy.session;
	record.cookie = copy.cookie;
	record.serial = copy.serial;
	record.flags = copy.flags;
	/* Past exit_notify() (kernel/exit.c), behind all that it did on its way: nothing of it can act any more. */
	if (task->exit_state)
		record.flags |= CG_SUBJECT_DEAD;
	record.start = task->group_leader->start_boottime;
	record.ppid = task->real_parent->tgid;
	record.uid = task->real_cred->uid.val;
	/* JOBCTL_STOPPED is younger than 6.1; a group stop shows as __TASK_STOPPED (4) on all of them */
	record.stopped = (BPF_CORE_READ(task, __state) & 4) != 0;
	__builtin_memcpy(record.comm, task->comm, sizeof(record.comm));
	bpf_seq_write(seq, &record, sizeof(record));
	return 0;
}

SEC("syscall")
int identify(struct cg_identity *identity)
{
	struct task_struct *task = cg_current();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file *file = 0;
	__u32 number = identity->fd;

	identity->inode = 0;
	if (number >= BPF_CORE_READ(table, max_fds))
		return 0;
	if (bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + number) || !file)
		return 0;
	identity->device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	identity->inode = BPF_CORE_READ(file, f_inode, i_ino);
	return 0;
}
