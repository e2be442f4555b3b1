// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files: read, list, write, create, delete, link, mknod, chmod, chown, stat, load, receive.
 *
 *   file_open        read, list, write; load for the ELF interpreter     (exec's own file: exec.bpf.c)
 *   path_truncate    write, by name       (by descriptor the open was judged)
 *   path_mknod       create; mknod for devices; create and bind for sockets
 *   path_mkdir, path_symlink              create
 *   path_unlink, path_rmdir               delete
 *   path_link        link of the old name, create of the new
 *   path_rename      delete of the old name, create of the new, delete of a file that is replaced
 *   path_chmod, path_chown                chmod, chown
 *   inode_getattr    stat;  inode_readlink  read (mountless.bpf.c)
 *   mmap_file, file_mprotect              load
 *   file_receive     receive
 *
 * file_permission and inode_permission are left alone: what was opened was judged, and they would tax every read.
 */
#include "guard.h"

/* The gate's own pins: no subject touches a bpffs, whatever its policy says. */
static __always_inline int in_bpffs(struct dentry *dentry)
{
	return BPF_CORE_READ(dentry, d_sb, s_magic) == BPF_FS_MAGIC;
}

/* Facts, verdict and report of an attempt on one path. */
static __noinline int judge_path(struct cg_entry *entry, const struct path *path, struct dentry *leaf, __u32 operations)
{
	__u32 floor;

	if (!entry || !entry->subject || !entry->scratch)
		return -EPERM;
	if (in_bpffs(leaf) && operations != CG_BIT(CG_STAT))
		return cg_floor(entry->subject, entry->scratch, CG_FLOOR_GATE);
	floor = cg_protected(leaf, operations);
	if (floor) {
		cg_facts_path(entry->subject, entry->scratch, path, leaf, operations);
		return cg_floor(entry->subject, entry->scratch, floor);
	}
	if (cg_facts_path(entry->subject, entry->scratch, path, leaf, operations))
		return 0;
	return cg_judge(entry->subject, entry->scratch);
}

/* Is what no rule decides permitted and reported? */
static __always_inline bool is_learning(struct cg_subject *subject)
{
	__u32 number = subject->policy;
	struct cg_slot *slot = bpf_map_lookup_elem(&policies, &number);

	return slot && slot->mode == CG_LEARN;
}

SEC("lsm/file_open")
int BPF_PROG(file_open, struct file *file)
{
	struct cg_entry entry;
	int verdict = 0;
	__u32 mode, flags, operations = 0, floor;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	mode = BPF_CORE_READ(file, f_mode);
	flags = BPF_CORE_READ(file, f_flags);
	/*
	 * The create hook judged the name; refusing here would leave the new file behind (KERNEL). A learner is told what
	 * the file was made for, because the next open will find it there.
	 */
	if ((mode & FMODE_CREATED) && !is_learning(entry.subject))
		return 0;
	if (flags & FMODE_EXEC_FLAG) {
		/* The program's own file is judged in bprm_check_security; after that comes the ELF interpreter. */
		if (!entry.subject->exec_state || !cg_in_execve())
			return 0;
		operations = CG_BIT(CG_LOAD);
	} else {
		__u16 type = BPF_CORE_READ(file, f_inode, i_mode);
		/* Access mode 3 opens for ioctl alone but is checked as both (fs/open.c: ACC_MODE). */
		if ((mode & FMODE_READ) || (flags & O_ACCMODE) == 3)
			operations |= S_ISDIR(type) ? CG_BIT(CG_LIST) : CG_BIT(CG_READ);
		if ((mode & FMODE_WRITE) || (flags & O_ACCMODE) == 3 || (flags & O_TRUNC))
			operations |= CG_BIT(CG_WRITE);
	}
	/* Overlayfs before 6.7 opens the real file under the overlay's path. */
	if ((mode & FMODE_NOACCOUNT) && BPF_CORE_READ(file, f_inode) != BPF_CORE_READ(file, f_path.dentry, d_inode))
		return 0;
	if (in_bpffs(file->f_path.dentry))
		return cg_floor(entry.subject, entry.scratch, CG_FLOOR_GATE);
	entry.scratch->access.operations = operations;
	if (cg_path_object(entry.scratch, entry.subject, (__u64)file->f_path.mnt, (__u64)file->f_path.dentry))
		return 0;
	floor = cg_protected(file->f_path.dentry, operations);
	if (floor)
		return cg_floor(entry.subject, entry.scratch, floor);
	if (entry.scratch->access.object == CG_OBJECT_KIND && (flags & O_TMPFILE_FLAG))
		entry.scratch->access.kind = CG_KIND_TMPFILE;
	cg_decide(entry.subject, entry.scratch);
	if (mode & FMODE_CREATED) {
		if (!(entry.scratch->access.flags & CG_EVENT_LEARNT))
			return 0;
		entry.scratch->access.flags |= CG_EVENT_CREATED;
	}
	return cg_conclude(entry.subject, entry.scratch);
}

SEC("lsm/path_truncate")
int BPF_PROG(path_truncate, const struct path *path)
{
	struct cg_entry entry;
	int verdict = 0;
	long call, compat;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	/* By descriptor, and as part of an open (6.1 comes here for both): the open was judged, or was the operator's. */
	call = cg_syscall();
	compat = cg_compat_syscall();
	if (call == CG_SYSCALL_FTRUNCATE || call == CG_SYSCALL_OPEN || call == CG_SYSCALL_CREAT ||
	    call == CG_SYSCALL_OPENAT || call == CG_SYSCALL_OPENAT2 || call == CG_SYSCALL_OPEN_BY_HANDLE_AT ||
	    compat == CG_COMPAT_FTRUNCATE || compat == CG_COMPAT_FTRUNCATE64)
		return 0;
	return judge_path(&entry, path, path->dentry, CG_BIT(CG_WRITE));
}

SEC("lsm/path_mknod")
int BPF_PROG(path_mknod, const struct path *dir, struct dentry *dentry, umode_t mode, unsigned int dev)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	switch (mode & S_IFMT) {
	case S_IFCHR:
	case S_IFBLK:
		return judge_path(&entry, dir, dentry, CG_BIT(CG_MKNOD));
	case S_IFSOCK:
		/* A file object for `create`, and an address for `bind`: two attempts, each with its own event. */
		verdict = judge_path(&entry, dir, dentry, CG_BIT(CG_CREATE));
		if (verdict)
			return verdict;
		cg_begin(entry.scratch);
		if (cg_facts_path(entry.subject, entry.scratch, dir, dentry, CG_BIT(CG_BIND)))
			return 0;
		if (entry.scratch->access.object == CG_OBJECT_PATH)
			entry.scratch->access.object = CG_OBJECT_UNIX;
		return cg_judge(entry.subject, entry.scratch);
	default:
		return judge_path(&entry, dir, dentry, CG_BIT(CG_CREATE));
	}
}

SEC("lsm/path_mkdir")
int BPF_PROG(path_mkdir, const struct path *dir, struct dentry *dentry, umode_t mode)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	entry.scratch->access.flags = CG_EVENT_DIRECTORY;
	return judge_path(&entry, dir, dentry, CG_BIT(CG_CREATE));
}

SEC("lsm/path_symlink")
int BPF_PROG(path_symlink, const struct path *dir, struct dentry *dentry, const char *old_name)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	return judge_path(&entry, dir, dentry, CG_BIT(CG_CREATE));
}

SEC("lsm/path_unlink")
int BPF_PROG(path_unlink, const struct path *dir, struct dentry *dentry)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	return judge_path(&entry, dir, dentry, CG_BIT(CG_DELETE));
}

SEC("lsm/path_rmdir")
int BPF_PROG(path_rmdir, const struct path *dir, struct dentry *dentry)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	return judge_path(&entry, dir, dentry, CG_BIT(CG_DELETE));
}

SEC("lsm/path_link")
int BPF_PROG(path_link, struct dentry *old_dentry, const struct path *new_dir, struct dentry *new_dentry)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	/* The hook has no mount for the old name; link(2) refuses to cross one (EXDEV), so it is the new one's. */
	verdict = judge_path(&entry, new_dir, old_dentry, CG_BIT(CG_LINK));
	if (verdict)
		return verdict;
	cg_begin(entry.scratch);
	return judge_path(&entry, new_dir, new_dentry, CG_BIT(CG_CREATE));
}

/* The two ends of a rename. Two programs share the work, one an end, so that each is small enough for 6.1's verifier. */
static __always_inline int judge_old_end(struct cg_entry *entry, const struct path *old_dir, struct dentry *old_dentry,
				    __u32 flags)
{
	return judge_path(entry, old_dir, old_dentry,
			  flags & RENAME_EXCHANGE ? CG_BIT(CG_DELETE) | CG_BIT(CG_CREATE) : CG_BIT(CG_DELETE));
}

SEC("lsm/path_rename")
int BPF_PROG(path_rename, const struct path *old_dir, struct dentry *old_dentry, const struct path *new_dir,
	     struct dentry *new_dentry, unsigned int flags)
{
	struct cg_entry entry;
	int verdict = 0;
	__u32 operations = CG_BIT(CG_CREATE);

	if (!cg_enter(&entry, &verdict))
		return verdict;
	verdict = judge_old_end(&entry, old_dir, old_dentry, flags);
	if (verdict)
		return verdict;
	cg_begin(entry.scratch);
	/* What stands at the new name goes: replaced, or (RENAME_EXCHANGE) moved to the old one. */
	if (BPF_CORE_READ(new_dentry, d_inode))
		operations |= CG_BIT(CG_DELETE);
	return judge_path(&entry, new_dir, new_dentry, operations);
}

SEC("lsm/path_chmod")
int BPF_PROG(path_chmod, const struct path *path, umode_t mode)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	return judge_path(&entry, path, path->dentry, CG_BIT(CG_CHMOD));
}

SEC("lsm/path_chown")
int BPF_PROG(path_chown, const struct path *path, unsigned int uid, unsigned int gid)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	return judge_path(&entry, path, path->dentry, CG_BIT(CG_CHOWN));
}

/*
 * True where the call's first argument is a descriptor of this very object: looking at what one holds open needs no
 * permit, and what was open when the session began is the operator's. fstat(2) is newfstatat with AT_EMPTY_PATH in
 * today's C libraries, and whether the path was empty stands in memory the caller may change; the open file itself does
 * not.
 */
static __noinline int holds_open(const struct path *path)
{
	struct task_struct *task = cg_current();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct file *file = 0;
	struct fdtable *table;
	__u64 number;

	if (!path)
		return 0;
	number = (task->thread_info.status & TS_COMPAT) ? (__u32)regs->bx : (__u32)regs->di;
	table = BPF_CORE_READ(task, files, fdt);
	if (number >= BPF_CORE_READ(table, max_fds))
		return 0;
	if (bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + number) || !file)
		return 0;
	/* O_PATH names a file and opens nothing: no hook was asked. */
	if (BPF_CORE_READ(file, f_mode) & FMODE_PATH)
		return 0;
	return BPF_CORE_READ(file, f_path.dentry) == path->dentry && BPF_CORE_READ(file, f_path.mnt) == path->mnt;
}

SEC("lsm/inode_getattr")
int BPF_PROG(inode_getattr, const struct path *path)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	if (holds_open(path))
		return 0;
	if (cg_facts_path(entry.subject, entry.scratch, path, path->dentry, CG_BIT(CG_STAT)))
		return 0;
	return cg_judge(entry.subject, entry.scratch);
}

SEC("lsm/mmap_file")
int BPF_PROG(mmap_file, struct file *file, unsigned long reqprot, unsigned long prot, unsigned long flags)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!file || !(prot & PROT_EXEC) || !cg_enter(&entry, &verdict))
		return verdict;
	/* The program itself: its exec was judged. The very file that was executed, not another open of it. */
	if (BPF_CORE_READ(cg_current(), mm, exe_file) == file)
		return 0;
	entry.scratch->access.operations = CG_BIT(CG_LOAD);
	if (cg_path_object(entry.scratch, entry.subject, (__u64)BPF_CORE_READ(file, f_path.mnt),
			   (__u64)BPF_CORE_READ(file, f_path.dentry)))
		return 0;
	return cg_judge(entry.subject, entry.scratch);
}

/*
 * The path a mapping's file was opened by. What a stacking file system maps since 6.7 is a file of its own, on a mount
 * that no path leads to; the path it was opened by stands behind it (fs/file_table.c: struct backing_file).
 */
static __always_inline struct path mapped_path(struct file *file)
{
	struct path path = {};
	__u64 namespace = 0, mount;

	bpf_core_read(&path, sizeof(path), &file->f_path);
	mount = (__u64)path.mnt - bpf_core_field_offset(struct mount, mnt);
	if (!bpf_core_field_exists(struct backing_file, user_path) || CG_READ_FIELD(&namespace, struct mount, mount, mnt_ns) ||
	    !IS_ERR_VALUE(namespace) || (BPF_CORE_READ(path.mnt, mnt_sb, s_flags) & SB_KERNMOUNT))
		return path;
	bpf_core_read(&path, sizeof(path), &((struct backing_file *)file)->user_path);
	return path;
}

SEC("lsm/file_mprotect")
int BPF_PROG(file_mprotect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot)
{
	struct cg_entry entry;
	struct file *file;
	struct path mapped;
	int verdict = 0;

	if (!(prot & PROT_EXEC) || !cg_enter(&entry, &verdict))
		return verdict;
	file = BPF_CORE_READ(vma, vm_file);
	if (!file || (BPF_CORE_READ(vma, vm_flags) & VM_EXEC) || BPF_CORE_READ(cg_current(), mm, exe_file) == file)
		return 0;
	entry.scratch->access.operations = CG_BIT(CG_LOAD);
	mapped = mapped_path(file);
	if (cg_path_object(entry.scratch, entry.subject, (__u64)mapped.mnt, (__u64)mapped.dentry))
		return cg_refuse(EPERM);
	return cg_judge(entry.subject, entry.scratch);
}

/* "[io_uring]" as the first words of an anonymous inode's name (io_uring/io_uring.c) */
static __always_inline int is_io_uring(struct dentry *dentry)
{
	char name[12] = {};
	struct qstr have = BPF_CORE_READ(dentry, d_name);

	if (have.len != 10 || bpf_probe_read_kernel(name, 10, have.name))
		return 0;
	return *(__u64 *)name == 0x6e6972755f6f695bull /* "[io_urin" */ && name[8] == 'g' && name[9] == ']';
}

SEC("lsm/file_receive")
int BPF_PROG(file_receive, struct file *file)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	/* A ring polled by another's kernel thread would act as that other, who is no subject. */
	if (is_io_uring(BPF_CORE_READ(file, f_path.dentry)))
		return cg_floor(entry.subject, entry.scratch, CG_FLOOR_IO_URING);
	entry.scratch->access.operations = CG_BIT(CG_RECEIVE);
	if (cg_path_object(entry.scratch, entry.subject, (__u64)BPF_CORE_READ(file, f_path.mnt),
			   (__u64)BPF_CORE_READ(file, f_path.dentry)))
		return 0;
	return cg_judge(entry.subject, entry.scratch);
}
