// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of the kernel itself is used, by a name each: operation kernel.
 *
 *   perf_event_open                 perf        one's own process too; others are ptrace besides, all of the machine perfmon
 *   key_alloc, key_permission       keys        keyrings and what is in them
 *   quotactl                        quota       asking, syncing; to set takes sys_admin besides
 *   syslog                          syslog      the kernel's log read
 *                                   console     cleared, or the console's level set: the floor's under a policy of version 1
 *   kernel_module_request           autoload    the floor's, too
 *   inode_init_security_anon        userfaultfd (rings.bpf.c)
 *   capable                         hostname, swap: sys_admin, of which the call's number says for what it is asked (capable.bpf.c)
 *   io_uring                        rings.bpf.c
 *
 * What no rule of any version permits has no name here: bpf(2) (programs that trace or judge the kernel see and change what every
 * other process does, the gate's own programs are among them), modules, firmware and kexec images (code in the kernel).
 */
#include "surface.h"

__hidden int cg_surface(struct cg_entry *entry, __u32 what, int *verdict)
{
	struct cg_access *access;

	if (!entry || !entry->subject || !entry->scratch || !verdict)
		return 0;
	*verdict = 0;
	if (!cg_has_later())
		return 0;
	access = &entry->scratch->access;
	cg_later(access, CG_KERNEL, what < CG_SURFACE_OPEN);
	cg_head(access, CG_HEAD_KERNEL, what);
	if (!cg_decide_closed(entry->subject, entry->scratch))
		return 0;
	*verdict = cg_conclude(entry->subject, entry->scratch);
	return 1;
}

/* What version 1 has no word for, and the floor lets through. */
static __always_inline int judge(__u32 what)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter_later(&entry, &verdict))
		return verdict;
	cg_surface(&entry, what, &verdict);
	return verdict ? cg_refuse(-verdict) : 0;
}

/* Asked at once for all, and again for what is more than one's own; its arguments are others since 6.15. */
SEC("?lsm/perf_event_open")
int BPF_PROG(perf_event_open)
{
	return judge(CG_SURFACE_PERF);
}

SEC("?lsm/quotactl")
int BPF_PROG(quotactl)
{
	return judge(CG_SURFACE_QUOTA);
}

/* Keys that the kernel uses for itself, under credentials of its own (fs/smb/client/cifs_spnego.c), are nobody's attempt. */
SEC("?lsm/key_alloc")
int BPF_PROG(key_alloc)
{
	return cg_current()->cred == cg_current()->real_cred ? judge(CG_SURFACE_KEYS) : 0;
}

SEC("?lsm/key_permission")
int BPF_PROG(key_permission)
{
	return cg_current()->cred == cg_current()->real_cred ? judge(CG_SURFACE_KEYS) : 0;
}

/* Types of syslog(2) (include/linux/syslog.h), which files that show the log ask for, too (kernel/printk/printk.c). */
#define SYSLOG_CLOSE 0
#define SYSLOG_READ_CLEAR 4
#define SYSLOG_CONSOLE_LEVEL 8

SEC("lsm/syslog")
int BPF_PROG(syslog, int type)
{
	struct cg_entry entry;
	int verdict = 0;

	if (type == SYSLOG_CLOSE)
		return 0;
	/* Reading is what dmesg does; clearing hides, and the console's level is the machine's. */
	if (type < SYSLOG_READ_CLEAR || type > SYSLOG_CONSOLE_LEVEL)
		return judge(CG_SURFACE_SYSLOG);
	if (!cg_enter(&entry, &verdict))
		return verdict;
	return cg_surface_or_floor(&entry, CG_SURFACE_CONSOLE, CG_FLOOR_KERNEL_LOG);
}

/* The module's name, as the object of a floor's event; its length with the zero, or what is no length. */
static __always_inline long name_module(struct cg_access *access, char *name)
{
	long length = bpf_probe_read_kernel_str(access->bytes, sizeof(access->bytes), name);

	if (length > 1 && length <= (long)sizeof(access->bytes)) {
		access->object = CG_OBJECT_WORD;
		access->length = length - 1;
	}
	return length;
}

/*
 * The kernel runs modprobe as itself for what a subject asks for. Let through where the policy judged the very thing:
 * a socket's family and protocol (socket_create comes before the request: net/socket.c, __sock_create), a device whose
 * node was opened (file_open comes before chrdev_open and blkdev_open: fs/open.c, do_dentry_open). The names are made by the
 * kernel, of numbers. Everything else (line disciplines, file systems, binary formats, ciphers, network interfaces) is as
 * if there were no such module, where no rule permits it; the operator loads it beforehand.
 */
SEC("lsm/kernel_module_request")
int BPF_PROG(kernel_module_request, char *name)
{
	struct cg_entry entry;
	__u64 *words;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	words = (__u64 *)entry.scratch->access.bytes;
	if (name_module(&entry.scratch->access, name) > 1) {
		if ((words[0] & 0xffffffffffffffull) == 0x2d66702d74656eull /* "net-pf-" */)
			return 0;
		if (words[0] == 0x6a616d2d72616863ull /* "char-maj" */ && (words[1] & 0xffffff) == 0x2d726full /* "or-" */)
			return 0;
		if (words[0] == 0x616d2d6b636f6c62ull /* "block-ma" */ && (words[1] & 0xffffffff) == 0x2d726f6aull /* "jor-" */)
			return 0;
	}
	if (cg_surface(&entry, CG_SURFACE_AUTOLOAD, &verdict))
		return verdict ? cg_refuse(-verdict) : 0;
	cg_begin(entry.scratch);
	name_module(&entry.scratch->access, name);
	return cg_floor(entry.subject, entry.scratch, CG_FLOOR_AUTOLOAD);
}
