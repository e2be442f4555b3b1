/* SPDX-License-Identifier: GPL-2.0-only */
/* An attempt on one path, from facts to report: what most hooks on files come to. */
#ifndef CALLGATE_OBJECT_H
#define CALLGATE_OBJECT_H
#include "guard.h"
#include "judge.h"

/* The gate's own pins: no subject touches a bpffs, whatever its policy says. */
static __always_inline int in_bpffs(struct dentry *dentry)
{
	return BPF_CORE_READ(dentry, d_sb, s_magic) == BPF_FS_MAGIC;
}

/* Facts, verdict and report of an attempt on one path. */
static __noinline int judge_path(struct cg_entry *entry, const struct path *path, struct dentry *leaf, __u32 operations)
{
	__u32 floor;

	if (!entry || !entry->subject || !entry->scratch)
		return -EPERM;
	if (in_bpffs(leaf) && operations != CG_BIT(CG_STAT))
		return cg_floor(entry->subject, entry->scratch, CG_FLOOR_GATE);
	floor = cg_protected(leaf, operations);
	if (floor) {
		cg_facts_path(entry->subject, entry->scratch, path, leaf, operations);
		return cg_floor(entry->subject, entry->scratch, floor);
	}
	if (cg_facts_path(entry->subject, entry->scratch, path, leaf, operations))
		return 0;
	return cg_judge(entry->subject, entry->scratch);
}

#endif
