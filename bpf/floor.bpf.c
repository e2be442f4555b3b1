// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hard-wired floor: what would let a subject out of its policy in one call is refused, whatever the policy says.
 * Version 2 of the language has the words to permit some of it (place.bpf.c, capable.bpf.c, inside.bpf.c, namespaces.bpf.c,
 * mounts.bpf.c, rings.bpf.c, surface.bpf.c); version 1 has none. Here: mounts that are moved, and code of the kernel's. What takes a capability is in
 * capable.bpf.c, other tasks are in inside.bpf.c, mounts in mounts.bpf.c, the supervisor in guard.bpf.c, callgate's own files in
 * guard.h, the terminal in terminal.bpf.c.
 */
#include "guard.h"

#define FLOOR(hook, reason, ...)                                     \
	SEC("lsm/" #hook)                                            \
	int BPF_PROG(hook, ##__VA_ARGS__)                   \
	{                                                            \
		struct cg_entry entry;                               \
		int verdict = 0;                                   \
                                                                     \
		if (!cg_enter(&entry, &verdict))              \
			return verdict;                              \
		return cg_floor(entry.subject, entry.scratch, reason); \
	}

FLOOR(sb_pivotroot, CG_FLOOR_PIVOT_ROOT, const struct path *old_path, const struct path *new_path)
FLOOR(move_mount, CG_FLOOR_MOVE_MOUNT, const struct path *from, const struct path *to)
FLOOR(bpf, CG_FLOOR_BPF, int cmd, union bpf_attr *attr, unsigned int size)

/* Loading code into the kernel: modules, kexec images, firmware asked for by a subject. */
FLOOR(kernel_read_file, CG_FLOOR_MODULE, struct file *file, int id, bool contents)
FLOOR(kernel_load_data, CG_FLOOR_MODULE, int id, bool contents)
