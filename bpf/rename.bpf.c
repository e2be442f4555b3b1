// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names that are given to what has one already.
 *
 *   path_link        link of the old name, create of the new
 *   path_rename      delete of the old name, create of the new, delete of a file that is replaced
 */
#include "object.h"

SEC("lsm/path_link")
int BPF_PROG(path_link, struct dentry *old_dentry, const struct path *new_dir, struct dentry *new_dentry)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	/* The hook has no mount for the old name; link(2) refuses to cross one (EXDEV), so it is the new one's. */
	verdict = judge_path(&entry, new_dir, old_dentry, CG_BIT(CG_LINK));
	if (verdict)
		return verdict;
	cg_begin(entry.scratch);
	return judge_path(&entry, new_dir, new_dentry, CG_BIT(CG_CREATE));
}

/* The two ends of a rename. Two programs share the work, one an end, so that each is small enough for 6.1's verifier. */
static __always_inline int judge_old_end(struct cg_entry *entry, const struct path *old_dir, struct dentry *old_dentry,
				    __u32 flags)
{
	return judge_path(entry, old_dir, old_dentry,
			  flags & RENAME_EXCHANGE ? CG_BIT(CG_DELETE) | CG_BIT(CG_CREATE) : CG_BIT(CG_DELETE));
}

SEC("lsm/path_rename")
int BPF_PROG(path_rename, const struct path *old_dir, struct dentry *old_dentry, const struct path *new_dir,
	     struct dentry *new_dentry, unsigned int flags)
{
	struct cg_entry entry;
	int verdict = 0;
	__u32 operations = CG_BIT(CG_CREATE);

	if (!cg_enter(&entry, &verdict))
		return verdict;
	verdict = judge_old_end(&entry, old_dir, old_dentry, flags);
	if (verdict)
		return verdict;
	cg_begin(entry.scratch);
	/* What stands at the new name goes: replaced, or (RENAME_EXCHANGE) moved to the old one. */
	if (BPF_CORE_READ(new_dentry, d_inode))
		operations |= CG_BIT(CG_DELETE);
	return judge_path(&entry, new_dir, new_dentry, operations);
}
