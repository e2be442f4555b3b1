// SPDX-License-Identifier: GPL-2.0-only
/* Files that no subject may change; see guard.h. */
#include "guard.h"

/* Operations that change a file, its name or what is told of it. */
#define CHANGES                                                                                             \
	(CG_BIT(CG_WRITE) | CG_BIT(CG_CREATE) | CG_BIT(CG_DELETE) | CG_BIT(CG_LINK) | CG_BIT(CG_MKNOD) |       \
	 CG_BIT(CG_CHMOD) | CG_BIT(CG_CHOWN))

/* A file of /proc about a supervisor or one of its threads (fs/proc/internal.h: proc_inode.pid). */
static __always_inline int is_about_supervisor(struct inode *inode)
{
	struct proc_inode *proc = (void *)((__u64)inode - bpf_core_field_offset(struct proc_inode, vfs_inode));
	struct pid *pid = BPF_CORE_READ(proc, pid);
	__u64 link;

	if (!pid)
		return 0;
	link = (__u64)BPF_CORE_READ(pid, tasks[PIDTYPE_PID].first);
	if (!link)
		return 0;
	return cg_guarded((void *)(link - bpf_core_field_offset(struct task_struct, pid_links)));
}

/*
 * Files by which a task is put into a cgroup, where it can be frozen, killed or starved. Which task is written into them
 * cannot be told when they are opened, and a subject shares its supervisor's cgroup to begin with.
 */
static __always_inline int is_membership(struct dentry *dentry)
{
	struct qstr name = BPF_CORE_READ(dentry, d_name);
	char text[16] = {};
	__u64 *words = (__u64 *)text;

	if (name.len != 5 && name.len != 12 && name.len != 14)
		return 0;
	if (bpf_probe_read_kernel(text, name.len & 15, name.name))
		return 1;
	if (name.len == 5)
		return words[0] == 0x736b736174ull; /* "tasks" */
	if (words[0] != 0x702e70756f726763ull && words[0] != 0x742e70756f726763ull) /* "cgroup.p", "cgroup.t" */
		return 0;
	return words[1] == 0x73636f72ull /* "rocs" */ || words[1] == 0x736461657268ull /* "hreads" */;
}

__hidden __u32 cg_protected(struct dentry *dentry, __u32 operations)
{
	struct inode *inode;
	__u64 magic;
	__u32 own, above;

	if (!dentry || !(operations & CHANGES))
		return 0;
	inode = BPF_CORE_READ(dentry, d_inode);
	own = cg_protection_of(inode);
	if ((own & CG_PROTECT_SEALED) || ((own & CG_PROTECT_FIXED) && (operations & CG_BIT(CG_DELETE))))
		return CG_FLOOR_FILES;
	/* Of a root, the parent is the root itself. */
	above = cg_protection_of(BPF_CORE_READ(dentry, d_parent, d_inode));
	if (above & CG_PROTECT_ENTRIES)
		return CG_FLOOR_FILES;
	magic = BPF_CORE_READ(dentry, d_sb, s_magic);
	if (magic == PROC_SUPER_MAGIC && inode && is_about_supervisor(inode))
		return CG_FLOOR_SUPERVISOR;
	if ((magic == CGROUP2_SUPER_MAGIC || magic == CGROUP_SUPER_MAGIC) && (operations & CG_BIT(CG_WRITE))) {
		if (above & CG_PROTECT_CONTROLS)
			return CG_FLOOR_SUPERVISOR;
		if (is_membership(dentry))
			return CG_FLOOR_CGROUP;
	}
	return 0;
}
