/* SPDX-License-Identifier: GPL-2.0-only */
/* What an object is before its path is walked: one with a path, or a kind of those that have none. Part of fast.bpf.c, as path.inc.h. */

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
	__u64 namespace, inode, parent, leaf;
	struct cg_access *access;
	struct dentry *dentry;
	struct mount *mount;

	if (!scratch || !subject)
		return 0;
	access = &scratch->access;
	leaf = access->dentry;
	access->mount -= bpf_core_field_offset(struct mount, mnt);
	access->owner = ~0u;
	access->object = CG_OBJECT_KIND;
	access->length = 0;
	scratch->climb.written = 0;
	dentry = CG_AS(struct dentry, leaf);
	mount = CG_AS(struct mount, access->mount);
	parent = (__u64)CG_OF(dentry, d_parent);
	if (!parent) {
		access->kind = CG_KIND_UNREACHABLE;
		access->unresolved = CG_UNRESOLVED_READ;
		return 0;
	}
	inode = (__u64)CG_OF(dentry, d_inode);
	namespace = (__u64)CG_OF(mount, mnt_ns);
	if (inode) {
		struct inode *its = CG_AS(struct inode, inode);

		access->owner = CG_OF(its, i_uid.val);
		if (S_ISDIR(CG_OF(its, i_mode)))
			access->flags |= CG_EVENT_DIRECTORY;
	}
	/*
	 * Whether an object has a path is told by its mount: tracefs, debugfs, securityfs, mqueue and others are mounted by
	 * the kernel first and by people after that. The flag is set where the kernel makes a mount for itself, dropped from
	 * every copy, and is no option of any call (fs/namespace.c: vfs_create_mount, clone_mnt).
	 */
	if (CG_OF(mount, mnt.mnt_flags) & CG_MNT_INTERNAL) {
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
	if (inode && !CG_OF(dentry, d_hash.pprev) && parent != leaf) {
		access->kind = cg_never_named(inode) ? CG_KIND_TMPFILE : CG_KIND_DELETED;
		return 0;
	}
	access->object = CG_OBJECT_PATH;
	return 0;
}
