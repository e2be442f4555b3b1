/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CALLGATE_LAUNCHER_HELD_H
#define CALLGATE_LAUNCHER_HELD_H
/*
 * A child held before its exec, and how its owner speaks to it: over a stream socket ("control") the owner sends one byte
 * with a descriptor of a plan (struct held_plan), later one byte that lets it go. The child sends nothing but the errno of
 * the step that failed; negative, where it was the filter of system calls. Behind that filter it writes it into the plan, for the filter need not
 * permit write(2). Its end of the socket is closed by the exec, so that the end of the file means success; the end of
 * the file on its side means that the owner is gone, and it ends without having run anything.
 */
#include <stdint.h>
#include <sys/resource.h>

#ifdef __cplusplus
extern "C" {
#endif

/* In the place of either byte: nothing is to be run; the byte behind it is the exit status. */
#define HELD_QUIT 'x'

/* held_plan.set */
enum {
	HELD_GROUPS = 1,
	HELD_GID = 2,
	HELD_UID = 4,
	HELD_SESSION = 8, /* a session (and process group) of its own */
	HELD_FOLDER = 16, /* a working folder stands first among the texts; without it the child stays where it is */
};

/* Behind it: the filter's instructions (struct sock_filter); `groups` numbers of 32 bits; then texts, each ended by a zero: [folder], file, argv, environment. */
struct held_plan {
	uint32_t set;
	uint32_t uid, gid;
	uint32_t groups;
	uint32_t arguments, variables;
	uint32_t instructions; /* 0: no filter */
	int32_t failed;        /* the child's: errno of what failed behind the filter */
};

/*
 * The child's life until its exec. Calls nothing but what signal-safety(7) allows: its owner may have had threads.
 *
 * control: this end of the socket, close-on-exec.
 * files: the limit of descriptors to have when the program starts; NULL: as it is.
 */
void held_serve(int control, const struct rlimit *files) __attribute__((noreturn));

#ifdef __cplusplus
}
#endif
#endif
