/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CALLGATE_MOUNTS_H
#define CALLGATE_MOUNTS_H
#include "later.h"

/* Is the call one about mounts that no policy permits? Then its name is the object of the floor's event. */
static __always_inline int cg_names_mount_call(struct cg_access *access)
{
	switch (cg_other_mount_call()) {
	case CG_SYSCALL_PIVOT_ROOT:
		CG_WORD(access, "pivot_root");
		return 1;
	case CG_SYSCALL_OPEN_TREE:
		CG_WORD(access, "open_tree");
		return 1;
	case CG_SYSCALL_MOVE_MOUNT:
		CG_WORD(access, "move_mount");
		return 1;
	case CG_SYSCALL_FSOPEN:
		CG_WORD(access, "fsopen");
		return 1;
	case CG_SYSCALL_FSCONFIG:
		CG_WORD(access, "fsconfig");
		return 1;
	case CG_SYSCALL_FSMOUNT:
		CG_WORD(access, "fsmount");
		return 1;
	case CG_SYSCALL_FSPICK:
		CG_WORD(access, "fspick");
		return 1;
	case CG_SYSCALL_MOUNT_SETATTR:
		CG_WORD(access, "mount_setattr");
		return 1;
	case CG_SYSCALL_OPEN_TREE_ATTR:
		CG_WORD(access, "open_tree_attr");
		return 1;
	}
	return 0;
}

#endif
