/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What keeps subjects from those who watch them: supervisors, by thread group (`guards`), and callgate's own files, by inode
 * (`protections`), so that no other name, mount or descriptor leads round it. Asked only where something is to be changed;
 * reading pays nothing.
 */
#ifndef CALLGATE_GUARD_H
#define CALLGATE_GUARD_H
#include "judge.h"

/* Is the task a thread of a supervisor? A pid that was used again names another process; the start time tells (0: any). */
static __always_inline int cg_guarded(struct task_struct *task)
{
	__u32 group = BPF_CORE_READ(task, tgid);
	__u64 *guard = bpf_map_lookup_elem(&guards, &group);

	return guard && (!*guard || *guard == BPF_CORE_READ(task, group_leader, start_boottime));
}

/* May an inode of this number be protected? Most numbers say no, and no more need be read. */
static __always_inline int cg_marked(__u64 number)
{
	__u32 word = CG_MARK_WORD(number);
	__u64 *marks = bpf_map_lookup_elem(&protection_marks, &word);

	return !marks || (*marks >> CG_MARK_BIT(number) & 1);
}

/* CG_PROTECT_* of an inode; 0 where there is none. */
static __always_inline __u32 cg_protection_of(struct inode *inode)
{
	struct cg_inode key = {};
	__u32 *flags;

	if (!inode)
		return 0;
	key.inode = BPF_CORE_READ(inode, i_ino);
	key.device = BPF_CORE_READ(inode, i_sb, s_dev);
	key.directory = S_ISDIR(BPF_CORE_READ(inode, i_mode));
	flags = bpf_map_lookup_elem(&protections, &key);
	return flags ? *flags : 0;
}

/* Which part of the floor refuses these operations on a dentry; 0: none. */
__u32 cg_protected(struct dentry *dentry, __u32 operations);

#endif
