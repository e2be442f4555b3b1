// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of a subject's tree of files.
 *
 *   path_chroot   chroot   refused by the floor under a policy of version 1
 *
 * Paths are told from the root of the mount namespace, whatever the root of the caller is, so a chroot opens nothing.
 */
#include "later.h"

SEC("lsm/path_chroot")
int BPF_PROG(path_chroot, const struct path *path)
{
	struct cg_entry entry;
	struct cg_access *access;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	access = &entry.scratch->access;
	if (!cg_has_later())
		return cg_floor(entry.subject, entry.scratch, CG_FLOOR_CHROOT);
	/* Nothing that a file system does for itself: no file system changes a root. */
	cg_path_object(entry.scratch, entry.subject, (__u64)path->mnt, (__u64)path->dentry);
	cg_later(access, CG_CHROOT, 1);
	if (cg_decide_closed(entry.subject, entry.scratch))
		return cg_conclude(entry.subject, entry.scratch);
	cg_begin(entry.scratch);
	return cg_floor(entry.subject, entry.scratch, CG_FLOOR_CHROOT);
}
