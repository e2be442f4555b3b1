// SPDX-License-Identifier: GPL-2.0-only
/*
 * The name of a script, which its interpreter opens again: a script with a policy of its own is what was judged, or is
 * refused.
 *
 * The kernel opens the script, has it judged, and hands the interpreter its *name*. The name holds where it is the judged
 * path itself: every component of the name is, in order, a component of the path, from the root or from the current folder
 * down. Then nothing can be put in between that could not have been put at the judged path before, which the policy's rules
 * for that path speak of. So: no symbolic link, no `..` and no `.` but a leading one. Two exceptions:
 *
 *   /bin, /sbin, /lib*     the links of a merged /usr, at the root: Debian's PATH and interpreter lines use them. A policy
 *                          that permits deleting and creating /bin itself gives this away (docs/policy-language.md).
 *   /dev/fd/N              execveat(2) of a descriptor: the descriptor table must be nobody else's, not another thread's
 *                          either, or N could be another file by the time it is opened.
 *
 * A relative name takes a current folder that is nobody else's: another thread may change it until the exec ends it. A
 * handler of binfmt_misc is told a name in the same way, unless it takes the file as a descriptor.
 */
#include "crossing.h"

/* Bytes of a name: PATH_MAX with its zero, and what copying a component may read behind it. */
#define NAME_MASK 4095

/* Where a path's own components begin; 0 for the root of the namespace, ~0 where that cannot be told. */
#define AT_ROOT 0
#define NOWHERE (~0ull)

/* Mounts stacked at one place that are looked through; docker and snap stack two or three. */
#define STACKED 8

/*
 * A folder as a climb meets it: the root of a mount is met as the mount point it covers.
 */
static __always_inline __u64 met_as(__u64 vfsmount, __u64 dentry)
{
	__u64 mount = vfsmount - bpf_core_field_offset(struct mount, mnt), root = 0, above = 0;

	for (int i = 0; i < STACKED; i++) {
		if (CG_READ_FIELD(&root, struct mount, mount, mnt.mnt_root))
			return NOWHERE;
		if (dentry != root)
			return dentry;
		if (CG_READ_FIELD(&above, struct mount, mount, mnt_parent))
			return NOWHERE;
		if (above == mount)
			return AT_ROOT;
		if (CG_READ_FIELD(&dentry, struct mount, mount, mnt_mountpoint))
			return NOWHERE;
		mount = above;
	}
	return NOWHERE;
}

/* Are the first `length` bytes of scratch->name and of the copy in scratch->key the same? */
static __always_inline int same_name(struct cg_scratch *scratch, __u32 length)
{
	__u64 *have = (__u64 *)scratch->name, *want = (__u64 *)scratch->key.object;
	__s32 left = length;

	for (int i = 0; i < (CG_NAME_MAX + 1) / 8; i++) {
		__u64 mask = ~0ull;
		if (left <= 0)
			break;
		if (left < 8)
			mask >>= 64 - 8 * left;
		if ((have[i] ^ want[i]) & mask)
			return 0;
		left -= 8;
	}
	return 1;
}

/* A link of a merged /usr: the path's `usr` stands for nothing in the name, whose next component is the path's next one. */
static __always_inline int is_alias(struct cg_scratch *scratch, __u32 length)
{
	__u64 want = *(__u64 *)scratch->key.object, have = *(__u64 *)scratch->name;

	if (length != 3 || (have & 0xffffff) != 0x727375 /* "usr" */)
		return 0;
	return (want & 0xffffffff) == 0x2f6e6962 /* "bin/" */ || (want & 0xffffffffff) == 0x2f6e696273 /* "sbin/" */ ||
	       (want & 0xffffff) == 0x62696c /* "lib" */;
}

/* One component on the way down, against the name. */
static __noinline int compare(struct cg_scratch *scratch, __u32 length, __u32 first)
{
	struct cg_exec_name *name;
	__u32 at;
	__u8 behind;

	if (!scratch)
		return 0;
	name = &scratch->exec_name;
	at = name->at & NAME_MASK;
	/* `//`, as a PATH that ends in a slash makes it */
	for (int i = 0; i < 4 && scratch->text[at & NAME_MASK] == '/'; i++)
		at++;
	at &= NAME_MASK;
	length &= CG_NAME_MAX;
	if (bpf_probe_read_kernel(scratch->key.object, CG_NAME_MAX + 1, scratch->text + at)) {
		name->differs = 1;
		return 0;
	}
	if (first && name->absolute && name->start == AT_ROOT && is_alias(scratch, length))
		return 0;
	behind = scratch->text[at + length];
	if (!same_name(scratch, length) || (behind && behind != '/') || !behind != !scratch->climb.next)
		name->differs = 1;
	name->at = at + length;
	return 0;
}

static long compare_one(__u32 index, struct cg_scratch **context)
{
	struct cg_scratch *scratch = *context;
	struct cg_climb *climb = &scratch->climb;
	struct cg_exec_name *name = &scratch->exec_name;
	__u32 length = cg_walk_step(scratch);

	if (length) {
		__u32 first = climb->next + 1 == climb->count;
		if (first) {
			name->at = name->origin;
			name->differs = 0;
			name->began = name->start == AT_ROOT;
		}
		if (name->began)
			compare(scratch, length, first);
		else if (scratch->walk[CG_BOUND(climb->next, CG_WALK)] == name->start)
			name->began = 1;
	}
	return climb->phase == CG_DONE;
}

/* /dev/fd/N: a descriptor of the very file, in a table that nobody shares. */
static __always_inline int descriptor_holds(struct cg_scratch *scratch, struct linux_binprm *bprm)
{
	struct task_struct *task = cg_current();
	struct file *file = 0;
	struct fdtable *table;
	__u32 number = 0;
	int ended = 0;

	for (int i = 8; i < 19; i++) {
		__u8 sign = scratch->text[i];
		if (!sign && i > 8) {
			ended = 1;
			break;
		}
		if (sign < '0' || sign > '9')
			return 0;
		number = number * 10 + (sign - '0');
	}
	if (!ended || BPF_CORE_READ(task, files, count.counter) != 1)
		return 0;
	table = BPF_CORE_READ(task, files, fdt);
	if (number >= BPF_CORE_READ(table, max_fds))
		return 0;
	if (bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + number) || !file)
		return 0;
	return BPF_CORE_READ(file, f_path.dentry) == BPF_CORE_READ(bprm, file, f_path.dentry) &&
	       BPF_CORE_READ(file, f_path.mnt) == BPF_CORE_READ(bprm, file, f_path.mnt);
}

__hidden int cg_name_holds(struct cg_scratch *scratch, struct linux_binprm *bprm)
{
	struct task_struct *task = cg_current();
	struct cg_climb *climb;
	struct cg_exec_name *name;
	struct fs_struct *fs;
	long length;

	if (!scratch)
		return 0;
	scratch->climb.written = 0;
	length = bpf_probe_read_kernel_str(scratch->text, NAME_MASK + 1, BPF_CORE_READ(bprm, interp));
	/* Empty, or not all of it: the kernel's own copy is never longer than PATH_MAX, but an interpreter line could be. */
	if (length < 2 || length > NAME_MASK)
		return 0;
	__u64 *words = (__u64 *)scratch->text;
	if (words[0] == 0x2f64662f7665642full /* "/dev/fd/" */)
		return descriptor_holds(scratch, bprm);
	if (scratch->access.object != CG_OBJECT_PATH)
		return 0;
	climb = &scratch->climb;
	name = &scratch->exec_name;
	fs = BPF_CORE_READ(task, fs);
	name->absolute = scratch->text[0] == '/';
	name->origin = 0;
	name->began = 0;
	name->differs = 0;
	if (name->absolute) {
		name->start = met_as((__u64)BPF_CORE_READ(fs, root.mnt), (__u64)BPF_CORE_READ(fs, root.dentry));
	} else {
		if (BPF_CORE_READ(fs, users) != 1)
			return 0;
		name->start = met_as((__u64)BPF_CORE_READ(fs, pwd.mnt), (__u64)BPF_CORE_READ(fs, pwd.dentry));
		if (scratch->text[0] == '.' && scratch->text[1] == '/')
			name->origin = 2;
	}
	if (name->start == NOWHERE)
		return 0;
	climb->retries = 0;
	cg_walk_start(scratch);
	bpf_loop(CG_STEPS_MAX, compare_one, &scratch, 0);
	return climb->phase == CG_DONE && !climb->unresolved && !climb->unreachable && climb->count && name->began &&
	       !name->differs;
}

__hidden __u32 cg_script(struct cg_scratch *scratch, struct cg_subject *subject, struct linux_binprm *bprm)
{
	__u32 by_name = 0;

	if (!scratch || !subject)
		return CG_UNRESOLVED_STORAGE;
	/* The file before this one in the chain: what took it was a handler of binfmt_misc, now that it is known. */
	if ((subject->exec_flags & CG_EXEC_BY_NAME) && !BPF_CORE_READ_BITFIELD(bprm, have_execfd))
		return CG_UNRESOLVED_SCRIPT;
	if (!cg_name_holds(scratch, bprm)) {
		if (bprm->buf[0] == '#' && bprm->buf[1] == '!')
			return CG_UNRESOLVED_SCRIPT;
		by_name = CG_EXEC_BY_NAME;
	}
	subject->exec_flags = by_name;
	return CG_RESOLVED;
}
