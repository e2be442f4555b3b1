/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is kept of directories, in `folders`: the state behind their `/`. The last name is judged live. Why it may be believed:
 *
 *   A directory's number names it on its file system while both are there, and it is gone only by rmdir(2) or by a rename that
 *   replaces it. (No hard links; numbers of the file systems below are unique. That a number came round, as tmpfs's may after
 *   2^32, shows in the inode's address.)
 *   Overlayfs numbers a directory by the one it stands for, lower before upper, with the layer's file system where there are
 *   several, or anew each time it comes into memory (fs/overlayfs/inode.c: ovl_map_ino, ovl_get_inode). Layers do not overlap
 *   (super.c: ovl_setup_trap), so no two have the same. A layer that is changed behind its back is changed by the calls that
 *   are seen here; or it is on another machine, and then overlayfs itself promises nothing.
 *   Its path changes by a rename or an exchange, of it or of one above it, or by what is mounted, which the kernel does under
 *   mount_lock (fs/namespace.c). inode_rmdir and inode_rename see removals and renames of directories and count them before they
 *   happen; that sequence and mount_lock's only grow. So where neither has grown since before the path was read, and nothing was
 *   under way then, the same number under the same mount has the same path, and the state behind it is the same in the same image.
 *
 * What was counted already and has not happened yet:
 *
 *   A directory that is to be removed stays locked until it is gone, and has to be empty: a leaf in it that has a name, or is just
 *   being made under that lock, is not in it.
 *   One that is to be renamed has its parent locked, from before the hook until it was moved under rename_lock (fs/namei.c:
 *   vfs_rename). So either that lock is met on the way up, or rename_lock's sequence has grown at the end of it, or it was moved
 *   before. The hook looks whether the parent is locked indeed: since the first time that it is not, this is believed no more.
 *   Where it cannot be, what is kept is worth something only until rename_lock's sequence grows by whatever rename. The same where the
 *   way leads over overlayfs, or any file system that is not below: there a look-up moves a directory that was moved behind
 *   its back, in a layer or on a server (fs/dcache.c: d_splice_alias).
 *
 * The count is taken before anything is read of the leaf, whose own d_seq says that it had its name, and its parent, all the time.
 *
 * Readers and writers of one entry: `version` is odd while it is written, by the one who made it odd. x86-64 shows loads in
 * order, and stores in order; another processor needs barriers here.
 */
/* btrfs counts inodes in each subvolume, and others change without the kernel's doing. */
static __always_inline int is_kept(struct dentry *dentry)
{
	struct super_block *sb = CG_OF(dentry, d_sb);

	return moves_by_rename(dentry) || CG_OF(sb, s_magic) == OVERLAYFS_MAGIC;
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

/* How many directories were about to be removed or renamed so far, in *count; false where that cannot be told. */
static __always_inline int count_removals(__u64 *count)
{
	__u32 zero = 0;
	struct cg_gate *whole = bpf_map_lookup_elem(&gate, &zero);

	if (!whole)
		return 0;
	*count = *(volatile __u64 *)&whole->removals;
	return 1;
}

static __always_inline __u64 image_name(struct cg_subject *subject, __u64 generation)
{
	return generation << 32 | subject->policy;
}

/* Is the directory of the leaf known? Then *state, and since when in *way. What is told of it is to be held against holds(). */
static __always_inline int is_known(struct cg_subject *subject, struct cg_fast *fast, __u64 generation, __u32 *state,
				    struct cg_way *way)
{
	struct dentry *dentry = CG_AS(struct dentry, fast->dentry), *parent = CG_OF(dentry, d_parent);
	struct inode *inode = CG_OF(parent, d_inode);
	struct cg_folder *folder = folder_at(subject, fast, inode);
	__u32 version;

	if (!folder || parent == dentry)
		return 0;
	version = *(volatile __u32 *)&folder->version;
	asm volatile("" ::: "memory");
	if ((version & 1) || folder->inode != fast->folder || folder->mount != fast->mount || folder->cookie != subject->cookie ||
	    folder->image != image_name(subject, generation) || folder->namespace != subject->mounts ||
	    folder->number != CG_OF(inode, i_ino) || folder->removals != fast->removals)
		return 0;
	*state = folder->state;
	way->renames = folder->renames;
	way->mounts = folder->mounts;
	asm volatile("" ::: "memory");
	return *(volatile __u32 *)&folder->version == version;
}

/* Has no directory been moved, removed or mounted on since `way` was begun, and, where that matters, nothing been renamed? */
static __always_inline int holds(struct cg_fast *fast)
{
	__u64 removals;

	return ((fast->way.renames & 1) || cg_sequence_of((__u64)&rename_lock) == fast->way.renames) &&
	       cg_sequence_of((__u64)&mount_lock) == fast->way.mounts && count_removals(&removals) &&
	       removals == fast->removals;
}

/* Is whatever may change the path that was climbed counted from now on? */
static __always_inline int is_settled(struct cg_fast *fast)
{
	__u32 zero = 0;
	struct cg_gate *whole = bpf_map_lookup_elem(&gate, &zero);

	return whole && !*(volatile __u64 *)&whole->unlocked && !fast->way.loose &&
	       cg_sequence_of((__u64)&rename_lock) == fast->way.renames;
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
	dentry = CG_AS(struct dentry, fast->dentry);
	parent = CG_OF(dentry, d_parent);
	if (!is_kept(parent))
		return 0;
	if (is_settled(fast))
		fast->way.renames |= 1;
	inode = CG_OF(parent, d_inode);
	folder = folder_at(subject, fast, inode);
	if (!folder)
		return 0;
	version = folder->version;
	if ((version & 1) || __sync_val_compare_and_swap(&folder->version, version, version + 1) != version)
		return 0;
	folder->mount = fast->mount;
	folder->namespace = subject->mounts;
	folder->inode = fast->folder;
	folder->number = CG_OF(inode, i_ino);
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

/* Counted for all tasks, before it happens; what fails after all makes what is kept worthless once, no more. */
SEC("lsm/inode_rmdir")
int BPF_PROG(inode_rmdir, struct inode *dir, struct dentry *dentry)
{
	__u32 zero = 0;
	struct cg_gate *whole = bpf_map_lookup_elem(&gate, &zero);

	if (whole)
		__sync_fetch_and_add(&whole->removals, 1);
	return 0;
}

static __always_inline int is_directory(struct dentry *dentry)
{
	struct inode *inode = CG_OF(dentry, d_inode);

	return inode && S_ISDIR(CG_OF(inode, i_mode));
}

SEC("lsm/inode_rename")
int BPF_PROG(inode_rename, struct inode *old_dir, struct dentry *old_dentry, struct inode *new_dir, struct dentry *new_dentry)
{
	__u32 zero = 0;
	struct cg_gate *whole = bpf_map_lookup_elem(&gate, &zero);

	if (!whole || !(is_directory(old_dentry) || is_directory(new_dentry)))
		return 0;
	if (!is_locked(old_dir) || !is_locked(new_dir))
		whole->unlocked = 1;
	__sync_fetch_and_add(&whole->removals, 1);
	return 0;
}
