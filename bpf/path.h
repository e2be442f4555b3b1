/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CALLGATE_PATH_H
#define CALLGATE_PATH_H
#include "maps.h"

/* What the next step of a walk does. */
enum cg_phase {
	CG_UP = 0,
	CG_DOWN = 1,
	CG_DONE = 2, /* ended: unresolved and unreachable say how */
	CG_AGAIN = 3, /* something moved: from the start */
};

/* Steps a walk may take: each retry climbs a path of CG_DEPTH_MAX once for each piece of CG_WALK, and comes down once. */
#define CG_STEPS_MAX (CG_RETRIES * CG_DEPTH_MAX * (CG_DEPTH_MAX / CG_WALK + 3))

/* A path's attempts before it is given up as CG_UNRESOLVED_RACE: a rename loop moves one dentry at a time, and four
 * full walks in a row hitting it is not chance but a loop aimed at us, which must not hold the CPU. */
#define CG_RETRIES 4

/* The same of access.mount, still a struct vfsmount, and access.dentry. A global function: see judge.h. */
int cg_find_object(struct cg_scratch *scratch, struct cg_subject *subject);

/*
 * Sets up `access` for the object of a path: a path, or a kind where it has none.
 * `leaf` is the dentry judged, `vfsmount` where it is looked at from. Returns 1 if the access is internal to a stacking
 * file system and was judged already.
 */
static __always_inline int cg_path_object(struct cg_scratch *scratch, struct cg_subject *subject, __u64 vfsmount, __u64 leaf)
{
	/* Through memory: to the verifier these are pointers to kernel structs, and a global function takes none. */
	scratch->access.mount = vfsmount;
	scratch->access.dentry = leaf;
	return cg_find_object(scratch, subject);
}

/* Starts a walk at access.mount and access.dentry. */
void cg_walk_start(struct cg_scratch *scratch);

/*
 * One step, called from bpf_loop until the phase is CG_DONE. On the way down it leaves the component's name in
 * scratch->name and returns its length, which the caller uses at once; else it returns 0.
 */
__u32 cg_walk_step(struct cg_scratch *scratch);

/* Adds the component in scratch->name to the text. What does not fit leaves `at` behind `bytes`, and is seen at the end. */
static __always_inline void cg_put_name(struct cg_scratch *scratch, __u32 length)
{
	struct cg_climb *climb = &scratch->climb;
	__u32 at;

	if (climb->at + length + 1 > CG_TEXT) {
		climb->at = CG_TEXT;
		return;
	}
	at = CG_BOUND(climb->at, CG_TEXT);
	scratch->text[at] = '/';
	length &= CG_NAME_MAX;
	if (length < CG_INLINE_BYTES) {
		__u64 *words = (__u64 *)scratch->name;

		/* Whole words, and what stands behind the name is written over or left out. */
		for (int i = 0; i < CG_INLINE_BYTES / 8; i++)
			*(__u64 *)&scratch->text[at + 1 + 8 * i] = words[i];
	} else if (bpf_probe_read_kernel(&scratch->text[at + 1], length, scratch->name)) {
		return;
	}
	climb->at = at + 1 + length;
}

/* The walk that put every name is over: is the text whole? */
static __always_inline void cg_end_text(struct cg_scratch *scratch)
{
	struct cg_climb *climb = &scratch->climb;

	if (climb->phase != CG_DONE || climb->unresolved || climb->unreachable)
		return;
	if (!climb->count) {
		scratch->text[0] = '/';
		climb->bytes = climb->at = 1;
	}
	climb->written = climb->at == climb->bytes;
}

/* Reads dentry's name into scratch->name (zero padded to 24 bytes); its length, or 0 where it could not be read. */
__u32 cg_name(struct cg_scratch *scratch, __u64 dentry);

/* One dentry's part in cg_climb.stamp. The odd constants make it improbable that two different sets give one sum. */
static __always_inline __u64 cg_stamp(__u64 dentry, __u32 sequence)
{
	return (dentry ^ ((__u64)sequence * 0x9E3779B97F4A7C15ull)) * 0xD6E8FEB86659FD93ull;
}

#endif
