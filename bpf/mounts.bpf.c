// SPDX-License-Identifier: GPL-2.0-only
/*
 * File systems, mounted and unmounted by mount(2) and umount(2).
 *
 *   sb_mount          mount     a new file system, or other flags for one that is there (MS_REMOUNT)
 *   sb_set_mnt_opts             behind it: what is mounted is used by nobody else
 *   sb_umount         unmount
 *   sb_remount                  whatever changes a file system in another way than by mount(2): the floor's
 *   capable           CAP_SYS_ADMIN for these calls, which the hooks here judge; and for all other calls about mounts, which no policy
 *                     permits (capable.bpf.c)
 *
 * What is permitted must show nothing at another path than the one it is judged by, and be none of those file systems by which the
 * kernel acts or shows the machine: so it is of a closed list, and new. The type is the kernel's copy, which get_fs_type() then looks up
 * whole (fs/filesystems.c: a type with a dot is another name here), and flags come from a register. What the file system is made of (a disk's
 * name) is the caller's text, which it can change meanwhile, so nothing rests on it: a super block that is there already, on a disk
 * that is mounted somewhere, has more users than the mount that is being made. That is asked where the kernel holds it locked and
 * has not made the mount yet (fs/super.c: vfs_get_tree), so two mounts of one disk at once are refused too.
 *
 * On a disk there may be device nodes, which nobody judged by mknod, so it is mounted with nodev, and stays so.
 *
 * Why fsopen(2) and its like are permitted by none: the kernel makes the file system at fsconfig(2), out of what stands in a
 * descriptor's context, and asks no hook which one before it is made, when overlayfs, for one, has emptied its work folder.
 *
 * A bind mount is no rename that could be compared once: it stays, while what is below either name changes. And mount(2) resolves what is
 * shown again behind its hook, which has the caller's text alone.
 *
 * Mounts go to other namespaces, and to where the operator had the same tree mounted, as far as he has them shared: so
 * a place has to be one with a path, in the subject's own namespace.
 */
#include "guard.h"
#include "mounts.h"

/* The file system of a name in the kernel's memory: enum cg_file_system. All known names are of 8 bytes or fewer. */
static __noinline __u32 system_of(__u64 name)
{
	__u64 words[2] = {}, known;

	if (!name || bpf_probe_read_kernel_str(words, sizeof(words), (void *)name) < 0 || words[1])
		return CG_FILE_SYSTEM_OTHER;
#define NAMED(text, number)                                               \
	__builtin_memcpy(&known, text "\0\0\0\0\0\0\0\0", sizeof(known)); \
	if (words[0] == known)                                            \
		return number;
	NAMED("tmpfs", CG_FILE_SYSTEM_TMPFS)
	NAMED("ramfs", CG_FILE_SYSTEM_RAMFS)
	NAMED("ext2", CG_FILE_SYSTEM_EXT2)
	NAMED("ext3", CG_FILE_SYSTEM_EXT3)
	NAMED("ext4", CG_FILE_SYSTEM_EXT4)
	NAMED("xfs", CG_FILE_SYSTEM_XFS)
	NAMED("f2fs", CG_FILE_SYSTEM_F2FS)
	NAMED("vfat", CG_FILE_SYSTEM_VFAT)
	NAMED("exfat", CG_FILE_SYSTEM_EXFAT)
	NAMED("iso9660", CG_FILE_SYSTEM_ISO9660)
	NAMED("udf", CG_FILE_SYSTEM_UDF)
	NAMED("squashfs", CG_FILE_SYSTEM_SQUASHFS)
	NAMED("erofs", CG_FILE_SYSTEM_EROFS)
#undef NAMED
	return CG_FILE_SYSTEM_OTHER;
}

/* What of a mount no policy permits, as the floor's event has it; 0: a policy may. */
static __always_inline int names_refused(struct cg_access *access, unsigned long flags, __u32 system, __u64 name)
{
	long length;

	if (!(flags & MS_REMOUNT)) {
		if (flags & MS_BIND) {
			CG_WORD(access, "bind");
			return 1;
		}
		if (flags & MS_PROPAGATION) {
			CG_WORD(access, "propagation");
			return 1;
		}
		if (flags & MS_MOVE) {
			CG_WORD(access, "move");
			return 1;
		}
	}
	if (system == CG_FILE_SYSTEM_OTHER) {
		length = name ? bpf_probe_read_kernel_str(access->bytes, sizeof(access->bytes), (void *)name) : 0;
		if (length > 1 && length <= (long)sizeof(access->bytes)) {
			access->object = CG_OBJECT_WORD;
			access->length = length - 1;
		}
		return 1;
	}
	if (system >= CG_FILE_SYSTEM_EXT2 && !(flags & MS_NODEV)) {
		CG_WORD(access, "nodev");
		return 1;
	}
	return 0;
}

/* By which part of the floor nothing is mounted over this, and it is not unmounted; 0: by none. */
static __noinline __u32 kept(struct dentry *dentry, __u32 otherwise)
{
	__u64 magic = BPF_CORE_READ(dentry, d_sb, s_magic);

	/* The kernel is asked and told by these, by callgate too. */
	if (magic == BPF_FS_MAGIC)
		return CG_FLOOR_GATE;
	if (magic == PROC_SUPER_MAGIC || magic == SYSFS_MAGIC || magic == CGROUP_SUPER_MAGIC || magic == CGROUP2_SUPER_MAGIC)
		return otherwise;
	return cg_protected(dentry, CG_BIT(CG_DELETE));
}

/* Verdict and report for a place that is in scratch->access. */
static __always_inline int judge_place(struct cg_entry *entry, __u32 operation, __u32 system, __u32 floor)
{
	struct cg_scratch *scratch = entry->scratch;
	struct cg_access *access = &scratch->access;

	access->first = system;
	cg_later(access, operation, 1);
	if (cg_decide_closed(entry->subject, scratch)) {
		if (access->object == CG_OBJECT_PATH && scratch->climb.count && (!access->unresolved || access->mode == CG_ENFORCE))
			return cg_conclude(entry->subject, scratch);
		cg_begin(scratch);
		CG_WORD(access, "place");
	} else {
		cg_begin(scratch);
	}
	return cg_floor(entry->subject, scratch, floor);
}

SEC("lsm/sb_mount")
int BPF_PROG(sb_mount, const char *device, const struct path *path, const char *type, unsigned long flags, void *data)
{
	struct cg_entry entry;
	int verdict = 0;
	__u32 system, floor;
	__u64 name = (__u64)type;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	if (!cg_has_later() || !cg_governs_later(entry.subject))
		return cg_floor(entry.subject, entry.scratch, CG_FLOOR_MOUNT);
	if (flags & MS_REMOUNT)
		name = (__u64)BPF_CORE_READ(path, mnt, mnt_sb, s_type, name);
	system = system_of(name);
	if (names_refused(&entry.scratch->access, flags, system, name))
		return cg_floor(entry.subject, entry.scratch, CG_FLOOR_MOUNT);
	floor = kept(path->dentry, CG_FLOOR_MOUNT);
	cg_path_object(entry.scratch, entry.subject, (__u64)path->mnt, (__u64)path->dentry);
	if (floor)
		return cg_floor(entry.subject, entry.scratch, floor);
	return judge_place(&entry, CG_MOUNT, system, CG_FLOOR_MOUNT);
}

/* Not of mount(2): an automatic mount of the kernel's, for instance. What a subject could make one by besides is refused before. */
SEC("lsm/sb_set_mnt_opts")
int BPF_PROG(sb_set_mnt_opts, struct super_block *sb, void *options, unsigned long flags, unsigned long *set_flags)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter_later(&entry, &verdict))
		return verdict;
	if ((cg_registers_tell() && !cg_calls_mount()) || BPF_CORE_READ(sb, s_active.counter) == 1)
		return 0;
	CG_WORD(&entry.scratch->access, "in use");
	return cg_floor(entry.subject, entry.scratch, CG_FLOOR_MOUNT);
}

SEC("lsm/sb_remount")
int BPF_PROG(sb_remount, struct super_block *sb, void *options)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	/* fs/namespace.c: mount(2) comes here for the file system that sb_mount was asked about, and for no other. */
	if (cg_registers_tell() && cg_calls_mount())
		return 0;
	return cg_floor(entry.subject, entry.scratch, CG_FLOOR_MOUNT);
}

/* Is something mounted in what is mounted? A lazy umount(2) takes it along (fs/namespace.c: umount_tree). */
static __always_inline int has_mounts(struct vfsmount *mount)
{
	struct mount *whole = (void *)((__u64)mount - bpf_core_field_offset(struct mount, mnt));
	__u64 list = (__u64)whole + bpf_core_field_offset(struct mount, mnt_mounts);

	return (__u64)BPF_CORE_READ(whole, mnt_mounts.next) != list;
}

SEC("lsm/sb_umount")
int BPF_PROG(sb_umount, struct vfsmount *mount, int flags)
{
	struct cg_entry entry;
	int verdict = 0;
	__u32 floor;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	if (!cg_has_later() || !cg_governs_later(entry.subject))
		return cg_floor(entry.subject, entry.scratch, CG_FLOOR_UMOUNT);
	floor = kept(mount->mnt_root, CG_FLOOR_UMOUNT);
	if (!floor && (flags & MNT_DETACH) && has_mounts(mount)) {
		CG_WORD(&entry.scratch->access, "mounts below");
		return cg_floor(entry.subject, entry.scratch, CG_FLOOR_UMOUNT);
	}
	cg_path_object(entry.scratch, entry.subject, (__u64)mount, (__u64)mount->mnt_root);
	if (floor)
		return cg_floor(entry.subject, entry.scratch, floor);
	return judge_place(&entry, CG_UNMOUNT, system_of((__u64)BPF_CORE_READ(mount, mnt_sb, s_type, name)), CG_FLOOR_UMOUNT);
}
