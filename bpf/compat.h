/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels, each once, with the version that changed it. All of it is told by CO-RE, so that one object
 * serves 6.1 to 7.2. Included by kernel.h, behind what it needs.
 */
#ifndef CALLGATE_COMPAT_H
#define CALLGATE_COMPAT_H

/*
 * The list of a super block's mounts: a list_head of mnt_instance until 6.17, a chain of mnt_next_for_sb since.
 */
struct mount___old {
	struct list_head mnt_instance;
} __attribute__((preserve_access_index));
struct super_block___old {
	struct list_head s_mounts;
} __attribute__((preserve_access_index));

/*
 * Inside execve(2). Since 6.8 it is false while the program's own file is opened and true from its first check on; before
 * that it is true for both. (fs/exec.c: bprm_execve)
 */
static __always_inline int cg_in_execve(void)
{
	struct task_struct *task = cg_current();

	if (!bpf_core_field_exists(task->in_execve))
		return 1;
	return BPF_CORE_READ_BITFIELD(task, in_execve);
}

/*
 * A hook's refusal with this errno. The verifier wants to see that what a hook returns lies in -4095 ... 0, and before 6.17
 * it knows nothing about the result of a negation; of a subtraction it does.
 */
static __always_inline int cg_refuse(__u32 errnum)
{
	__u64 positive = errnum;
	__s64 verdict = 0;

	if (!positive)
		positive = EPERM;
	asm volatile("%0 &= 4095" : "+r"(positive));
	asm volatile("%0 -= %1" : "+r"(verdict) : "r"(positive));
	return verdict;
}

#endif
