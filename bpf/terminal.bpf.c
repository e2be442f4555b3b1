// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests by which a terminal that others share is made to say what nobody typed, and by which a protected file is made
 * immutable. The kernel looks at 32 bits of the request (fs/ioctl.c), and so do these. None of them is told from another
 * use by what stands in the caller's memory.
 *
 *   TIOCSTI, TIOCLINUX     input: a command for the shell that reads next (TIOCLINUX pastes a selection)
 *   TIOCSETD               another line discipline, which makes the others' terminal one that cannot be used
 *   KDSKBENT and its like  the console's keys: what they mean, and the strings they stand for
 *
 * TIOCSCTTY with 1 (a terminal taken from another session), TIOCCONS and TIOCVHANGUP ask for CAP_SYS_ADMIN (capable.bpf.c);
 * TIOCSIG is for who holds a pseudo terminal's other end.
 *
 * All others a policy of version 2 governs (ioctl.bpf.c).
 */
#include "guard.h"
#include "ioctl.h"

#define TIOCSTI 0x5412
#define TIOCLINUX 0x541c
#define TIOCSETD 0x5423
#define KDSKBENT 0x4b47
#define KDSKBSENT 0x4b49
#define KDSKBDIACR 0x4b4b
#define KDSETKEYCODE 0x4b4d
#define KDSKBDIACRUC 0x4bfb

#define NAME(request)                                                            \
	case request:                                                            \
		access->length = sizeof(#request) - 1;                           \
		__builtin_memcpy(access->bytes, #request, sizeof(#request) - 1); \
		break

/* Requests that are looked at; all others cost who is a subject what they cost others. */
static __always_inline int is_looked_at(unsigned int request)
{
	switch (request) {
	case TIOCSTI:
	case TIOCLINUX:
	case TIOCSETD:
	case KDSKBENT:
	case KDSKBSENT:
	case KDSKBDIACR:
	case KDSKBDIACRUC:
	case KDSETKEYCODE:
	case FS_IOC_SETFLAGS:
	case FS_IOC32_SETFLAGS:
	case FS_IOC_FSSETXATTR:
		return 1;
	default:
		return 0;
	}
}

/* True where the floor refuses the request; access then names it. */
static __always_inline int name_request(struct cg_access *access, unsigned int request)
{
	switch (request) {
		NAME(TIOCSTI);
		NAME(TIOCLINUX);
		NAME(TIOCSETD);
		NAME(KDSKBENT);
		NAME(KDSKBSENT);
		NAME(KDSKBDIACR);
		NAME(KDSKBDIACRUC);
		NAME(KDSETKEYCODE);
	default:
		return 0;
	}
	access->object = CG_OBJECT_WORD;
	return 1;
}

static __always_inline int judge_ioctl(struct file *file, unsigned int request)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_current()->bpf_storage)
		return 0;
	if (is_looked_at(request)) {
		if (!cg_enter(&entry, &verdict))
			return verdict;
		if (name_request(&entry.scratch->access, request))
			return cg_floor(entry.subject, entry.scratch, CG_FLOOR_TERMINAL);
		if (cg_protected(BPF_CORE_READ(file, f_path.dentry), CG_BIT(CG_CHMOD)))
			return cg_floor(entry.subject, entry.scratch, CG_FLOOR_FILES);
	}
	return cg_has_later() ? cg_ioctl(file, request) : 0;
}

SEC("lsm/file_ioctl")
int BPF_PROG(file_ioctl, struct file *file, unsigned int request, unsigned long argument)
{
	return judge_ioctl(file, request);
}

/* Since 6.8, and 6.1.75: before that a 32-bit caller's request came to the hook above. */
SEC("?lsm/file_ioctl_compat")
int BPF_PROG(file_ioctl_compat, struct file *file, unsigned int request, unsigned long argument)
{
	return judge_ioctl(file, request);
}
