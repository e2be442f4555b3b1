// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests to devices and files, under a policy of version 2: ioctl, and of those that set a file's flags attribute. The hooks are in
 * terminal.bpf.c, which has the requests that no policy permits.
 *
 * The object is the file that the descriptor leads to, at its path of now, and all 32 bits of the request, as the kernel compares them (fs/ioctl.c); the argument is
 * memory of the caller's, and is not looked at. What a 32-bit program says is its own number, as it is.
 *
 * Let through, by what the caller cannot set:
 *
 *   of the descriptor   the kernel itself answers these, for every file, before it asks who made the file (fs/ioctl.c: do_vfs_ioctl): flags
 *                       of the descriptor, a file's size, its block size; and what moves contents from one open file to
 *                       another, which their opens judged
 *   what it is          is it a terminal, how wide is it, is there anything to read: asked by every program of what it writes to. It tells
 *                       what fstat(2) does of a thing that is open, where it is no device, or one of memory or of terminals, whose drivers
 *                       are known. Other drivers may mean anything by such a number
 */
#include "ioctl.h"
#include "mountless.h"

/* include/uapi/asm-generic/ioctls.h, termbits.h */
#define FIONCLEX 0x5450
#define FIOCLEX 0x5451
#define FIONBIO 0x5421
#define FIOASYNC 0x5452
#define FIOQSIZE 0x5460
#define FIONREAD 0x541b
#define TCGETS 0x5401
#define TCGETS2 0x802c542a
#define TIOCGWINSZ 0x5413
/* include/uapi/linux/fs.h */
#define FIGETBSZ 2
#define FICLONE 0x40049409
#define FICLONERANGE 0x4020940d
#define FIDEDUPERANGE 0xc0189436

static __always_inline int is_of_the_descriptor(__u32 request)
{
	switch (request) {
	case FIONCLEX:
	case FIOCLEX:
	case FIONBIO:
	case FIOASYNC:
	case FIOQSIZE:
	case FIGETBSZ:
	case FICLONE:
	case FICLONERANGE:
	case FIDEDUPERANGE:
		return 1;
	default:
		return 0;
	}
}

/* include/uapi/linux/major.h. A dev_t of the kernel's has 20 bits of minor (include/linux/kdev_t.h). */
#define MINOR_BITS 20
#define MEM_MAJOR 1
#define TTY_MAJOR 4
#define TTYAUX_MAJOR 5
#define UNIX98_PTY_SLAVE_MAJOR 136
#define UNIX98_PTY_MAJOR_COUNT 8

static __always_inline int asks_what_it_is(struct file *file, __u32 request)
{
	__u32 major;

	if (request != TCGETS && request != TCGETS2 && request != TIOCGWINSZ && request != FIONREAD)
		return 0;
	switch (file->f_inode->i_mode & S_IFMT) {
	case S_IFBLK:
		return 0;
	case S_IFCHR:
		major = file->f_inode->i_rdev >> MINOR_BITS;
		return major == MEM_MAJOR || major == TTY_MAJOR || major == TTYAUX_MAJOR ||
		       (major >= UNIX98_PTY_SLAVE_MAJOR && major < UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT);
	default:
		return 1;
	}
}

__hidden int cg_ioctl(struct file *file, __u32 request)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	/* overlayfs, for what it was asked for itself (fs/overlayfs/inode.c: ovl_security_fileattr) */
	if (cg_of_a_layer() || is_of_the_descriptor(request) || asks_what_it_is(file, request) || !cg_governs_later(subject))
		return 0;
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	if (cg_path_object(entry.scratch, subject, (__u64)file->f_path.mnt, (__u64)file->f_path.dentry))
		return 0;
	if (cg_sets_flags(request)) {
		cg_later(&entry.scratch->access, CG_ATTRIBUTE, 0);
		entry.scratch->access.first = CG_ATTRIBUTE_FLAGS;
	} else {
		cg_later(&entry.scratch->access, CG_IOCTL, 0);
		entry.scratch->access.first = request;
	}
	if (!cg_decide_later(subject, entry.scratch))
		return 0;
	verdict = cg_conclude(subject, entry.scratch);
	return verdict ? cg_refuse(-verdict) : 0;
}
