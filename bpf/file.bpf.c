// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files: read, list, write, create, delete, mknod, chmod, chown, stat, receive.
 *
 *   file_open        read, list, write; load for the ELF interpreter     (exec's own file: exec.bpf.c)
 *   path_truncate    write, by name       (by descriptor the open was judged)
 *   path_mknod       create; mknod for devices; create and bind for sockets
 *   path_mkdir, path_symlink              create
 *   path_unlink, path_rmdir               delete
 *   path_link, path_rename                rename.bpf.c
 *   path_chmod, path_chown                chmod, chown
 *   inode_getattr    stat
 *   mmap_file, file_mprotect              load.bpf.c
 *   file_receive     receive
 *
 * Hooks that name no mount are in mountless.bpf.c. docs/policy-language.md lists every way to an operation.
 *
 * file_permission and inode_permission are left alone: what was opened was judged, and they would tax every read.
 *
 * Where a hook returns without a judgement, the reason stands there, and why the caller cannot bring it about. Everywhere:
 * cg_facts_path() and cg_path_object() say that an access is a stacking file system's own (kinds.inc.h says by what).
 */
#include "ask.h"
#include "fast.h"
#include "object.h"

/*
 * What an open with __FMODE_EXEC in its flags is. The flag itself says nothing: mq_open(2), TIOCGPTPEER and others hand
 * the flags of their caller on. That the kernel execs is told by the task: in_execve is set and cleared by execve(2) alone,
 * and before it is set (since 6.8 the program's file is opened first) by the call it is in, which opens no other file.
 * 0: the program's own file, which bprm_check_security judges. CG_LOAD: an interpreter. Else: as any other open.
 */
static __always_inline __u32 exec_opens(struct cg_subject *subject)
{
	if (cg_in_execve())
		return subject->exec_state ? CG_BIT(CG_LOAD) : 0;
	return cg_calls_exec() ? 0 : CG_BIT(CG_READ);
}

/*
 * An ELF interpreter is mapped behind the point of no return, where nothing can be begun again, under the policy that holds then.
 * Where that one asks, it is asked here, as the exec opens the file, and the answer is kept for the mapping.
 */
static __always_inline int ask_load(struct cg_subject *subject, struct file *file)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	entry.scratch->kept_for = 0;
	entry.scratch->access.operations = CG_BIT(CG_LOAD);
	if (cg_path_object(entry.scratch, entry.subject, (__u64)file->f_path.mnt, (__u64)file->f_path.dentry))
		return 0;
	cg_decide_next(entry.subject, entry.scratch);
	/* All else is said where it is mapped. */
	if (entry.scratch->access.unresolved || entry.scratch->access.verdict != CG_ASK || entry.scratch->access.mode != CG_ENFORCE)
		return 0;
	entry.scratch->access.answer = CG_ANSWER_LOADS;
	return cg_conclude(entry.subject, entry.scratch);
}

/* The calling task's subject in an exec of which the ELF interpreter is opened, while somebody attends; one that is launched, too. */
static __always_inline struct cg_subject *loading(void)
{
	struct task_struct *task = cg_current();
	struct cg_subject *subject;

	if (!cg_calls_exec() || !cg_in_execve())
		return 0;
	subject = bpf_task_storage_get(&subjects, task, 0, 0);
	if (!subject || subject->exec_state != 1 || !subject->next_bprm || !subject->next_policy)
		return 0;
	return cg_attended(subject) ? subject : 0;
}

SEC("lsm/file_open")
int BPF_PROG(file_open, struct file *file)
{
	struct task_struct *task = cg_current();
	__u32 mode, flags, operations = 0, floor;
	struct cg_subject *subject;
	struct cg_entry entry;
	int verdict = 0;

	if (!task->bpf_storage)
		return 0;
	mode = file->f_mode;
	flags = file->f_flags;
	if ((flags & FMODE_EXEC_FLAG) && !(mode & FMODE_NOACCOUNT)) {
		struct cg_subject *starting = loading();

		verdict = starting ? ask_load(starting, file) : 0;
		if (verdict)
			return verdict;
	}
	subject = cg_stored_subject(task, &verdict);
	if (!subject)
		return verdict;
	if (flags & FMODE_EXEC_FLAG) {
		operations = exec_opens(subject);
		if (!operations)
			return 0;
	}
	/* What a stacking file system opens for itself, and opens for ioctl alone are looked at below. */
	if (operations == CG_BIT(CG_LOAD) && !(mode & FMODE_NOACCOUNT)) {
		CG_FAST(subject, file->f_path.mnt, file->f_path.dentry, CG_LOAD, CG_OPERATION_COUNT);
	} else if (!(flags & FMODE_EXEC_FLAG) && !(mode & FMODE_NOACCOUNT) && (flags & O_ACCMODE) != 3) {
		__u32 reads = S_ISDIR(file->f_inode->i_mode) ? CG_LIST : CG_READ;
		__u32 writes = (mode & FMODE_WRITE) || (flags & O_TRUNC);

		if (writes || (mode & FMODE_READ))
			CG_FAST(subject, file->f_path.mnt, file->f_path.dentry, mode & FMODE_READ ? reads : CG_WRITE,
				writes && (mode & FMODE_READ) ? CG_WRITE : CG_OPERATION_COUNT);
	}
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	if (operations != CG_BIT(CG_LOAD)) {
		__u16 type = BPF_CORE_READ(file, f_inode, i_mode);
		/* Access mode 3 opens for ioctl alone but is checked as both (fs/open.c: ACC_MODE). */
		operations = 0;
		if ((mode & FMODE_READ) || (flags & O_ACCMODE) == 3)
			operations |= S_ISDIR(type) ? CG_BIT(CG_LIST) : CG_BIT(CG_READ);
		if ((mode & FMODE_WRITE) || (flags & O_ACCMODE) == 3 || (flags & O_TRUNC))
			operations |= CG_BIT(CG_WRITE);
	}
	/*
	 * Overlayfs before 6.7 opens the real file under the overlay's path. The mode's bit comes from
	 * open_with_fake_path() and its like, never from a flag, and such a file is never anybody's descriptor.
	 */
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
	if (entry.scratch->access.object == CG_OBJECT_KIND) {
		/* mq_open(2) names the queue, not where it can be seen. */
		if (entry.scratch->access.kind == CG_KIND_MQUEUE)
			cg_place_queue(entry.subject, entry.scratch, (__u64)file->f_path.dentry);
		/* The kernel marks it as one behind this hook only. To open what was unlinked again takes no such flag. */
		else if (entry.scratch->access.kind == CG_KIND_DELETED && (flags & O_TMPFILE_FLAG) == O_TMPFILE_FLAG)
			entry.scratch->access.kind = CG_KIND_TMPFILE;
	}
	cg_decide(entry.subject, entry.scratch);
	if (operations == CG_BIT(CG_LOAD))
		entry.scratch->access.answer = CG_ANSWER_LOADS;
	/*
	 * The open that made the file: `create` was judged in path_mknod, which does not know what for. A refusal leaves the
	 * new file behind, empty, as a name that a rule permits; letting it through would leave an open that none does.
	 */
	if (mode & FMODE_CREATED) {
		entry.scratch->access.flags |= CG_EVENT_CREATED;
		if (flags & O_EXCL) {
			entry.scratch->access.flags |= CG_EVENT_EXCLUSIVE;
			entry.scratch->access.answer = CG_ANSWER_EXCLUSIVE;
		}
	}
	return cg_conclude(entry.subject, entry.scratch);
}

SEC("lsm/path_truncate")
int BPF_PROG(path_truncate, const struct path *path)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	/*
	 * By descriptor, and as part of an open (before 6.2 these come here too): the open was judged, or was the operator's.
	 * Told by the number the kernel acts on, so that truncate(2) cannot pass for one of them.
	 */
	if (!cg_has_file_truncate() && cg_truncates_open_file())
		return 0;
	return judge_path(&entry, path, path->dentry, CG_BIT(CG_WRITE));
}

/* On its file system names are made and taken away by mq_open(2) and mq_unlink(2) too: inode_create and inode_unlink judge. */
static __always_inline int in_mqueue(struct dentry *dentry)
{
	return BPF_CORE_READ(dentry, d_sb, s_magic) == MQUEUE_MAGIC;
}

/* `bind` of the name that a socket gets. */
static __always_inline int judge_bound(struct cg_entry *entry, const struct path *dir, struct dentry *dentry)
{
	cg_begin(entry->scratch);
	if (cg_facts_path(entry->subject, entry->scratch, dir, dentry, CG_BIT(CG_BIND)))
		return 0;
	if (entry->scratch->access.object == CG_OBJECT_PATH)
		entry->scratch->access.object = CG_OBJECT_UNIX;
	return cg_judge(entry->subject, entry->scratch);
}

SEC("lsm/path_mknod")
int BPF_PROG(path_mknod, const struct path *dir, struct dentry *dentry, umode_t mode, unsigned int dev)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	if ((mode & S_IFMT) == S_IFREG || !(mode & S_IFMT))
		CG_FAST(subject, dir->mnt, dentry, CG_CREATE, CG_OPERATION_COUNT);
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	entry.scratch->kept_for = 0;
	switch (mode & S_IFMT) {
	case S_IFCHR:
	case S_IFBLK:
		return judge_path(&entry, dir, dentry, CG_BIT(CG_MKNOD));
	case S_IFSOCK:
		/* A file object for `create`, and an address for `bind`: two attempts, each with its own event. */
		entry.scratch->access.answer = CG_ANSWER_HELD;
		verdict = judge_path(&entry, dir, dentry, CG_BIT(CG_CREATE));
		if (!verdict)
			verdict = judge_bound(&entry, dir, dentry);
		if (entry.scratch->kept_for)
			cg_use_up(verdict);
		return verdict;
	default:
		if (in_mqueue(dentry))
			return 0;
		entry.scratch->access.answer = CG_ANSWER_MAKES;
		return judge_path(&entry, dir, dentry, CG_BIT(CG_CREATE));
	}
}

/* A hook that is one operation on one path: the fast path, and else facts, verdict and report. */
static __always_inline int judge_one(const struct path *path, struct dentry *leaf, __u32 operation, __u32 flags)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	CG_FAST(subject, path->mnt, leaf, operation, CG_OPERATION_COUNT);
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	entry.scratch->access.flags = flags;
	return judge_path(&entry, path, leaf, CG_BIT(operation));
}

SEC("lsm/path_mkdir")
int BPF_PROG(path_mkdir, const struct path *dir, struct dentry *dentry, umode_t mode)
{
	return judge_one(dir, dentry, CG_CREATE, CG_EVENT_DIRECTORY);
}

SEC("lsm/path_symlink")
int BPF_PROG(path_symlink, const struct path *dir, struct dentry *dentry, const char *old_name)
{
	return judge_one(dir, dentry, CG_CREATE, 0);
}

SEC("lsm/path_unlink")
int BPF_PROG(path_unlink, const struct path *dir, struct dentry *dentry)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	CG_FAST(subject, dir->mnt, dentry, CG_DELETE, CG_OPERATION_COUNT);
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	if (in_mqueue(dentry))
		return 0;
	return judge_path(&entry, dir, dentry, CG_BIT(CG_DELETE));
}

SEC("lsm/path_rmdir")
int BPF_PROG(path_rmdir, const struct path *dir, struct dentry *dentry)
{
	return judge_one(dir, dentry, CG_DELETE, 0);
}

SEC("lsm/path_chmod")
int BPF_PROG(path_chmod, const struct path *path, umode_t mode)
{
	return judge_one(path, path->dentry, CG_CHMOD, 0);
}

SEC("lsm/path_chown")
int BPF_PROG(path_chown, const struct path *path, unsigned int uid, unsigned int gid)
{
	return judge_one(path, path->dentry, CG_CHOWN, 0);
}

/*
 * True where the caller holds this very object open, under the number that stands first among the call's arguments:
 * looking at what one holds open needs no permit, and what was open when the session began is the operator's. fstat(2) is
 * newfstatat with AT_EMPTY_PATH in today's C libraries, and whether the path was empty stands in memory the caller may
 * change; the open file itself does not. It does not matter which call it is, nor whether its argument was meant as a
 * descriptor: fstat(2) of the number would tell the same of the same object. Nor does a thread that changes the table
 * meanwhile: it can only put in what the process holds.
 */
static __noinline int holds_open(const struct path *path)
{
	struct cg_holding holding;
	struct fdtable *table;
	__u64 number;

	if (!path)
		return 0;
	number = cg_first_argument();
	table = cg_current()->files->fdt;
	if (number >= table->max_fds)
		return 0;
	holding.mount = (__u64)path->mnt;
	holding.dentry = (__u64)path->dentry;
	holding.place = (__u64)(table->fd + number);
	return cg_fast_holds(&holding);
}

SEC("lsm/inode_getattr")
int BPF_PROG(inode_getattr, const struct path *path)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	if (holds_open(path))
		return 0;
	CG_FAST(subject, path->mnt, path->dentry, CG_STAT, CG_OPERATION_COUNT);
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	if (cg_facts_path(entry.subject, entry.scratch, path, path->dentry, CG_BIT(CG_STAT)))
		return 0;
	return cg_judge(entry.subject, entry.scratch);
}

/* A ring: "[io_uring]" on the kernel's own file system of anonymous inodes, where all names are its own. A file may have it too. */
static __always_inline int is_io_uring(struct dentry *dentry)
{
	char name[12] = {};
	struct qstr have = BPF_CORE_READ(dentry, d_name);

	if (have.len != 10 || BPF_CORE_READ(dentry, d_sb, s_magic) != ANON_INODE_FS_MAGIC ||
	    bpf_probe_read_kernel(name, 10, have.name))
		return 0;
	return *(__u64 *)name == 0x6e6972755f6f695bull /* "[io_urin" */ && name[8] == 'g' && name[9] == ']';
}

SEC("lsm/file_receive")
int BPF_PROG(file_receive, struct file *file)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	CG_FAST(subject, file->f_path.mnt, file->f_path.dentry, CG_RECEIVE, CG_OPERATION_COUNT);
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	/* A ring polled by another's kernel thread would act as that other, who is no subject. */
	if (is_io_uring(BPF_CORE_READ(file, f_path.dentry))) {
		CG_WORD(&entry.scratch->access, "received");
		return cg_floor(entry.subject, entry.scratch, CG_FLOOR_IO_URING);
	}
	entry.scratch->access.operations = CG_BIT(CG_RECEIVE);
	if (cg_path_object(entry.scratch, entry.subject, (__u64)BPF_CORE_READ(file, f_path.mnt),
			   (__u64)BPF_CORE_READ(file, f_path.dentry)))
		return 0;
	return cg_judge(entry.subject, entry.scratch);
}
