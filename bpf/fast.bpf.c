// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fast path; fast.h says what it is for. It climbs as path.bpf.c does, and stands on the same proof: each dentry's d_seq is
 * added on the way up and taken off after its name was used, and only grows, so a sum of 0 says that none changed in between;
 * where mounts were crossed, mount_lock's sequence says it of them. All reads are typed: a bad address reads 0 (the JIT's
 * exception table), which is nobody's parent and no name, and none of them calls a helper.
 *
 * Scalars become kernel structs by bpf_rdonly_cast, which is there since 6.2. Before that nothing is told of paths. (Every global
 * function asks for itself: the verifier looks at those that nobody calls too, until 6.8.)
 */
#include "fast.h"
#include "path.h"
#include "subject.h"

extern const void mount_lock __ksym __weak;
extern const void rename_lock __ksym __weak;

__hidden __u64 cg_mount_lock(void)
{
	return (__u64)&mount_lock;
}

/* Mounts crossed: more is the walk's. */
#define FAST_MOUNTS 3

/* No state: images have fewer. */
#define NO_STATE ~0u

/* The last word of a name of so many bytes has these of it. */
static __always_inline __u64 low_bytes(__u32 length)
{
	return (1ull << (8 * length & 63)) - 1;
}

/*
 * What the slow path alone knows: processes of /proc have names of their own, the gate's pins and what makes a task a cgroup's
 * are refused, and message queues go by other names.
 */
static __always_inline int is_plain_mount(struct dentry *dentry)
{
	__u64 magic = dentry->d_sb->s_magic;

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
	struct dentry *dentry = cg_as_dentry(fast->dentry);

	return dentry->d_hash.pprev || !dentry->d_inode || dentry->d_parent == dentry;
}

/*
 * 1: the way is up, to the root of the namespace; components from `from` on are kept, as many as there is room for. The sums and
 * sequences are of the first time. A global function, so that the verifier looks at it once.
 */
__u32 cg_fast_climb(struct cg_fast *fast, __u32 from, __u32 again)
{
	struct mount *mount, *top;
	struct dentry *dentry, *root, *parent;
	struct cg_way *way;
	__u32 sequence;

	if (!cg_has_cast() || !fast)
		return 0;
	way = &fast->way;
	mount = cg_as_mount(fast->mount - bpf_core_field_offset(struct mount, mnt));
	dentry = cg_as_dentry(fast->dentry);
	root = mount->mnt.mnt_root;
	/* In the subject's own namespace: no mount of the kernel's own, no detached one, none of a stacking file system. */
	if (!fast->namespace || (__u64)mount->mnt_ns != fast->namespace || !is_plain_mount(dentry))
		return 0;
	top = mount->mnt_ns->root;
	way->from = from;
	if (!again) {
		way->stamp = 0;
		way->crossed = 0;
		way->renames = cg_typed_seqcount((__u64)&rename_lock);
		way->mounts = cg_typed_seqcount((__u64)&mount_lock);
		if (way->mounts & 1)
			return 0;
	}
	for (__u32 i = 0; i <= CG_FAST_DEPTH; i++) {
		if (dentry == root) {
			for (int j = 0; j < FAST_MOUNTS; j++) {
				struct mount *above = mount->mnt_parent;

				if (mount == top) {
					way->count = i;
					return 1;
				}
				/* Between two places (fs/namespace.c: unhash_mnt). */
				if (above == mount)
					return 0;
				way->crossed = 1;
				dentry = mount->mnt_mountpoint;
				mount = above;
				root = mount->mnt.mnt_root;
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
		}
		if (i == CG_FAST_DEPTH)
			return 0;
		sequence = cg_typed_sequence(dentry);
		parent = dentry->d_parent;
		if ((sequence & 1) || parent == dentry)
			return 0;
		if (!again)
			way->stamp += sequence;
		if (i - from < CG_FAST_PIECE)
			way->dentries[(i - from) & (CG_FAST_PIECE - 1)] = (__u64)dentry;
		dentry = parent;
	}
	return 0;
}

/*
 * What is kept of directories, in `folders`: the state behind their `/`. The last name is judged live. Why it may be believed:
 *
 *   A directory's number names it on its file system while both are there, and it is gone only by rmdir(2), which inode_rmdir
 *   sees and counts before it happens, or by a rename that replaces it. (No hard links; numbers of the file systems below are
 *   unique. That a number came round, as tmpfs's may after 2^32, shows in the inode's address.)
 *   Its path changes by a rename or an exchange, of it or of one above it, which the kernel does under rename_lock alone
 *   (fs/dcache.c: __d_move), or by what is mounted, which it does under mount_lock (fs/namespace.c). Both sequences only grow.
 *   So where none of the three has grown since before the path was read, the same number under the same mount has the same
 *   path, and the state behind it is the same in the same image.
 *
 * The count of removals is taken before anything is read of the leaf. A directory whose removal was counted already stays
 * locked until it is gone, and has to be empty: a leaf in it that has a name, or is just being made under that lock, is not in it.
 *
 * Readers and writers of one entry: `version` is odd while it is written, by the one who made it odd. x86-64 shows loads in
 * order, and stores in order; another processor needs barriers here.
 */
static __always_inline int is_kept(struct super_block *sb)
{
	switch (sb->s_magic) {
	case TMPFS_MAGIC: /* devtmpfs, too */
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
		return 1;
	default:
		/* btrfs counts in each subvolume, overlayfs takes its layers' numbers, others change without the kernel's doing. */
		return 0;
	}
}

static __always_inline struct cg_folder *folder_at(struct cg_subject *subject, struct cg_fast *fast, struct inode *inode)
{
	__u32 place;

	/* Through memory, as the verifier knows no sums of pointers. */
	*(volatile __u64 *)&fast->folder = (__u64)inode;
	place = (*(volatile __u64 *)&fast->folder ^ subject->policy) * 0x9E3779B97F4A7C15ull >> 52;

	place &= CG_FOLDERS - 1;
	return bpf_map_lookup_elem(&folders, &place);
}

static __always_inline __u64 removals(void)
{
	__u32 zero = 0;
	struct cg_gate *whole = bpf_map_lookup_elem(&gate, &zero);

	return whole ? *(volatile __u64 *)&whole->removals : 0;
}

static __always_inline __u64 image_name(struct cg_subject *subject, __u64 generation)
{
	return generation << 32 | subject->policy;
}

/* A stacking file system's own access, on its own mount: the path that it serves was judged (path.bpf.c: cg_find_object). */
static __always_inline int is_a_layers(struct cg_fast *fast)
{
	struct mount *mount = cg_as_mount(fast->mount - bpf_core_field_offset(struct mount, mnt));
	struct task_struct *task = cg_current();

	return IS_ERR_VALUE((__u64)mount->mnt_ns) && !(mount->mnt.mnt_flags & CG_MNT_INTERNAL) && task->cred != task->real_cred;
}

/* Is the directory of the leaf known? Then *state, and since when in *way. What is told of it is to be held against holds(). */
static __always_inline int is_known(struct cg_subject *subject, struct cg_fast *fast, __u64 generation, __u32 *state,
				    struct cg_way *way)
{
	struct dentry *dentry = cg_as_dentry(fast->dentry), *parent = dentry->d_parent;
	struct inode *inode = parent->d_inode;
	struct cg_folder *folder = folder_at(subject, fast, inode);
	__u32 version;

	if (!folder || parent == dentry)
		return 0;
	version = *(volatile __u32 *)&folder->version;
	asm volatile("" ::: "memory");
	if ((version & 1) || folder->inode != fast->folder || folder->mount != fast->mount || folder->cookie != subject->cookie ||
	    folder->image != image_name(subject, generation) || folder->namespace != subject->mounts ||
	    folder->number != inode->i_ino || folder->removals != fast->removals)
		return 0;
	*state = folder->state;
	way->renames = folder->renames;
	way->mounts = folder->mounts;
	asm volatile("" ::: "memory");
	return *(volatile __u32 *)&folder->version == version;
}

/* Has nothing been moved or mounted since `way` was begun, and no directory removed? */
static __always_inline int holds(struct cg_fast *fast)
{
	return cg_typed_seqcount((__u64)&rename_lock) == fast->way.renames &&
	       cg_typed_seqcount((__u64)&mount_lock) == fast->way.mounts && removals() == fast->removals;
}

/* Keeps what the way up and down found out of the leaf's directory. Of a mount's root that is another mount's. */
static __noinline int keep(struct cg_subject *subject, struct cg_fast *fast, __u64 generation)
{
	struct cg_folder *folder;
	struct dentry *dentry, *parent;
	struct inode *inode;
	__u32 version;

	if (!subject || !fast || !fast->way.count || fast->way.dentries[0] != fast->dentry || (fast->way.renames & 1))
		return 0;
	dentry = cg_as_dentry(fast->dentry);
	parent = dentry->d_parent;
	if (!is_kept(parent->d_sb))
		return 0;
	inode = parent->d_inode;
	folder = folder_at(subject, fast, inode);
	if (!folder)
		return 0;
	version = folder->version;
	if ((version & 1) || __sync_val_compare_and_swap(&folder->version, version, version + 1) != version)
		return 0;
	folder->mount = fast->mount;
	folder->namespace = subject->mounts;
	folder->inode = fast->folder;
	folder->number = inode->i_ino;
	folder->cookie = subject->cookie;
	folder->image = image_name(subject, generation);
	folder->removals = fast->removals;
	folder->renames = fast->way.renames;
	folder->mounts = fast->way.mounts;
	folder->state = fast->behind;
	asm volatile("" ::: "memory");
	*(volatile __u32 *)&folder->version = version + 2;
	return 0;
}

/* Counted for all tasks, before it happens; a removal that fails after all makes what is kept worthless once, no more. */
SEC("lsm/inode_rmdir")
int BPF_PROG(inode_rmdir, struct inode *dir, struct dentry *dentry)
{
	__u32 zero = 0;
	struct cg_gate *whole = bpf_map_lookup_elem(&gate, &zero);

	if (whole)
		__sync_fetch_and_add(&whole->removals, 1);
	return 0;
}

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
	__u64 *marks;
	__u32 word;

	if (!inode)
		return 0;
	key.inode = inode->i_ino;
	word = CG_MARK_WORD(key.inode);
	marks = bpf_map_lookup_elem(&protection_marks, &word);
	if (marks && !(*marks >> CG_MARK_BIT(key.inode) & 1))
		return 0;
	key.device = inode->i_sb->s_dev;
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

	if (!cg_has_cast() || !subject || !fast)
		return CG_NOT_TOLD;
	location = image_of(subject, &mode);
	fast->removals = removals();
	asm volatile("" ::: "memory");
	/* A learner is told of every move. */
	if (!location || (fast->end != CG_END_NONE && mode == CG_LEARN) || !is_named(fast))
		return CG_NOT_TOLD;
	fast->namespace = subject->mounts;
	if ((CG_BIT(fast->first & 31) | CG_BIT(fast->second & 31)) & CHANGES) {
		struct dentry *leaf = cg_as_dentry(fast->dentry);

		if (is_protected(leaf->d_inode) || is_protected(leaf->d_parent->d_inode))
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

	if (!cg_has_cast() || !holding)
		return 0;
	place = holding->place;
	held = cg_typed_word(place);
	if (!held)
		return 0;
	file = cg_as_file(held);
	if (file->f_mode & FMODE_PATH)
		return 0;
	mount = (__u64)file->f_path.mnt;
	dentry = (__u64)file->f_path.dentry;
	/* As in file.bpf.c: holds_open. */
	return cg_typed_word(place) == held && mount == holding->mount && dentry == holding->dentry;
}
