// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel does for those who rule the machine. Most of it has no hook of its own (unshare and clone of namespaces,
 * setns: see namespaces.bpf.c; fsopen and its family, mount_setattr: see mounts.bpf.c; reboot, swapon, iopl, perf_event_open
 * of others ...), but all of it asks for a capability. A subject is one without it: the kernel's answer is the one an ordinary user would get.
 *
 * CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_BOOT, CAP_BPF, CAP_PERFMON, and CAP_SYS_PACCT (acct(2): the kernel
 * writes into a file of the caller's choice).
 *
 * Let through, because nothing of the machine's can be changed by it, and by what the caller cannot set:
 *
 *   seccomp filters and Landlock   they narrow; the kernel asks so as to spare root no_new_privs. Told by the system call,
 *                                  and by the kernel asking without audit: nothing else in prctl(2) does
 *                                  (kernel/seccomp.c: seccomp_prepare_filter; security/landlock/syscalls.c)
 *   reading extended attributes    trusted.*, in listings and by name (fs/xattr.c: xattr_permission)
 *   borrowed credentials           overlayfs looks into its layers as its mounter (ovl_override_creds). A caller brings such
 *                                  a state about by access(2) alone, where the kernel asks about the file and does nothing
 *
 * A policy of version 2 has a word for each capability (`capable`), and governs all of them: what no rule permits of those above
 * is refused whatever its default is, and what the kernel only looks at is neither told nor learned. No version has a word that
 * permits CAP_SYS_RAWIO: ports and memory of the machine are the kernel's own.
 *
 * The number is the one the kernel dispatched on, 32 bits of it; a tracer may change it, before the call.
 */
#include "mounts.h"
#include "namespaces.h"

static __always_inline int rules_the_machine(int capability)
{
	switch (capability) {
	case CAP_SYS_MODULE:
	case CAP_SYS_RAWIO:
	case CAP_SYS_PACCT:
	case CAP_SYS_ADMIN:
	case CAP_SYS_BOOT:
	case CAP_PERFMON:
	case CAP_BPF:
		return 1;
	default:
		return 0;
	}
}

static __always_inline void name_capability(struct cg_access *access, int capability)
{
	switch (capability) {
	case CAP_SYS_MODULE:
		CG_WORD(access, "CAP_SYS_MODULE");
		break;
	case CAP_SYS_RAWIO:
		CG_WORD(access, "CAP_SYS_RAWIO");
		break;
	case CAP_SYS_PACCT:
		CG_WORD(access, "CAP_SYS_PACCT");
		break;
	case CAP_SYS_BOOT:
		CG_WORD(access, "CAP_SYS_BOOT");
		break;
	case CAP_PERFMON:
		CG_WORD(access, "CAP_PERFMON");
		break;
	case CAP_BPF:
		CG_WORD(access, "CAP_BPF");
		break;
	default:
		CG_WORD(access, "CAP_SYS_ADMIN");
		break;
	}
}

/* System calls for which CAP_SYS_ADMIN only decides about something harmless. */
static __always_inline int is_harmless(unsigned int options)
{
	__u32 call = cg_syscall(), compat = cg_compat_syscall();

	if (options & CAP_OPT_NOAUDIT) {
		if (call == CG_SYSCALL_SECCOMP || call == CG_SYSCALL_PRCTL || compat == CG_COMPAT_SECCOMP ||
		    compat == CG_COMPAT_PRCTL)
			return 1;
		if (call == CG_SYSCALL_LANDLOCK_RESTRICT_SELF || compat == CG_SYSCALL_LANDLOCK_RESTRICT_SELF)
			return 1;
	}
	if (call == CG_SYSCALL_GETXATTRAT || call == CG_SYSCALL_LISTXATTRAT || compat == CG_SYSCALL_GETXATTRAT ||
	    compat == CG_SYSCALL_LISTXATTRAT)
		return 1;
	return (call >= CG_SYSCALL_GETXATTR && call <= CG_SYSCALL_FLISTXATTR) ||
	       (compat >= CG_COMPAT_GETXATTR && compat <= CG_COMPAT_FLISTXATTR);
}

/* 1: the policy governs it, and says *verdict. 0: it does not, or what it says of what no rule decides is the floor. */
static __always_inline int judge_capability(struct cg_entry *entry, int capability, int rules, unsigned int options, int *verdict)
{
	struct cg_access *access = &entry->scratch->access;

	cg_later(access, CG_CAPABLE, rules);
	cg_head(access, CG_HEAD_CAPABILITY, capability);
	if (!cg_decide_later(entry->subject, entry->scratch) || cg_stays_closed(access))
		return 0;
	if (options & CAP_OPT_NOAUDIT) {
		if (access->flags & CG_EVENT_LEARNT)
			return 1;
		if (!access->unresolved)
			access->decision_flags &= ~CG_DECISION_LOG;
	}
	*verdict = cg_conclude(entry->subject, entry->scratch);
	return 1;
}

/* The kinds of namespaces that CAP_SYS_ADMIN is asked for; 0: it is for something else, or that cannot be told. */
static __always_inline __u32 asked_namespaces(int capability)
{
	int made = 0;
	__u32 kinds = capability == CAP_SYS_ADMIN ? cg_clone_flags(&made) & CG_CLONE_NEW : 0;

	/* A new user namespace was judged by its own hook. */
	return made ? kinds & ~CG_CLONE_NEWUSER : kinds;
}

SEC("lsm/capable")
int BPF_PROG(capable, const struct cred *cred, struct user_namespace *ns, int capability, unsigned int options)
{
	struct cg_entry entry;
	struct task_struct *task = cg_current();
	struct cg_subject *subject;
	int verdict = 0, rules, governed;
	__u32 kinds;

	rules = rules_the_machine(capability);
	if (!rules && (!task->bpf_storage || !cg_has_later()))
		return 0;
	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	if (capability == CAP_SYS_ADMIN && (task->cred != task->real_cred || is_harmless(options)))
		return 0;
	if (!rules && task->cred != task->real_cred)
		return 0;
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	if (capability != CAP_SYS_RAWIO && cg_has_later()) {
		if (capability == CAP_SYS_ADMIN && cg_governs_later(subject)) {
			/* Both have hooks of their own, which judge the place: umount(2)'s comes later (fs/namespace.c: path_umount). */
			if (cg_calls_mount() || cg_calls_unmount())
				return 0;
			if (cg_names_mount_call(&entry.scratch->access))
				return cg_floor(entry.subject, entry.scratch, CG_FLOOR_MOUNT);
		}
		kinds = asked_namespaces(capability);
		governed = kinds ? cg_namespaces(&entry, kinds, &verdict)
				 : judge_capability(&entry, capability, rules, options, &verdict);
		if (governed)
			return verdict ? cg_refuse(-verdict) : 0;
		if (!rules)
			return 0;
		cg_begin(entry.scratch);
	}
	if (options & CAP_OPT_NOAUDIT)
		return cg_floor_unsaid(entry.subject, CG_FLOOR_CAPABILITY);
	name_capability(&entry.scratch->access, capability);
	return cg_floor(entry.subject, entry.scratch, CG_FLOOR_CAPABILITY);
}

/*
 * The kernel runs modprobe as itself for what a subject asks for. Let through where the policy judged the very thing:
 * a socket's family and protocol (socket_create comes before the request: net/socket.c, __sock_create), a device whose
 * node was opened (file_open comes before chrdev_open and blkdev_open: fs/open.c, do_dentry_open). The names are made by the
 * kernel, of numbers. Everything else (line disciplines, file systems, binary formats, ciphers, network interfaces) is as
 * if there were no such module; the operator loads it beforehand.
 */
SEC("lsm/kernel_module_request")
int BPF_PROG(kernel_module_request, char *name)
{
	struct cg_entry entry;
	struct cg_access *access;
	__u64 *words;
	long length;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	access = &entry.scratch->access;
	length = bpf_probe_read_kernel_str(access->bytes, sizeof(access->bytes), name);
	if (length > 1 && length <= (long)sizeof(access->bytes)) {
		words = (__u64 *)access->bytes;
		if ((words[0] & 0xffffffffffffffull) == 0x2d66702d74656eull /* "net-pf-" */)
			return 0;
		if (words[0] == 0x6a616d2d72616863ull /* "char-maj" */ && (words[1] & 0xffffff) == 0x2d726full /* "or-" */)
			return 0;
		if (words[0] == 0x616d2d6b636f6c62ull /* "block-ma" */ && (words[1] & 0xffffffff) == 0x2d726f6aull /* "jor-" */)
			return 0;
		access->object = CG_OBJECT_WORD;
		access->length = length - 1;
	}
	return cg_floor(entry.subject, entry.scratch, CG_FLOOR_AUTOLOAD);
}

/* syslog(2) and /proc/kmsg: reading is what dmesg does; clearing hides, and the console's level is the machine's. */
SEC("lsm/syslog")
int BPF_PROG(syslog, int type)
{
	struct cg_entry entry;
	int verdict = 0;

	/* SYSLOG_ACTION_READ_CLEAR to SYSLOG_ACTION_CONSOLE_LEVEL (include/linux/syslog.h) */
	if (type < 4 || type > 8 || !cg_enter(&entry, &verdict))
		return verdict;
	return cg_floor(entry.subject, entry.scratch, CG_FLOOR_KERNEL_LOG);
}

/*
 * fanotify's permission events: who opens the file waits for an answer, a supervisor too. Making such a group takes
 * CAP_SYS_ADMIN; this is for one that was made by another.
 */
#define PERMISSION_EVENTS 0x170000ull /* FS_OPEN_PERM, FS_ACCESS_PERM, FS_OPEN_EXEC_PERM, FS_PRE_ACCESS (fsnotify_backend.h) */

SEC("lsm/path_notify")
int BPF_PROG(path_notify, const struct path *path, __u64 mask, unsigned int type)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!(mask & PERMISSION_EVENTS) || !cg_enter(&entry, &verdict))
		return verdict;
	return cg_floor(entry.subject, entry.scratch, CG_FLOOR_NOTIFY);
}
