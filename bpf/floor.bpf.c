// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hard-wired floor: what would let a subject out of its policy in one call is refused, whatever the policy says.
 * Version 2 of the language has the words to permit some of it (place.bpf.c, capable.bpf.c); version 1 has none. Here: mounts, namespaces, code of the
 * kernel's and other tasks. What takes a capability is in capable.bpf.c, the supervisor in guard.bpf.c, callgate's own
 * files in guard.h, the terminal in terminal.bpf.c.
 */
#include "guard.h"

#define FLOOR(hook, reason, ...)                                     \
	SEC("lsm/" #hook)                                            \
	int BPF_PROG(hook, ##__VA_ARGS__)                   \
	{                                                            \
		struct cg_entry entry;                               \
		int verdict = 0;                                   \
                                                                     \
		if (!cg_enter(&entry, &verdict))              \
			return verdict;                              \
		return cg_floor(entry.subject, entry.scratch, reason); \
	}

FLOOR(sb_mount, CG_FLOOR_MOUNT, const char *dev, const struct path *path, const char *type, unsigned long flags,
      void *data)
FLOOR(sb_remount, CG_FLOOR_MOUNT, struct super_block *sb, void *options)
FLOOR(sb_umount, CG_FLOOR_UMOUNT, struct vfsmount *mount, int flags)
FLOOR(sb_pivotroot, CG_FLOOR_PIVOT_ROOT, const struct path *old_path, const struct path *new_path)
FLOOR(move_mount, CG_FLOOR_MOVE_MOUNT, const struct path *from, const struct path *to)
FLOOR(userns_create, CG_FLOOR_NAMESPACE, const struct cred *cred)
FLOOR(bpf, CG_FLOOR_BPF, int cmd, union bpf_attr *attr, unsigned int size)

/* Loading code into the kernel: modules, kexec images, firmware asked for by a subject. */
FLOOR(kernel_read_file, CG_FLOOR_MODULE, struct file *file, int id, bool contents)
FLOOR(kernel_load_data, CG_FLOOR_MODULE, int id, bool contents)

/* "[io_uring]": the ring's own inode; io_uring_setup(2) has no hook of its own before 6.15. */
SEC("lsm/inode_init_security_anon")
int BPF_PROG(inode_init_security_anon, struct inode *inode, const struct qstr *name, const struct inode *context)
{
	struct cg_entry entry;
	int verdict = 0;
	char text[12] = {};

	if (!cg_enter(&entry, &verdict))
		return verdict;
	if (BPF_CORE_READ(name, len) != 10 || bpf_probe_read_kernel(text, 10, BPF_CORE_READ(name, name)))
		return 0;
	if (*(__u64 *)text != 0x6e6972755f6f695bull /* "[io_urin" */ || text[8] != 'g')
		return 0;
	return cg_floor(entry.subject, entry.scratch, CG_FLOOR_IO_URING);
}

/*
 * Reading and writing another's memory, stopping it, taking its descriptors (PTRACE_MODE_ATTACH), and entering its
 * namespaces by pidfd (setns asks for PTRACE_MODE_READ_REALCREDS). The plain read mode is what ps(1) needs of /proc,
 * whose files are judged by path. kcmp, move_pages, migrate_pages, pidfd_getfd, process_vm_* and the files of /proc that
 * show memory all come here (kernel/kcmp.c, mm/migrate.c, kernel/pid.c, mm/process_vm_access.c, fs/proc/base.c).
 */
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
