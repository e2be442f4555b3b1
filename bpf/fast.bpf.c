// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fast path; fast.h says what it is for. It climbs as path.inc.h does, and stands on the same proof: each dentry's d_seq is
 * added on the way up and taken off after its name was used, and only grows, so a sum of 0 says that none changed in between;
 * where mounts were crossed, mount_lock's sequence says it of them. A bad address reads 0, which is nobody's parent and no name.
 * Since 6.2 the reads are typed, and none of them calls a helper (compat.h).
 */
#include "fast.h"
#include "guard.h"
#include "path.h"
#include "subject.h"

extern const void mount_lock __ksym __weak;
extern const void rename_lock __ksym __weak;

#include "path.inc.h"
#include "kinds.inc.h"

/* Mounts crossed: more is the walk's. */
#define FAST_MOUNTS 3

/* No state: images have fewer. */
#define NO_STATE ~0u

/*
 * What the slow path alone knows: processes of /proc have names of their own, the gate's pins and what makes a task a cgroup's
 * are refused, and message queues go by other names.
 */
static __always_inline int is_plain_mount(struct dentry *dentry)
{
	struct super_block *sb = CG_OF(dentry, d_sb);
	__u64 magic = CG_OF(sb, s_magic);

	return magic && magic != PROC_SUPER_MAGIC && magic != BPF_FS_MAGIC && magic != CGROUP2_SUPER_MAGIC &&
	       magic != CGROUP_SUPER_MAGIC && magic != MQUEUE_MAGIC;
}

/* A denial that no one is told of: counted as in judge.bpf.c, and its errno. */
static __noinline __u32 refuse_silently(struct cg_subject *subject, __u32 operation, __u32 errnum)
{
	struct cg_session *session;
	__u64 at = CG_BOUND(operation, 32);

	if (!subject || at >= CG_OPERATION_SLOTS)
		return CG_NOT_TOLD;
	session = cg_session_of(subject);
	if (!session)
		return CG_NOT_TOLD;
	__sync_fetch_and_add(&session->denied, 1);
	__sync_fetch_and_add(&session->denied_by[at], 1);
	__sync_fetch_and_add(&session->silent, 1);
	return errnum ? errnum : EPERM;
}

/* 0: it has no path, as it was deleted or never named. (What is only being made has no inode yet.) */
static __always_inline int is_named(struct cg_fast *fast)
{
	struct dentry *dentry = CG_AS(struct dentry, fast->dentry);

	return CG_OF(dentry, d_hash.pprev) || !CG_OF(dentry, d_inode) || CG_OF(dentry, d_parent) == dentry;
}

/* Is the directory locked for changes of what is in it? Bit 0 of the count (kernel/locking/rwsem.c); real-time kernels have none. */
static __always_inline int is_locked(struct inode *inode)
{
	if (!bpf_core_field_exists(inode->i_rwsem.count))
		return 1;
	return CG_OF(inode, i_rwsem.count.counter) & 1;
}

/* Do directories of this file system move by vfs_rename alone? Where a look-up moves them, too, no hook sees it. */
static __always_inline int moves_by_rename(struct dentry *dentry)
{
	struct super_block *sb = CG_OF(dentry, d_sb);

	switch (CG_OF(sb, s_magic)) {
	case TMPFS_MAGIC: /* devtmpfs, too */
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
		return 1;
	default:
		return 0;
	}
}

/*
 * 1: the way is up, to the root of the namespace; components from `from` on are kept, as many as there is room for. The sums and
 * sequences are of the first time. A global function, so that the verifier looks at it once.
 */
__u32 cg_fast_climb(struct cg_fast *fast, __u32 from, __u32 again)
{
	struct mount *mount, *top;
	struct dentry *dentry, *root, *parent;
	struct mnt_namespace *namespace;
	struct cg_way *way;
	__u32 sequence;

	if (!fast)
		return 0;
	way = &fast->way;
	mount = CG_AS(struct mount, fast->mount - bpf_core_field_offset(struct mount, mnt));
	dentry = CG_AS(struct dentry, fast->dentry);
	root = CG_OF(mount, mnt.mnt_root);
	namespace = CG_OF(mount, mnt_ns);
	/* In the subject's own namespace: no mount of the kernel's own, no detached one, none of a stacking file system. */
	if (!fast->namespace || (__u64)namespace != fast->namespace || !is_plain_mount(dentry))
		return 0;
	top = CG_OF(namespace, root);
	way->from = from;
	if (!again) {
		way->stamp = 0;
		way->crossed = 0;
		way->loose = !moves_by_rename(dentry);
		way->renames = cg_sequence_of((__u64)&rename_lock);
		way->mounts = cg_sequence_of((__u64)&mount_lock);
		if (way->mounts & 1)
			return 0;
	}
	for (__u32 i = 0; i <= CG_FAST_DEPTH; i++) {
		if (dentry == root) {
			for (int j = 0; j < FAST_MOUNTS; j++) {
				struct mount *above = CG_OF(mount, mnt_parent);

				if (mount == top) {
					way->count = i;
					return 1;
				}
				/* Between two places (fs/namespace.c: unhash_mnt). */
				if (above == mount)
					return 0;
				way->crossed = 1;
				dentry = CG_OF(mount, mnt_mountpoint);
				mount = above;
				root = CG_OF(mount, mnt.mnt_root);
				if (dentry != root)
					break;
			}
			if (dentry == root) {
				if (mount != top)
					return 0;
				way->count = i;
				return 1;
			}
			if (!is_plain_mount(dentry))
				return 0;
			if (!again && !moves_by_rename(dentry))
				way->loose = 1;
		}
		if (i == CG_FAST_DEPTH)
			return 0;
		sequence = CG_OF(dentry, d_seq.seqcount.sequence);
		parent = CG_OF(dentry, d_parent);
		if ((sequence & 1) || parent == dentry)
			return 0;
		if (!again) {
			way->stamp += sequence;
			if (i && is_locked(CG_OF(parent, d_inode)))
				way->loose = 1;
		}
		if (i - from < CG_FAST_PIECE)
			way->dentries[(i - from) & (CG_FAST_PIECE - 1)] = (__u64)dentry;
		dentry = parent;
	}
	return 0;
}

/* A stacking file system's own access, on its own mount: the path that it serves was judged (kinds.inc.h: cg_find_object). */
static __always_inline int is_a_layers(struct cg_fast *fast)
{
	struct mount *mount = CG_AS(struct mount, fast->mount - bpf_core_field_offset(struct mount, mnt));
	struct task_struct *task = cg_current();

	return IS_ERR_VALUE((__u64)CG_OF(mount, mnt_ns)) && !(CG_OF(mount, mnt.mnt_flags) & CG_MNT_INTERNAL) &&
	       task->cred != task->real_cred;
}

#include "folders.inc.h"
#include "told.inc.h"

/* By a rule where a learner asks: what none decides is to be noted. */
static __always_inline int is_permit(struct cg_decision *decision, __u32 mode)
{
	return decision->verdict == CG_PERMIT && !(mode == CG_LEARN && (decision->flags & CG_DECISION_DEFAULT));
}

#define CG_PER_CLASS "fast.inc.h"
#include "classes.inc.h"

/* Operations that change a file or its name, which is callgate's own where it is protected (guard.h). */
#define CHANGES                                                                                       \
	(CG_BIT(CG_WRITE) | CG_BIT(CG_CREATE) | CG_BIT(CG_DELETE) | CG_BIT(CG_LINK) | CG_BIT(CG_MKNOD) | \
	 CG_BIT(CG_CHMOD) | CG_BIT(CG_CHOWN))

static __always_inline int is_protected(struct inode *inode)
{
	struct cg_inode key = {};
	struct super_block *sb;

	if (!inode)
		return 0;
	key.inode = CG_OF(inode, i_ino);
	if (!cg_marked(key.inode))
		return 0;
	sb = CG_OF(inode, i_sb);
	key.device = CG_OF(sb, s_dev);
	key.directory = S_ISDIR(CG_OF(inode, i_mode));
	return bpf_map_lookup_elem(&protections, &key) != 0;
}

/* Where the subject's image is, as struct cg_slot says; 0: that is not plain. */
static __always_inline __u32 image_of(struct cg_subject *subject, __u32 *mode)
{
	__u32 number = subject->policy;
	struct cg_slot *slot = bpf_map_lookup_elem(&policies, &number);

	if (!slot || slot->cookie != subject->cookie)
		return 0;
	*mode = slot->mode;
	return slot->location;
}

__u32 cg_fast_verdict(struct cg_subject *subject, struct cg_fast *fast)
{
	__u32 location, place, mode;
	__u64 removals;

	if (!subject || !fast)
		return CG_NOT_TOLD;
	location = image_of(subject, &mode);
	if (!count_removals(&removals))
		return CG_NOT_TOLD;
	fast->removals = removals;
	asm volatile("" ::: "memory");
	/* A learner is told of every move, and every program. */
	if (!location || (fast->end != CG_END_NONE && mode == CG_LEARN) || !is_named(fast))
		return CG_NOT_TOLD;
	fast->namespace = subject->mounts;
	if ((CG_BIT(fast->first & 31) | CG_BIT(fast->second & 31)) & CHANGES) {
		struct dentry *leaf = CG_AS(struct dentry, fast->dentry), *parent = CG_OF(leaf, d_parent);

		if (is_protected(CG_OF(leaf, d_inode)) || is_protected(CG_OF(parent, d_inode)))
			return CG_NOT_TOLD;
	}
	place = (location & 0xffffff) - 1;
	switch (location >> 24) {
#define CG_VERDICT(class_, ...) \
	case class_:            \
		return verdict##class_(subject, fast, place, mode);
	CG_IMAGE_CLASSES(CG_VERDICT)
#undef CG_VERDICT
	default:
		return CG_NOT_TOLD;
	}
}

/* Mounts of one file system that are looked at, in whatever namespace: a container's layers and a service's have a few. */
#define FAST_PLACES 16

__u32 cg_fast_only_mount(struct cg_subject *subject, struct cg_fast *fast)
{
	struct dentry *dentry;
	struct mount *mount;
	__u64 at, end = 0;
	__u32 sequence;

	if (!subject || !fast)
		return 0;
	sequence = cg_sequence_of((__u64)&mount_lock);
	/* Without a namespace every mount that is in none would do. */
	if ((sequence & 1) || !subject->mounts)
		return 0;
	fast->mount = 0;
	dentry = CG_AS(struct dentry, fast->dentry);
	at = cg_mounts_of(CG_OF(dentry, d_sb), &end);
	for (int i = 0; at != end; i++) {
		if (i == FAST_PLACES || !at)
			return 0;
		mount = cg_mount_at(at);
		if ((__u64)CG_OF(mount, mnt_ns) == subject->mounts) {
			if (fast->mount)
				return 0;
			fast->mount = (__u64)mount + bpf_core_field_offset(struct mount, mnt);
		}
		at = cg_mount_behind(mount);
	}
	/* All of them: the list changes under that lock (fs/namespace.c). */
	return fast->mount && cg_sequence_of((__u64)&mount_lock) == sequence;
}

__u32 cg_fast_bound_path(struct cg_fast *fast)
{
	struct unix_sock *sock;

	if (!fast)
		return 0;
	sock = CG_AS(struct unix_sock, fast->dentry);
	fast->mount = (__u64)CG_OF(sock, path.mnt);
	fast->dentry = (__u64)CG_OF(sock, path.dentry);
	/* Abstract, or without a name. */
	return fast->mount && fast->dentry;
}

__u32 cg_fast_address(struct cg_subject *subject, struct cg_fast_inet *inet)
{
	__u32 location, place, mode;

	if (!subject || !inet)
		return CG_NOT_TOLD;
	location = image_of(subject, &mode);
	if (!location)
		return CG_NOT_TOLD;
	place = (location & 0xffffff) - 1;
	switch (location >> 24) {
#define CG_VERDICT(class_, ...) \
	case class_:            \
		return inet_verdict##class_(subject, inet, place, mode);
	CG_IMAGE_CLASSES(CG_VERDICT)
#undef CG_VERDICT
	default:
		return CG_NOT_TOLD;
	}
}

__u32 cg_fast_holds(struct cg_holding *holding)
{
	__u64 place, held, mount, dentry;
	struct file *file;

	if (!holding)
		return 0;
	place = holding->place;
	held = cg_word(place);
	if (!held)
		return 0;
	file = CG_AS(struct file, held);
	/* O_PATH names a file and opens nothing: no hook was asked. */
	if (CG_OF(file, f_mode) & FMODE_PATH)
		return 0;
	mount = (__u64)CG_OF(file, f_path.mnt);
	dentry = (__u64)CG_OF(file, f_path.dentry);
	/* Closed meanwhile by another thread, a struct file may be another's by now (since 6.7); in the table it is held. */
	return cg_word(place) == held && mount == holding->mount && dentry == holding->dentry;
}
