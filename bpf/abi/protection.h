/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that no subject may change, whatever its policy says: callgate's own, and the cgroups of supervisors. */
#ifndef CALLGATE_ABI_PROTECTION_H
#define CALLGATE_ABI_PROTECTION_H
#include "types.h"

/* A file as the kernel knows it; what stat(2) answers on overlayfs is a layer's. */
struct cg_inode {
	__u64 inode;
	__u32 device; /* kernel's dev_t: major << 20 | minor */
	__u32 directory; /* 1: it is one. overlayfs numbers directories by themselves, and files as their layers do (fs/overlayfs/inode.c: ovl_map_ino) */
};
CG_ASSERT(sizeof(struct cg_inode) == 16, "key of a hash map: no padding but the one that is written");

/*
 * A bit for each number that a protected inode has or had, in words: where it is not set there is nothing to look up. Set before
 * the inode is in `protections`, and never cleared.
 */
#define CG_MARK_WORDS 64
#define CG_MARK_BIT(inode) ((inode) & 63)
#define CG_MARK_WORD(inode) ((inode) >> 6 & (CG_MARK_WORDS - 1))

/* The values of `protections`, added up. */
#define CG_PROTECT_ENTRIES 1u  /* a folder: nothing directly in it may be made, written, linked, renamed, removed, locked */
#define CG_PROTECT_FIXED 2u    /* may not be renamed, exchanged or removed: a protected folder lies below */
#define CG_PROTECT_SEALED 4u   /* may not be changed itself, by whichever name */
#define CG_PROTECT_CONTROLS 8u /* a cgroup: its files may not be written; cgroups may be made below it */

#endif
