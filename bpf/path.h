/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CALLGATE_PATH_H
#define CALLGATE_PATH_H
#include "maps.h"

enum cg_climb_status {
	CG_CLIMB_GOING = 0,
	CG_CLIMB_TOP = 1,         /* reached the root mount of its namespace */
	CG_CLIMB_LIMIT = 2,       /* stopped after the wanted number of components */
	CG_CLIMB_UNREACHABLE = 3, /* a dentry without a parent that is no mount's root */
	CG_CLIMB_RACE = 4,        /* a dentry was being moved */
	CG_CLIMB_READ = 5,
	CG_CLIMB_NAME = 6,
};

/* A path's attempts before it is given up as CG_UNRESOLVED_RACE: a rename loop moves one dentry at a time, and four
 * full walks in a row hitting it is not chance but a loop aimed at us, which must not hold the CPU. */
#define CG_RETRIES 4

/*
 * Sets up `access` for the object of a path: a path, or a kind where it has none.
 * `leaf` is the dentry judged, `vfsmount` where it is looked at from. Returns 1 if the access is internal to a stacking
 * file system and was judged already.
 */
int cg_path_object(struct cg_scratch *scratch, struct cg_subject *subject, __u64 vfsmount, __u64 leaf, __u32 file_mode);

/*
 * Climbs from access.mount and access.dentry towards the root, at most `limit` components; fills in scratch->climb and
 * the ring scratch->walk.
 */
int cg_climb(struct cg_scratch *scratch, __u32 limit);

/* Reads dentry's name into scratch->name (zero padded to 24 bytes); its length, or 0 where it could not be read. */
__u32 cg_name(struct cg_scratch *scratch, __u64 dentry);

/* One dentry's part in cg_climb.stamp. The odd constants make it improbable that two different sets give one sum. */
static __always_inline __u64 cg_stamp(__u64 dentry, __u32 sequence)
{
	return (dentry ^ ((__u64)sequence * 0x9E3779B97F4A7C15ull)) * 0xD6E8FEB86659FD93ull;
}

static __always_inline int cg_dentry_sequence(__u64 dentry, __u32 *sequence)
{
	return bpf_core_read(sequence, sizeof(*sequence), &((struct dentry *)dentry)->d_seq.seqcount.sequence);
}

/* The kernel's mount_lock sequence; odd while mounts change (or where it cannot be read, which no climb then trusts). */
__u32 cg_mount_lock(void);

#endif
