/* SPDX-License-Identifier: GPL-2.0-only */
/* A child held before its exec: see held.h. */
#define _GNU_SOURCE
#include "held.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Says why there was no exec, and ends. */
static void __attribute__((noreturn)) fail(int control)
{
	int number = errno;

	(void)!write(control, &number, sizeof(number));
	_exit(127);
}

/*
 * Takes a seccomp filter on, from here on and for all that comes of this process: it asks for CAP_SYS_ADMIN, or for no_new_privs, which would
 * change what the program is. `admin`: the capability is among the permitted ones only, for the user was changed; the exec
 * takes it away. Bugs in speculation are held off as they were before (SPEC_ALLOW).
 */
static int take_filter(struct held_plan *plan, int admin)
{
	struct sock_fprog program = {(unsigned short)plan->instructions, (struct sock_filter *)(plan + 1)};
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	if (admin) {
		if (syscall(SYS_capget, &header, sets) != 0)
			return -1;
		for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
			sets[i].effective = sets[i].permitted = 0;
		sets[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective = sets[CAP_TO_INDEX(CAP_SYS_ADMIN)].permitted = CAP_TO_MASK(CAP_SYS_ADMIN);
		if (syscall(SYS_capset, &header, sets) != 0)
			return -1;
	}
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
}

/* One byte, and the descriptor that comes with it; -1 where none does. Ends where the owner is gone. */
static int receive(int control)
{
	char byte, room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
	struct cmsghdr *header;
	ssize_t got;
	int fd = -1;

	do {
		got = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got != 1)
		_exit(127);
	if (byte == HELD_QUIT)
		_exit(read(control, &byte, 1) == 1 ? (unsigned char)byte : 127);
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

/* `count` texts that stand one behind the other, as pointers with a NULL at the end; moves `at` behind them. */
static char **texts(char **pointers, char **at, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		pointers[i] = *at;
		*at += strlen(*at) + 1;
	}
	pointers[count] = NULL;
	return pointers + count + 1;
}

void held_serve(int control, const struct rlimit *files)
{
	int fd = receive(control);
	struct stat facts;
	struct held_plan *plan;
	char **arguments, **variables, *at, *file, *folder = NULL;
	size_t pointers;
	gid_t *groups;
	int admin;

	if (fd < 0) {
		errno = EBADF;
		fail(control);
	}
	if (fstat(fd, &facts) != 0)
		fail(control);
	plan = mmap(NULL, facts.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (plan == MAP_FAILED)
		fail(control);
	close(fd);
	pointers = ((size_t)plan->arguments + plan->variables + 2) * sizeof(char *);
	arguments = mmap(NULL, pointers, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arguments == MAP_FAILED)
		fail(control);
	groups = (gid_t *)((struct sock_filter *)(plan + 1) + plan->instructions);
	at = (char *)(groups + plan->groups);
	if (plan->set & HELD_FOLDER) {
		folder = at;
		at += strlen(at) + 1;
	}
	file = at;
	at += strlen(at) + 1;
	variables = texts(arguments, &at, plan->arguments);
	texts(variables, &at, plan->variables);

	if ((plan->set & HELD_SESSION) && setsid() < 0)
		fail(control);
	if ((plan->set & HELD_GROUPS) && setgroups(plan->groups, groups) != 0)
		fail(control);
	if ((plan->set & HELD_GID) && setresgid(plan->gid, plan->gid, plan->gid) != 0)
		fail(control);
	admin = plan->instructions && (plan->set & HELD_UID) && plan->uid != 0;
	if (admin && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
		fail(control);
	if ((plan->set & HELD_UID) && setresuid(plan->uid, plan->uid, plan->uid) != 0)
		fail(control);
	if (folder && chdir(folder) != 0)
		fail(control);
	receive(control);
	if (files && setrlimit(RLIMIT_NOFILE, files) != 0)
		fail(control);
	if (plan->instructions && take_filter(plan, admin) != 0) {
		errno = -errno;
		fail(control);
	}
	execve(file, arguments, variables);
	if (!plan->instructions)
		fail(control);
	/* write(2) need not be permitted; the end always is. */
	plan->failed = errno;
	_exit(127);
}
