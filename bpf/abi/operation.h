/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CALLGATE_ABI_OPERATION_H
#define CALLGATE_ABI_OPERATION_H
#include "types.h"

/*
 * The operations. Version 1 of the language has CG_OPERATION_COUNT of them, version 2 all. Of version 1 the number is the bit in masks
 * and the place in struct cg_answer; the order decides which denied operation gives the errno.
 * src/policy/operations.ts holds the same list; a test compares them.
 */
enum cg_operation {
	CG_READ = 0,
	CG_LIST = 1,
	CG_WRITE = 2,
	CG_CREATE = 3,
	CG_DELETE = 4,
	CG_LINK = 5,
	CG_MKNOD = 6,
	CG_CHMOD = 7,
	CG_CHOWN = 8,
	CG_STAT = 9,
	CG_EXEC = 10,
	CG_LOAD = 11,
	CG_RECEIVE = 12,
	CG_SOCKET = 13,
	CG_BIND = 14,
	CG_LISTEN = 15,
	CG_ACCEPT = 16,
	CG_CONNECT = 17,
	CG_SEND = 18,
	CG_OPERATION_COUNT = 19,
	/*
	 * Those that version 2 has besides. Each is an attempt by itself: a mask is CG_ALONE() of it, and the answers of its objects
	 * have CG_SLOT() of it.
	 */
	CG_CHROOT = 19,
	CG_CAPABLE = 20,
	CG_SETUID = 21,
	CG_SETGID = 22,
	CG_SIGNAL = 23, /* from here on what is done to another process: its heads have tables in the same order */
	CG_LIMIT = 24,
	CG_PRIORITY = 25,
	CG_PTRACE = 26,
	CG_NAMESPACE = 27,
	CG_KERNEL = 28,
	CG_IPC = 29,
	CG_MOUNT = 30,
	CG_UNMOUNT = 31,
	CG_ATTRIBUTE = 32,
	CG_IOCTL = 33,
	CG_OPERATION_ALL_COUNT = 34,
	/* Length of an answer: one spare, so that they end on 8 bytes. */
	CG_OPERATION_SLOTS = 20,
};
/* Some of version 1 in a mask. */
#define CG_BIT(operation) (1u << (operation))
/* One of version 2 in a mask: the highest bit, which nothing of version 1 has, and its number above the bits of those. */
#define CG_LATER_BIT 31
#define CG_LATER_MASK (1u << CG_LATER_BIT)
#define CG_LATER_SHIFT 24
#define CG_ALONE(later) (CG_LATER_MASK | (__u32)(later) << CG_LATER_SHIFT)
#define CG_ALONE_NUMBER(mask) ((mask) >> CG_LATER_SHIFT & (CG_OPERATION_MOST - 1))
/* Length of arrays that have one place for each number. */
#define CG_OPERATION_MOST 64
/*
 * An object that begins with a head (enum cg_head_table) is of one operation, which its table tells, so that all of them have one
 * place. Of a path several operations may be asked.
 */
#define CG_SLOT(later) ((later) == CG_CHROOT ? 1 : 0)
CG_ASSERT(CG_OPERATION_COUNT <= CG_LATER_SHIFT && CG_OPERATION_ALL_COUNT <= CG_OPERATION_MOST, "bits and numbers of a mask");

/* Is it done to another process, or a place, by a number of its own? And the table of its heads (enum cg_head_table). */
#define CG_IS_ACT(operation) \
	(((operation) >= CG_SIGNAL && (operation) <= CG_PTRACE) || (operation) == CG_MOUNT || (operation) == CG_UNMOUNT)
#define CG_ACT_TABLE(operation)                                \
	((operation) == CG_MOUNT     ? CG_HEAD_MOUNT :         \
	 (operation) == CG_UNMOUNT   ? CG_HEAD_UNMOUNT :       \
				       (operation) - CG_SIGNAL + CG_HEAD_SIGNAL)
/* Is it done to a file, of which a number of its own is told too (cg_event.first)? Of its heads there are CG_TARGET_PATH and CG_TARGET_KIND. */
#define CG_IS_DEED(operation) ((operation) == CG_ATTRIBUTE || (operation) == CG_IOCTL)

/* A verdict as stored in a decision and reported in an event. */
enum cg_verdict {
	CG_PERMIT = 0,
	CG_DENY = 1,
	CG_ASK = 2,
};

/* What a permitted exec leads to. */
enum cg_transition {
	CG_OWN = 0,
	CG_INHERIT = 1,
	CG_UNCONFINED = 2,
};

#endif
