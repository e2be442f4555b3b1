// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_uring: requests that are served by the thread that asks, by a worker, or by a thread that polls.
 *
 *   inode_init_security_anon   io_uring    a ring is made; userfaultfd likewise
 *   uring_sqpoll               sqpoll      with a thread of the kernel's that polls it
 *   uring_cmd                  uring_cmd   a command that a file has of its own (a disk's, FUSE's, a socket's options)
 *   uring_override_creds                   never: requests under credentials that were registered
 *   cred_prepare (exec.bpf.c), cred_alloc_blank   who has used a ring keeps its credentials
 *   bprm_committing_creds                  no ring comes under another policy
 *
 * Whoever serves a request is a subject: workers and pollers are threads of the process, made by it (task_alloc in life.bpf.c), and come to
 * the same hooks as a call does (io_uring/openclose.c: do_filp_open; io_uring/net.c: sock_sendmsg ...). So a permitted ring
 * opens nothing else. It takes away two things by which hooks know what they are in:
 *
 *   registers     requests are served at the end of whichever call the thread is in, and a worker has the registers of the call
 *                 it was made in. cg_registers_tell() says where they are no evidence.
 *   credentials   a request is served under those it was made with. Elsewhere the two credentials of a task differ by the
 *                 kernel's doing alone (kinds.inc.h), so no request of a subject may be made under any but those of who serves it: none are
 *                 registered, a thread that has used a ring does not change its own, and all polled rings of a process have
 *                 the same. A key ring of a thread's own makes credentials that no other thread shares.
 *
 * A ring that another process sent is refused (file.bpf.c), one that was open at the start is no subject's (addon/launch.cc).
 */
#include "rings.h"
#include "surface.h"

#define SIGKILL 9

/* The task's credentials hold a key ring of its own, so that each thread it makes has a copy of them. */
static __always_inline int has_own_keys(struct task_struct *task)
{
	struct cred *cred = (struct cred *)task->cred;

	return bpf_core_field_exists(cred->thread_keyring) && BPF_CORE_READ(cred, thread_keyring);
}

static __always_inline int keep_credentials(struct cg_entry *entry)
{
	cg_begin(entry->scratch);
	CG_WORD(&entry->scratch->access, "credentials");
	return cg_floor(entry->subject, entry->scratch, CG_FLOOR_IO_URING);
}

/* Inodes of the kernel's own that ask: io_uring_setup(2) has no other hook before 6.15, userfaultfd(2) none. */
SEC("lsm/inode_init_security_anon")
int BPF_PROG(inode_init_security_anon, struct inode *inode, const struct qstr *name, const struct inode *context)
{
	struct cg_entry entry;
	__u64 text[2] = {};
	__u32 length;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	length = BPF_CORE_READ(name, len);
	if (length >= sizeof(text))
		return 0;
	if (bpf_probe_read_kernel(text, length, BPF_CORE_READ(name, name)))
		return cg_unresolved(entry.subject, entry.scratch, CG_UNRESOLVED_READ);
	if (text[0] == 0x6e6972755f6f695bull /* "[io_urin" */ && text[1] == 0x5d67 /* "g]" */)
		return cg_surface_or_floor(&entry, CG_SURFACE_IO_URING, CG_FLOOR_IO_URING);
	if (text[0] == 0x756166726573755bull /* "[userfau" */ && text[1] == 0x5d6466746c /* "ltfd]" */ &&
	    cg_surface(&entry, CG_SURFACE_USERFAULTFD, &verdict))
		return verdict ? cg_refuse(-verdict) : 0;
	return 0;
}

SEC("?lsm/uring_sqpoll")
int BPF_PROG(uring_sqpoll)
{
	struct task_struct *task = cg_current();
	struct cg_subject *first;
	struct cg_entry entry;
	__u64 credentials = (__u64)task->real_cred, before;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	if (!cg_surface(&entry, CG_SURFACE_SQPOLL, &verdict)) {
		cg_begin(entry.scratch);
		return cg_floor(entry.subject, entry.scratch, CG_FLOOR_IO_URING);
	}
	if (verdict)
		return cg_refuse(-verdict);
	first = bpf_task_storage_get(&subjects, task->group_leader, 0, 0);
	if (!first || has_own_keys(task))
		return keep_credentials(&entry);
	/*
	 * A ring may be polled by the thread of another (IORING_SETUP_ATTACH_WQ), which has the credentials that were written down here, and
	 * holds them as long as it lives: while one does, no other credentials have this address.
	 */
	before = __sync_val_compare_and_swap(&first->polled, 0, credentials);
	return before && before != credentials ? keep_credentials(&entry) : 0;
}

SEC("?lsm/uring_cmd")
int BPF_PROG(uring_cmd)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	return cg_surface_or_floor(&entry, CG_SURFACE_URING_CMD, CG_FLOOR_IO_URING);
}

SEC("?lsm/uring_override_creds")
int BPF_PROG(uring_override_creds)
{
	struct cg_entry entry;
	int verdict = 0;

	return cg_enter(&entry, &verdict) ? keep_credentials(&entry) : verdict;
}

/*
 * New credentials are being made. They come into force only while the two are the same (kernel/cred.c: commit_creds), and not by calls
 * that only look or that make another process. A worker of a thread with keys of its own would have others than its maker.
 */
__hidden int cg_keep_credentials(void)
{
	struct task_struct *task = cg_current();
	struct cg_entry entry;
	int verdict = 0;

	if (task->cred != task->real_cred)
		return 0;
	if (!has_own_keys(task) && cg_borrows_credentials())
		return 0;
	return cg_enter(&entry, &verdict) ? keep_credentials(&entry) : verdict;
}

/* KEYCTL_SESSION_TO_PARENT: the caller's parent will have others, whatever it is doing. */
SEC("lsm/cred_alloc_blank")
int BPF_PROG(cred_alloc_blank)
{
	struct cg_subject *other;
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter_later(&entry, &verdict))
		return verdict;
	other = bpf_task_storage_get(&subjects, cg_current()->real_parent, 0, 0);
	return other && cg_governs_later(other) ? keep_credentials(&entry) : 0;
}

#define LOOPS_MOST (1 << 23) /* BPF_MAX_LOOPS, include/linux/bpf_verifier.h */

struct look {
	__u64 files; /* struct file ** */
	__u32 count;
	__u32 found; /* or what could not be read */
};

static long look_at(__u32 index, struct look *look)
{
	__u64 file = 0, dentry = 0, sb = 0, magic = 0, name[2] = {};
	struct qstr have = {};

	if (index >= look->count)
		return 1;
	if (bpf_probe_read_kernel(&file, sizeof(file), (void *)(look->files + 8 * (__u64)index))) {
		look->found = 1;
		return 1;
	}
	if (!file)
		return 0;
	if (CG_READ_FIELD(&dentry, struct file, file, f_path.dentry) || CG_READ_FIELD(&sb, struct dentry, dentry, d_sb) ||
	    CG_READ_FIELD(&magic, struct super_block, sb, s_magic)) {
		look->found = 1;
		return 1;
	}
	if (magic != ANON_INODE_FS_MAGIC)
		return 0;
	if (CG_READ_FIELD(&have, struct dentry, dentry, d_name)) {
		look->found = 1;
		return 1;
	}
	if (have.len != 10)
		return 0;
	look->found = bpf_probe_read_kernel(name, 10, have.name) ||
		      (name[0] == 0x6e6972755f6f695bull /* "[io_urin" */ && name[1] == 0x5d67 /* "g]" */);
	return look->found;
}

/*
 * An exec that has passed the point of no return: other threads and workers are gone, the descriptors are the process's own, and those to be
 * closed are closed (fs/exec.c: begin_new_exec). A ring that is still there has files and a polling thread of the old policy's, and
 * is made to be closed, so only who wants it to cross has one: it is ended before the new program's first instruction.
 */
SEC("lsm/bprm_committing_creds")
int BPF_PROG(bprm_committing_creds, struct linux_binprm *bprm)
{
	struct look look = {};
	struct fdtable *table;
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter_later(&entry, &verdict)) {
		/* A subject that could not be told what it is, or that outlived its session. */
		if (verdict)
			bpf_send_signal(SIGKILL);
		return 0;
	}
	entry.subject->polled = 0;
	if (entry.subject->next_bprm != (__u64)bprm || entry.subject->next_policy == entry.subject->policy)
		return 0;
	table = BPF_CORE_READ(cg_current(), files, fdt);
	look.files = (__u64)BPF_CORE_READ(table, fd);
	look.count = BPF_CORE_READ(table, max_fds);
	/* More than bpf_loop(2) looks at cannot be told. */
	bpf_loop(LOOPS_MOST, look_at, &look, 0);
	if (!look.found && look.count <= LOOPS_MOST)
		return 0;
	CG_WORD(&entry.scratch->access, "inherited");
	cg_floor(entry.subject, entry.scratch, CG_FLOOR_IO_URING);
	bpf_send_signal(SIGKILL);
	return 0;
}
