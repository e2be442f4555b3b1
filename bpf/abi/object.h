/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CALLGATE_ABI_OBJECT_H
#define CALLGATE_ABI_OBJECT_H
#include "operation.h"
#include "types.h"

/* What an object is, in an event and for choosing the automaton's entry. */
enum cg_object_type {
	CG_OBJECT_NONE = 0,
	CG_OBJECT_PATH = 1,
	CG_OBJECT_KIND = 2,     /* no path: enum cg_kind */
	CG_OBJECT_INET = 3,     /* protocol, 16 bytes of address, 2 of port */
	CG_OBJECT_UNIX = 4,     /* the path a unix socket is bound to */
	CG_OBJECT_ABSTRACT = 5, /* the name without its leading NUL */
	CG_OBJECT_UNNAMED = 6,
	CG_OBJECT_FAMILY = 7,   /* struct cg_family */
	CG_OBJECT_WORD = 8,     /* of the floor's events: what was refused, by name; no rule can mean it */
	CG_OBJECT_HEAD = 9,     /* of what version 2 has besides: struct cg_head */
	CG_OBJECT_ARGUMENTS = 10, /* of CG_EVENT_ARGUMENTS: the current folder's path, empty where it could not be told; then from
				   * `offset` on the arguments, each with its zero, as far as they fit into CG_TEXT. What could not
				   * be read of them is left out, and `reason` says why */
};

/* Objects without a path, in the order of KINDS in src/policy/model.ts. The last three are denied unless named. */
enum cg_kind {
	CG_KIND_MEMFD = 0,
	CG_KIND_DELETED = 1,
	CG_KIND_TMPFILE = 2,
	CG_KIND_SHM = 3,
	CG_KIND_PIPE = 4,
	CG_KIND_SOCKET = 5,
	CG_KIND_ANON = 6,
	CG_KIND_MQUEUE = 7,
	CG_KIND_DETACHED = 8,
	CG_KIND_FOREIGN = 9,
	CG_KIND_UNREACHABLE = 10,
	CG_KIND_COUNT = 11,
	CG_KIND_SLOTS = 16, /* room to grow without a new layout */
};
/* No default opens it: CLOSED_KINDS of src/policy/model.ts. */
#define CG_IS_CLOSED_KIND(kind) ((kind) == CG_KIND_DELETED || (kind) >= CG_KIND_DETACHED)

/* The byte a protocol is judged as. ICMPv6 is CG_PROTOCOL_ICMP; a raw socket of any protocol is CG_PROTOCOL_RAW. */
enum cg_protocol {
	CG_PROTOCOL_ICMP = 1,
	CG_PROTOCOL_TCP = 6,
	CG_PROTOCOL_UDP = 17,
	CG_PROTOCOL_SCTP = 132,
	CG_PROTOCOL_RAW = 255,
};

/* An inet object. The automaton walks it from start_inet as three components: 1 byte, 16 bytes, 2 bytes. */
struct cg_inet {
	__u8 protocol;
	__u8 address[16]; /* network order; IPv4 as ::ffff:a.b.c.d */
	__u8 port[2];     /* network order */
	__u8 pad;
};
CG_ASSERT(sizeof(struct cg_inet) == 20, "read as bytes by the control plane");

/* A socket family, as socket(2) was asked for it; all big endian. One component of 8 bytes from start_family. */
struct cg_family {
	__u8 family[2];
	__u8 type[2]; /* SOCK_*, without its flags */
	__u8 protocol[4];
};
CG_ASSERT(sizeof(struct cg_family) == 8, "one component of the automaton");

/* Tables of numbers that are objects of version 2. */
enum cg_head_table {
	CG_HEAD_KIND = 1, /* an object without a path: enum cg_kind. In events it is CG_OBJECT_KIND */
	CG_HEAD_CAPABILITY = 2,
	CG_HEAD_UID = 3,
	CG_HEAD_GID = 4,
	CG_HEAD_SIGNAL = 5, /* the signal, and enum cg_target << 8: who gets it; the others likewise */
	CG_HEAD_LIMIT = 6,    /* RLIMIT_* */
	CG_HEAD_PRIORITY = 7, /* enum cg_priority */
	CG_HEAD_PTRACE = 8,   /* enum cg_ptrace */
	CG_HEAD_NAMESPACE = 9, /* enum cg_namespace */
	CG_HEAD_KERNEL = 10, /* enum cg_surface */
	CG_HEAD_IPC = 11, /* enum cg_ipc */
	CG_HEAD_MOUNT = 12,   /* enum cg_file_system, and CG_TARGET_PATH << 8: the place follows */
	CG_HEAD_UNMOUNT = 13, /* the same of what is unmounted */
	CG_HEAD_ATTRIBUTE = 14, /* enum cg_attribute, and enum cg_target << 8: PATH or KIND */
	CG_HEAD_IOCTL = 15,      /* the command, all 32 bits of it; what it is done to follows: a path */
	CG_HEAD_IOCTL_KIND = 16, /* the same of what has no path: CG_HEAD_KIND follows */
};

/* Kinds of namespaces. */
enum cg_namespace {
	CG_NAMESPACE_MOUNT = 0,
	CG_NAMESPACE_UTS = 1,
	CG_NAMESPACE_IPC = 2,
	CG_NAMESPACE_USER = 3,
	CG_NAMESPACE_PID = 4,
	CG_NAMESPACE_NET = 5,
	CG_NAMESPACE_CGROUP = 6,
	CG_NAMESPACE_TIME = 7,
	CG_NAMESPACE_COUNT = 8,
};

/* What of the kernel itself is used. Those before CG_SURFACE_OPEN no default opens: the floor refuses them under version 1. */
enum cg_surface {
	CG_SURFACE_IO_URING = 0,
	CG_SURFACE_SQPOLL = 1,
	CG_SURFACE_URING_CMD = 2,
	CG_SURFACE_AUTOLOAD = 3,
	CG_SURFACE_CONSOLE = 4,
	CG_SURFACE_HOSTNAME = 5,
	CG_SURFACE_SWAP = 6,
	CG_SURFACE_OPEN = 7,
	CG_SURFACE_KEYS = 7,
	CG_SURFACE_PERF = 8,
	CG_SURFACE_QUOTA = 9,
	CG_SURFACE_SYSLOG = 10,
	CG_SURFACE_USERFAULTFD = 11,
};

/* System V IPC. */
enum cg_ipc {
	CG_IPC_SHM = 0,
	CG_IPC_MSG = 1,
	CG_IPC_SEM = 2,
};

/*
 * File systems that a policy may permit to be mounted, by the names that the kernel has for them: each shows what is on a disk, or nothing
 * yet, and nothing that the machine shows elsewhere. src/policy/acts.ts has the same list.
 */
enum cg_file_system {
	CG_FILE_SYSTEM_OTHER = 0, /* none of these */
	CG_FILE_SYSTEM_TMPFS = 1,
	CG_FILE_SYSTEM_RAMFS = 2,
	CG_FILE_SYSTEM_EXT2 = 3, /* from here on they are on disks, or in files */
	CG_FILE_SYSTEM_EXT3 = 4,
	CG_FILE_SYSTEM_EXT4 = 5,
	CG_FILE_SYSTEM_XFS = 6,
	CG_FILE_SYSTEM_F2FS = 7,
	CG_FILE_SYSTEM_VFAT = 8,
	CG_FILE_SYSTEM_EXFAT = 9,
	CG_FILE_SYSTEM_ISO9660 = 10,
	CG_FILE_SYSTEM_UDF = 11,
	CG_FILE_SYSTEM_SQUASHFS = 12,
	CG_FILE_SYSTEM_EROFS = 13,
};

/* What is changed of a file besides its mode, owner and contents. */
enum cg_attribute {
	CG_ATTRIBUTE_TIMES = 1,   /* as somebody says; what the kernel keeps by itself is none */
	CG_ATTRIBUTE_USER = 2,    /* extended attributes: user.* */
	CG_ATTRIBUTE_TRUSTED = 3, /* trusted.* */
	CG_ATTRIBUTE_FLAGS = 4,   /* FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR, file_setattr(2) */
	CG_ATTRIBUTE_OTHER = 5,   /* extended attributes of other names, but for those that are CG_CHMOD */
};

/* Which priority of a process. */
enum cg_priority {
	CG_PRIORITY_NICE = 1,
	CG_PRIORITY_IO = 2,
	CG_PRIORITY_SCHEDULER = 3, /* policy, affinity, timer slack */
	CG_PRIORITY_MEMORY = 4,    /* which nodes its memory is on */
};

/* How far into a process. */
enum cg_ptrace {
	CG_PTRACE_READ = 1,   /* PTRACE_MODE_READ: compared, its namespaces entered, its memory moved */
	CG_PTRACE_ATTACH = 2, /* PTRACE_MODE_ATTACH: its memory and descriptors, stopped and changed */
};

/* To whom it is done. */
enum cg_target {
	CG_TARGET_PATH = 0,   /* who runs a program: its path follows, component by component */
	CG_TARGET_CHILD = 1,  /* a child of the subject's process, or a child's */
	CG_TARGET_POLICY = 2, /* no child, and under the same policy */
	CG_TARGET_KIND = 3,   /* who runs what has no path: CG_HEAD_KIND follows */
};

/* One component of 5 bytes from start_head. */
struct cg_head {
	__u8 table;     /* enum cg_head_table */
	__u8 number[4]; /* big endian */
};
CG_ASSERT(sizeof(struct cg_head) == 5, "one component of the automaton");
CG_ASSERT(CG_ACT_TABLE(CG_SIGNAL) == CG_HEAD_SIGNAL && CG_ACT_TABLE(CG_LIMIT) == CG_HEAD_LIMIT &&
	  CG_ACT_TABLE(CG_PRIORITY) == CG_HEAD_PRIORITY && CG_ACT_TABLE(CG_PTRACE) == CG_HEAD_PTRACE,
	  "tables stand in the order of the operations");

#endif
