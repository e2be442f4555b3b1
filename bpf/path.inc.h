/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a dentry and a mount to the components of a path.
 *
 * A path is climbed from the leaf along d_parent, over mount points to the parent mount, until the root mount of the
 * namespace; then its components are taken on the way down. The dentries met are kept in a ring of CG_WALK; a deeper path
 * is climbed again for each further piece. All is one flat loop of steps, because nested loops multiply what the
 * verifier has to look at. Nothing is locked: each dentry's d_seq is added to a stamp on the way up and taken off again after
 * its name was used, so a stamp of 0 at the end proves that every name and every parent was in place at one moment (the
 * end of the way up). Where a mount was crossed, the kernel's mount_lock sequence proves the same for the mounts.
 * (fs/dcache.c: __d_move bumps d_seq of what it moves; fs/namespace.c: every attach and detach holds mount_lock.)
 *
 * Part of fast.bpf.c, for its way to read fields (compat.h). A bad address reads 0: nobody's parent, and no name.
 */

/* The sb root of a procfs mount, whose children are processes; 0: it is another. */
static __always_inline __u64 proc_root_of(__u64 mount_root)
{
	struct dentry *root = CG_AS(struct dentry, mount_root);
	struct super_block *sb = CG_OF(root, d_sb);

	return CG_OF(sb, s_magic) == PROC_SUPER_MAGIC ? (__u64)CG_OF(sb, s_root) : 0;
}

static __always_inline __u64 own_pid(void)
{
	struct signal_struct *signal = CG_AS(struct signal_struct, cg_current()->signal);

	return (__u64)CG_OF(signal, pids[PIDTYPE_TGID]);
}

static __always_inline int is_own(__u64 address, __u64 pid)
{
	struct dentry *dentry = CG_AS(struct dentry, address);
	__u64 inode = (__u64)CG_OF(dentry, d_inode), its;
	struct proc_inode *process;

	if (!inode)
		return 0;
	process = CG_AS(struct proc_inode, inode - bpf_core_field_offset(struct proc_inode, vfs_inode));
	its = (__u64)CG_OF(process, pid);
	return its && its == pid;
}

__hidden __u32 cg_name(struct cg_scratch *scratch, __u64 address)
{
	struct dentry *dentry = CG_AS(struct dentry, address);
	__u32 length;

	if (!scratch)
		return 0;
	__u64 *words = (__u64 *)scratch->name;
	words[0] = words[1] = words[2] = 0;
	if (address == scratch->climb.self) {
		__builtin_memcpy(scratch->name, "self", 4);
		return 4;
	}
	length = CG_OF(dentry, d_name.len);
	/* Where a read is no call. Without a branch, each of which the verifier would follow. */
	if (cg_has_cast() && length < CG_INLINE_BYTES) {
		__u64 last = CG_BOUND(length / 8, CG_INLINE_BYTES / 8);

		for (int i = 0; i < CG_INLINE_BYTES / 8; i++)
			words[i] = cg_inline_word(dentry, i);
		words[last] &= cg_low_bytes(length);
		words[last + 1] = words[last + 2] = words[last + 3] = 0;
		return length;
	}
	if (length > CG_NAME_MAX)
		return 0;
	length &= CG_NAME_MAX;
	if (bpf_probe_read_kernel(scratch->name, length, CG_OF(dentry, d_name.name)))
		return 0;
	return length;
}

/* The dentry that a mount shows at its place; 0 where that cannot be read. */
static __always_inline __u64 root_of(__u64 address)
{
	struct mount *mount = CG_AS(struct mount, address);

	return (__u64)CG_OF(mount, mnt.mnt_root);
}

__hidden void cg_walk_start(struct cg_scratch *scratch)
{
	struct cg_climb *climb;

	if (!scratch)
		return;
	climb = &scratch->climb;
	climb->dentry = scratch->access.dentry;
	climb->mount = scratch->access.mount;
	climb->own_pid = own_pid();
	climb->self = 0;
	climb->stamp = 0;
	climb->phase = CG_UP;
	climb->again = 0;
	climb->met = 0;
	climb->count = 0;
	climb->limit = CG_DEPTH_MAX;
	climb->crossed = 0;
	climb->bytes = 0;
	climb->state = 0;
	climb->unresolved = CG_RESOLVED;
	climb->unreachable = 0;
	climb->at = 0;
	climb->offset = 0;
	climb->written = 0;
	climb->mount_lock = cg_sequence_of((__u64)&mount_lock);
	climb->mount_root = root_of(climb->mount);
	if (!climb->mount_root) {
		climb->unresolved = CG_UNRESOLVED_READ;
		climb->phase = CG_DONE;
		return;
	}
	climb->proc_root = proc_root_of(climb->mount_root);
}

static __always_inline __u32 end(struct cg_climb *climb, __u32 unresolved)
{
	climb->unresolved = unresolved;
	climb->phase = CG_DONE;
	return 0;
}

/* Something moved: from the start again, or given up. A phase, not a call: the verifier allows 8 frames in all. */
static __always_inline __u32 restart(struct cg_climb *climb)
{
	/* Parts of a text that are sent cannot be called back. */
	if (climb->offset || ++climb->retries >= CG_RETRIES)
		return end(climb, CG_UNRESOLVED_RACE);
	climb->phase = CG_AGAIN;
	return 0;
}

/* The way up is over: turn round, at the top or at the component where the piece above begins. */
static __always_inline void turn(struct cg_climb *climb)
{
	if (!climb->again) {
		climb->count = climb->met;
		climb->next = climb->met;
	}
	climb->low = climb->next > CG_WALK ? climb->next - CG_WALK : 0;
	climb->phase = CG_DOWN;
}

/* Some mount changed since the climb began, so that mounts read at different times need not go together. */
static __always_inline int mounts_moved(struct cg_climb *climb)
{
	return (climb->mount_lock & 1) || cg_sequence_of((__u64)&mount_lock) != climb->mount_lock;
}

static __always_inline int is_namespace_root(__u64 mount)
{
	struct mount *top = CG_AS(struct mount, mount);
	struct mnt_namespace *namespace = CG_OF(top, mnt_ns);

	return (__u64)CG_OF(namespace, root) == mount;
}

static __always_inline __u32 step_up(struct cg_scratch *scratch)
{
	struct cg_climb *climb;
	struct dentry *dentry;
	__u32 sequence, length;
	__u64 address, parent;

	climb = &scratch->climb;
	address = climb->dentry;
	if (address == climb->mount_root) {
		struct mount *mount = CG_AS(struct mount, climb->mount);
		__u64 above = (__u64)CG_OF(mount, mnt_parent);

		if (!above)
			return end(climb, CG_UNRESOLVED_READ);
		if (above == climb->mount) {
			/*
			 * The namespace's root, or a mount that moves: between its places it is its own parent
			 * (fs/namespace.c: unhash_mnt).
			 */
			if (!is_namespace_root(climb->mount)) {
				if (mounts_moved(climb))
					return restart(climb);
				climb->unreachable = 1;
				return end(climb, CG_RESOLVED);
			}
			/* Fewer components than the first time */
			if (climb->again)
				return restart(climb);
			turn(climb);
			return 0;
		}
		climb->dentry = (__u64)CG_OF(mount, mnt_mountpoint);
		climb->mount_root = root_of(above);
		if (!climb->dentry || !climb->mount_root)
			return end(climb, CG_UNRESOLVED_READ);
		climb->mount = above;
		climb->proc_root = proc_root_of(climb->mount_root);
		climb->crossed++;
		return 0;
	}
	if (climb->met >= climb->limit) {
		if (!climb->again)
			return end(climb, CG_UNRESOLVED_DEPTH);
		turn(climb);
		return 0;
	}
	dentry = CG_AS(struct dentry, address);
	sequence = CG_OF(dentry, d_seq.seqcount.sequence);
	if (sequence & 1)
		return restart(climb);
	parent = (__u64)CG_OF(dentry, d_parent);
	length = CG_OF(dentry, d_name.len);
	if (!parent)
		return end(climb, CG_UNRESOLVED_READ);
	if (parent == address) {
		/* A mount that moves between two others is met with the parent of one place and the mount point of the other. */
		if (climb->crossed && mounts_moved(climb))
			return restart(climb);
		climb->unreachable = 1;
		return end(climb, CG_RESOLVED);
	}
	scratch->walk[CG_BOUND(climb->met, CG_WALK)] = address;
	climb->met++;
	climb->dentry = parent;
	if (climb->again)
		return 0;
	if (climb->proc_root && parent == climb->proc_root && is_own(address, climb->own_pid)) {
		climb->self = address;
		length = 4;
	}
	if (length > CG_NAME_MAX)
		return end(climb, CG_UNRESOLVED_NAME);
	climb->stamp += cg_stamp(address, sequence);
	climb->bytes += length + 1;
	return 0;
}

static __always_inline __u32 step_down(struct cg_scratch *scratch)
{
	struct cg_climb *climb;
	struct dentry *dentry;
	__u64 address;
	__u32 length;

	climb = &scratch->climb;
	if (!climb->next) {
		/* A mount that changed while none was crossed changes nothing about this path. */
		if (climb->stamp || (climb->crossed && mounts_moved(climb)))
			return restart(climb);
		return end(climb, CG_RESOLVED);
	}
	if (climb->next == climb->low) {
		climb->dentry = scratch->access.dentry;
		climb->mount = scratch->access.mount;
		climb->mount_root = root_of(climb->mount);
		if (!climb->mount_root)
			return end(climb, CG_UNRESOLVED_READ);
		climb->again = 1;
		climb->met = 0;
		climb->limit = climb->next;
		climb->phase = CG_UP;
		return 0;
	}
	climb->next--;
	address = scratch->walk[CG_BOUND(climb->next, CG_WALK)];
	length = cg_name(scratch, address);
	if (!length)
		return end(climb, CG_UNRESOLVED_READ);
	dentry = CG_AS(struct dentry, address);
	climb->stamp -= cg_stamp(address, CG_OF(dentry, d_seq.seqcount.sequence));
	return length;
}

__hidden __u32 cg_walk_step(struct cg_scratch *scratch)
{
	if (!scratch)
		return 0;
	if (scratch->climb.phase == CG_AGAIN)
		cg_walk_start(scratch);
	return scratch->climb.phase == CG_UP ? step_up(scratch) : step_down(scratch);
}
