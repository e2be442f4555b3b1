// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a dentry and a mount to the components of a path.
 *
 * A path is climbed from the leaf along d_parent, over mount points to the parent mount, until the root mount of the
 * namespace; then its components are taken on the way down. The dentries met are kept in a ring of CG_WALK; a deeper path
 * is climbed again for each further piece. All is one flat loop of steps, because nested loops multiply what the
 * verifier has to look at. No
 * string is built and nothing is locked: each dentry's d_seq is added to a stamp on the way up and taken off again after
 * its name was used, so a stamp of 0 at the end proves that every name and every parent was in place at one moment (the
 * end of the way up). Where a mount was crossed, the kernel's mount_lock sequence proves the same for the mounts.
 * (fs/dcache.c: __d_move bumps d_seq of what it moves; fs/namespace.c: every attach and detach holds mount_lock.)
 */
#include "path.h"

/* The kernel's mount_lock sequence; odd while mounts change (or where it cannot be read, which no walk then trusts). */
static __always_inline __u32 mount_sequence(__u64 lock)
{
	__u32 sequence = 1;

	if (bpf_probe_read_kernel(&sequence, sizeof(sequence), (void *)lock))
		return 1;
	return sequence;
}

/* The sb root of a procfs mount, whose children are processes. */
static __always_inline __u64 proc_root_of(__u64 mount_root)
{
	__u64 sb = 0, magic = 0, root = 0;
	if (CG_READ_FIELD(&sb, struct dentry, mount_root, d_sb) || CG_READ_FIELD(&magic, struct super_block, sb, s_magic))
		return 0;
	if (magic != PROC_SUPER_MAGIC || CG_READ_FIELD(&root, struct super_block, sb, s_root))
		return 0;
	return root;
}

static __always_inline __u64 own_pid(void)
{
	struct task_struct *task = cg_current();
	return (__u64)BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]);
}

static __always_inline int is_own(__u64 dentry, __u64 pid)
{
	__u64 inode = 0, its = 0;
	if (CG_READ_FIELD(&inode, struct dentry, dentry, d_inode) || !inode)
		return 0;
	inode -= bpf_core_field_offset(struct proc_inode, vfs_inode);
	if (CG_READ_FIELD(&its, struct proc_inode, inode, pid))
		return 0;
	return its && its == pid;
}

__hidden __u32 cg_name(struct cg_scratch *scratch, __u64 dentry)
{
	struct qstr name;
	__u32 length;

	if (!scratch)
		return 0;
	__u64 *words = (__u64 *)scratch->name;
	words[0] = words[1] = words[2] = 0;
	if (dentry == scratch->climb.self) {
		__builtin_memcpy(scratch->name, "self", 4);
		return 4;
	}
	if (CG_READ_FIELD(&name, struct dentry, dentry, d_name))
		return 0;
	length = name.len;
	if (length > CG_NAME_MAX)
		return 0;
	length &= CG_NAME_MAX;
	if (bpf_probe_read_kernel(scratch->name, length, name.name))
		return 0;
	return length;
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
	climb->mount_lock = mount_sequence(climb->lock);
	if (CG_READ_FIELD(&climb->mount_root, struct mount, climb->mount, mnt.mnt_root)) {
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
	return (climb->mount_lock & 1) || mount_sequence(climb->lock) != climb->mount_lock;
}

static __always_inline int is_namespace_root(__u64 mount)
{
	__u64 namespace = 0, root = 0;

	if (CG_READ_FIELD(&namespace, struct mount, mount, mnt_ns) ||
	    CG_READ_FIELD(&root, struct mnt_namespace, namespace, root))
		return 0;
	return root == mount;
}

static __always_inline __u32 step_up(struct cg_scratch *scratch)
{
	struct cg_climb *climb;
	__u64 dentry, parent = 0;
	struct qstr name;
	__u32 sequence;

	climb = &scratch->climb;
	dentry = climb->dentry;
	if (dentry == climb->mount_root) {
		__u64 above = 0;
		if (CG_READ_FIELD(&above, struct mount, climb->mount, mnt_parent))
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
		if (CG_READ_FIELD(&climb->dentry, struct mount, climb->mount, mnt_mountpoint) ||
		    CG_READ_FIELD(&climb->mount_root, struct mount, above, mnt.mnt_root))
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
	if (cg_dentry_sequence(dentry, &sequence))
		return end(climb, CG_UNRESOLVED_READ);
	if (sequence & 1)
		return restart(climb);
	if (CG_READ_FIELD(&parent, struct dentry, dentry, d_parent) || CG_READ_FIELD(&name, struct dentry, dentry, d_name))
		return end(climb, CG_UNRESOLVED_READ);
	if (parent == dentry) {
		/* A mount that moves between two others is met with the parent of one place and the mount point of the other. */
		if (climb->crossed && mounts_moved(climb))
			return restart(climb);
		climb->unreachable = 1;
		return end(climb, CG_RESOLVED);
	}
	scratch->walk[CG_BOUND(climb->met, CG_WALK)] = dentry;
	climb->met++;
	climb->dentry = parent;
	if (climb->again)
		return 0;
	if (climb->proc_root && parent == climb->proc_root && is_own(dentry, climb->own_pid)) {
		climb->self = dentry;
		name.len = 4;
	}
	if (name.len > CG_NAME_MAX)
		return end(climb, CG_UNRESOLVED_NAME);
	climb->stamp += cg_stamp(dentry, sequence);
	climb->bytes += name.len + 1;
	return 0;
}

static __always_inline __u32 step_down(struct cg_scratch *scratch)
{
	struct cg_climb *climb;
	__u32 length, sequence;
	__u64 dentry;

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
		if (CG_READ_FIELD(&climb->mount_root, struct mount, climb->mount, mnt.mnt_root))
			return end(climb, CG_UNRESOLVED_READ);
		climb->again = 1;
		climb->met = 0;
		climb->limit = climb->next;
		climb->phase = CG_UP;
		return 0;
	}
	climb->next--;
	dentry = scratch->walk[CG_BOUND(climb->next, CG_WALK)];
	length = cg_name(scratch, dentry);
	if (!length || cg_dentry_sequence(dentry, &sequence))
		return end(climb, CG_UNRESOLVED_READ);
	climb->stamp -= cg_stamp(dentry, sequence);
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

static __always_inline int starts_with(__u64 dentry, const char *prefix, __u32 length)
{
	struct qstr name;
	char start[8] = {};
	if (CG_READ_FIELD(&name, struct dentry, dentry, d_name) || name.len < length)
		return 0;
	if (bpf_probe_read_kernel(start, length, name.name))
		return 0;
	for (__u32 i = 0; i < length; i++)
		if (start[i] != prefix[i])
			return 0;
	return 1;
}

/*
 * Objects of a mount that the kernel made for itself. Neither the file system's number nor the start of such a name can be
 * had otherwise: no mounter chooses s_magic, and nobody makes names on the kernel's own mounts but by these calls.
 */
static __always_inline __u32 kernel_kind(__u64 leaf)
{
	__u64 sb = 0, magic = 0;
	if (CG_READ_FIELD(&sb, struct dentry, leaf, d_sb) || CG_READ_FIELD(&magic, struct super_block, sb, s_magic))
		return CG_KIND_UNREACHABLE;
	switch (magic) {
	case TMPFS_MAGIC:
	case HUGETLBFS_MAGIC:
		/*
		 * mm/shmem.c, mm/memfd.c: "memfd:NAME" (the caller has what stands behind the colon), "SYSVxxxxxxxx";
		 * "dev/zero" is a shared anonymous mapping
		 */
		if (starts_with(leaf, "memfd:", 6))
			return CG_KIND_MEMFD;
		if (starts_with(leaf, "SYSV", 4))
			return CG_KIND_SHM;
		return CG_KIND_ANON;
	case SECRETMEM_MAGIC:
		return CG_KIND_MEMFD;
	case PIPEFS_MAGIC:
		return CG_KIND_PIPE;
	case SOCKFS_MAGIC:
		return CG_KIND_SOCKET;
	case MQUEUE_MAGIC:
		return CG_KIND_MQUEUE;
	case NSFS_MAGIC:
		return CG_KIND_UNREACHABLE;
	default:
		return CG_KIND_ANON;
	}
}

int cg_find_object(struct cg_scratch *scratch, struct cg_subject *subject)
{
	__u64 namespace = 0, inode = 0, hash = 0, parent = 0;
	struct cg_access *access;
	__u64 vfsmount, leaf;
	int flags = 0;

	if (!scratch || !subject)
		return 0;
	access = &scratch->access;
	leaf = access->dentry;
	vfsmount = access->mount;
	access->mount = vfsmount - bpf_core_field_offset(struct mount, mnt);
	access->owner = ~0u;
	access->object = CG_OBJECT_KIND;
	access->length = 0;
	scratch->climb.written = 0;
	if (CG_READ_FIELD(&flags, struct mount, access->mount, mnt.mnt_flags) ||
	    CG_READ_FIELD(&inode, struct dentry, leaf, d_inode) ||
	    CG_READ_FIELD(&parent, struct dentry, leaf, d_parent) ||
	    CG_READ_FIELD(&hash, struct dentry, leaf, d_hash.pprev) ||
	    CG_READ_FIELD(&namespace, struct mount, access->mount, mnt_ns)) {
		access->kind = CG_KIND_UNREACHABLE;
		access->unresolved = CG_UNRESOLVED_READ;
		return 0;
	}
	if (inode) {
		__u16 mode = 0;
		CG_READ_FIELD(&access->owner, struct inode, inode, i_uid.val);
		CG_READ_FIELD(&mode, struct inode, inode, i_mode);
		if (S_ISDIR(mode))
			access->flags |= CG_EVENT_DIRECTORY;
	}
	/*
	 * Whether an object has a path is told by its mount: tracefs, debugfs, securityfs, mqueue and others are mounted by
	 * the kernel first and by people after that. The flag is set where the kernel makes a mount for itself, dropped from
	 * every copy, and is no option of any call (fs/namespace.c: vfs_create_mount, clone_mnt).
	 */
	if (flags & CG_MNT_INTERNAL) {
		access->kind = kernel_kind(leaf);
		return 0;
	}
	if (IS_ERR_VALUE(namespace)) {
		/*
		 * A mount private to a stacking file system. Its own opens run under the mounter's credentials
		 * (overlayfs: ovl_override_creds); the path they serve was judged. No path or descriptor of a subject's
		 * leads to such a mount (/proc/PID/map_files leads to the path that was mapped). And the two credentials
		 * differ by the kernel's doing alone: what a task sets, it sets in both. One that comes here without is
		 * a subject with a mount that is in no tree.
		 */
		struct task_struct *task = cg_current();
		access->kind = CG_KIND_DETACHED;
		return task->cred != task->real_cred;
	}
	if (!namespace) {
		access->kind = CG_KIND_DETACHED;
		return 0;
	}
	if (!subject->mounts)
		subject->mounts = (__u64)BPF_CORE_READ(cg_current(), nsproxy, mnt_ns);
	if (namespace != subject->mounts) {
		access->kind = CG_KIND_FOREIGN;
		return 0;
	}
	/* d_unlinked(): unhashed and no root; a name that is only being made has no inode yet and may be unhashed. */
	if (inode && !hash && parent != leaf) {
		access->kind = cg_never_named(inode) ? CG_KIND_TMPFILE : CG_KIND_DELETED;
		return 0;
	}
	access->object = CG_OBJECT_PATH;
	return 0;
}
