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
#include "surface.h"

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

	if (!cg_registers_tell())
		return 0;
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
	if (!cg_decide_closed(entry->subject, entry->scratch))
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
	__u32 kinds = capability == CAP_SYS_ADMIN && cg_registers_tell() ? cg_clone_flags(&made) & CG_CLONE_NEW : 0;

	/* A new user namespace was judged by its own hook. */
	return made ? kinds & ~CG_CLONE_NEWUSER : kinds;
}

/* What of the kernel CAP_SYS_ADMIN is asked for, where the call's number says so (an enum cg_surface); 0: something else. */
static __always_inline __u32 asked_surface(int capability)
{
	if (capability != CAP_SYS_ADMIN || !cg_registers_tell())
		return 0;
	switch (cg_syscall()) {
	case CG_SYSCALL_SETHOSTNAME:
	case CG_SYSCALL_SETDOMAINNAME:
		return CG_SURFACE_HOSTNAME;
	case CG_SYSCALL_SWAPON:
	case CG_SYSCALL_SWAPOFF:
		return CG_SURFACE_SWAP;
	}
	switch (cg_compat_syscall()) {
	case CG_COMPAT_SETHOSTNAME:
	case CG_COMPAT_SETDOMAINNAME:
		return CG_SURFACE_HOSTNAME;
	case CG_COMPAT_SWAPON:
	case CG_COMPAT_SWAPOFF:
		return CG_SURFACE_SWAP;
	}
	return 0;
}

SEC("lsm/capable")
int BPF_PROG(capable, const struct cred *cred, struct user_namespace *ns, int capability, unsigned int options)
{
	struct cg_entry entry;
	struct task_struct *task = cg_current();
	struct cg_subject *subject;
	int verdict = 0, rules, governed;
	__u32 kinds, what;

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
			if (cg_registers_tell() && (cg_calls_mount() || cg_calls_unmount()))
				return 0;
			if (cg_names_mount_call(&entry.scratch->access))
				return cg_floor(entry.subject, entry.scratch, CG_FLOOR_MOUNT);
		}
		kinds = asked_namespaces(capability);
		what = asked_surface(capability);
		if (kinds)
			governed = cg_namespaces(&entry, kinds, &verdict);
		else if (what)
			governed = cg_surface(&entry, what, &verdict);
		else
			governed = judge_capability(&entry, capability, rules, options, &verdict);
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
