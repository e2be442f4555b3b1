/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fast path: what a policy permits without a word, or refuses without an event, is told by reading dentries as the kernel's
 * own structs, with no scratch, no loop's callback and no helper for a component. Everything that it cannot tell (deep, long,
 * raced, /proc, kinds, conditions, whatever is to be reported) is left to the walk (path.bpf.c), which is the judge of all.
 */
#ifndef CALLGATE_FAST_H
#define CALLGATE_FAST_H
#include "maps.h"

/* Components that are kept at a time: a longer path is climbed once for each piece. A power of two. */
#define CG_FAST_PIECE 16
/* Components: a longer path is the walk's. */
#define CG_FAST_DEPTH 64

/* A path on its way up. */
struct cg_way {
	__u64 dentries[CG_FAST_PIECE]; /* from `from` on, the leaf being 0 */
	__u64 stamp;
	__u32 from;
	__u32 count;
	__u32 crossed;
	__u32 mounts;  /* sequence of the kernel's mount_lock */
	__u32 renames; /* of its rename_lock */
	__u32 pad;
};

/*
 * One attempt on one path. In memory, as a global function takes no pointers to kernel structs (judge.h); what is read back
 * from there is a number to the verifier.
 */
struct cg_fast {
	__u64 mount;  /* struct vfsmount */
	__u64 dentry;
	__u64 namespace; /* the subject's struct mnt_namespace */
	__u32 first;  /* enum cg_operation */
	__u32 second; /* another, or CG_OPERATION_COUNT */
	/* Of what is moved: the new name is asked of behind the old one, in the same memory. */
	__u32 end;    /* enum cg_end */
	__u32 moved;  /* enum cg_moved */
	__u32 state;
	__u32 grants;
	__u64 generation;
	/* Out: the state behind the `/` of the leaf's directory, and by which generation; is that worth keeping? */
	__u64 behind_generation;
	__u32 behind;
	__u32 remember;
	struct cg_way way;
};

/* One image of a session's: its policy and how often it was replaced. */
static __always_inline __u64 cg_folder_image(struct cg_subject *subject, __u64 generation)
{
	return generation << 32 | subject->policy;
}

enum cg_end {
	CG_END_NONE = 0,
	CG_END_OLD = 1,
	CG_END_NEW = 2,
};

/* One attempt on an address: the bytes of struct cg_inet as words. */
struct cg_fast_inet {
	__u32 protocol; /* enum cg_protocol */
	__u32 port;     /* network order, as the next */
	__u64 address[2];
	__u32 operation;
	__u32 pad;
};

/* What the fast path says: CG_PERMITTED, and nothing is to be told of it; CG_NOT_TOLD; else the errno of a refusal, counted. */
#define CG_NOT_TOLD 0
#define CG_PERMITTED 4096

/* Global functions: see judge.h. `kept` is what the leaf's directory has in `folders`, or null. */
__u32 cg_fast_verdict(struct cg_subject *subject, struct cg_fast *fast, struct cg_folders *kept);
__u32 cg_fast_address(struct cg_subject *subject, struct cg_fast_inet *inet);

/* A path, and a place in a table of descriptors. */
struct cg_holding {
	__u64 mount; /* struct vfsmount */
	__u64 dentry;
	__u64 place; /* of a struct file * */
};

/* Is what that place holds open this very path? */
__u32 cg_fast_holds(struct cg_holding *holding);

/*
 * What is kept of directories. A directory's path is told by its own name and those above it, and by the mounts on the way. The
 * kernel changes a name or a parent under rename_lock alone (fs/dcache.c: d_move, d_exchange, d_splice_alias) and a mount's
 * place under mount_lock (fs/namespace.c), and the sequences of both only grow. So where neither has grown since before the path
 * was read, the same dentry under the same mount has the same path, and the state behind it is the same in the same image. The
 * last name is judged live.
 *
 * That a dentry is the same is told by its address and its inode, where it is kept: a directory's inode has one dentry. One that
 * was dropped may come back at the same address under another name where names change without the kernel's doing (network file
 * systems, FUSE): of those nothing is kept, they all have their names confirmed (DCACHE_OP_REVALIDATE).
 *
 * Readers and writers of one entry: `version` is odd while it is written, by whoever made it odd. Plain loads and stores are
 * seen in order on x86-64 (the processor does not put loads before loads or stores before stores); another architecture needs
 * barriers here.
 */
#define DCACHE_OP_REVALIDATE_FLAG 0x1000 /* include/linux/dcache.h: 1 << 12 since 3.x, d_flags bit 12 */

static __always_inline struct cg_folders *cg_folders_of(struct dentry *dentry)
{
	return bpf_inode_storage_get(&folders, dentry->d_parent->d_inode, 0, 0);
}

/* Keeps what the fast path found out of the directory of `dentry`. */
static __noinline int cg_remember(struct cg_subject *subject, struct cg_fast *fast, struct dentry *dentry)
{
	struct dentry *parent = dentry->d_parent;
	struct cg_folders *kept;
	struct cg_folder *folder;
	__u32 version;

	if (!subject || !fast || parent == dentry || (parent->d_flags & DCACHE_OP_REVALIDATE_FLAG))
		return 0;
	kept = bpf_inode_storage_get(&folders, parent->d_inode, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!kept)
		return 0;
	/*
	 * Only what holds a reference keeps storage from outliving its inode: while `dentry` is below it, it does. Moved away in
	 * between, the directory may be gone, and its storage would never be freed.
	 */
	asm volatile("" ::: "memory");
	if (dentry->d_parent != parent) {
		bpf_inode_storage_delete(&folders, parent->d_inode);
		return 0;
	}
	folder = &kept->of[subject->policy & (CG_FOLDERS - 1)];
	version = folder->version;
	if ((version & 1) || !__sync_bool_compare_and_swap(&folder->version, version, version + 1))
		return 0;
	folder->mount = fast->mount;
	folder->namespace = fast->namespace;
	folder->dentry = (__u64)parent;
	folder->cookie = subject->cookie;
	folder->image = cg_folder_image(subject, fast->behind_generation);
	folder->renames = fast->way.renames;
	folder->mounts = fast->way.mounts;
	folder->state = fast->behind;
	asm volatile("" ::: "memory");
	*(volatile __u32 *)&folder->version = version + 2;
	return 0;
}

/* The verdict on a typed path. Kernels without the cast see no call: before 6.3 the memory would have to be cleared for it. */
static __always_inline __u32 cg_fast_path(struct cg_subject *subject, struct vfsmount *mount, struct dentry *dentry,
					  __u32 first, __u32 second)
{
	struct cg_fast fast;
	__u32 told;

	if (!cg_has_cast())
		return CG_NOT_TOLD;
	fast.mount = (__u64)mount;
	fast.dentry = (__u64)dentry;
	fast.first = first;
	fast.second = second;
	fast.end = CG_END_NONE;
	fast.remember = 0;
	told = cg_fast_verdict(subject, &fast, cg_folders_of(dentry));
	if (fast.remember)
		cg_remember(subject, &fast, dentry);
	return told;
}

/* What a hook does with the answer: it returns where there is one. */
#define CG_TOLD(answer)                          \
	do {                                     \
		__u32 told_ = (answer);          \
                                                 \
		if (told_ == CG_PERMITTED)       \
			return 0;                \
		if (told_ != CG_NOT_TOLD)        \
			return cg_refuse(told_); \
	} while (0)
#define CG_FAST(subject, mount, dentry, first, second) CG_TOLD(cg_fast_path((subject), (mount), (dentry), (first), (second)))

#endif
