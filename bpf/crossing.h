/* SPDX-License-Identifier: GPL-2.0-only */
/* What an exec must not carry from one policy into another. */
#ifndef CALLGATE_CROSSING_H
#define CALLGATE_CROSSING_H
#include "path.h"

/* Seccomp filters of a task. None is ever taken off, and children begin with their parent's (kernel/seccomp.c). */
static __always_inline __u32 cg_filters(struct task_struct *task)
{
	if (!bpf_core_field_exists(task->seccomp.filter_count))
		return 0;
	return BPF_CORE_READ(task, seccomp.filter_count.counter);
}

/* A policy that nobody is under yet. */
#define CG_OF_ITS_OWN (~0u)

/*
 * Why the exec may not change to policy `next` (0: unconfined): an enum cg_unresolved, CG_RESOLVED where nothing crosses.
 * For the file that was named; scratch->access holds its facts.
 */
__u32 cg_crossing(struct cg_scratch *scratch, struct cg_subject *subject, struct linux_binprm *bprm, __u32 next);

/* The same for every file of the chain of which an interpreter is told the name: CG_UNRESOLVED_SCRIPT or CG_RESOLVED. */
__u32 cg_script(struct cg_scratch *scratch, struct cg_subject *subject, struct linux_binprm *bprm);

/* True where bprm->interp leads to scratch->access's object, and nothing the caller can change stands in between. */
int cg_name_holds(struct cg_scratch *scratch, struct linux_binprm *bprm);

/* CG_UNRESOLVED_ENVIRONMENT, CG_UNRESOLVED_READ, or CG_RESOLVED where the new program's environment gives it no orders. */
__u32 cg_environment(struct cg_scratch *scratch, struct linux_binprm *bprm);

/*
 * The page at a user address under these page tables, where the kernel maps it; 0: none. Here once: libbpf's linker does not take the
 * kernel's constants it goes by as extern of two files.
 */
__u64 cg_page(__u64 tables, __u64 address);

#endif
