// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of the old policy would go on holding a program that runs under another.
 *
 * An exec that changes the policy is refused (EACCES, an event with the reason) while something the old policy's processes
 * keep would act in the new program. The kernel asks the same at a set-user-id exec (fs/exec.c: check_unsafe_exec); BPF
 * cannot take rights away as it does there, so the exec is refused. The list, and what becomes of each:
 *
 *   refused here
 *     a tracer                    traced: it reads and writes the new program's memory. One that is no subject is the
 *                                 operator's debugger and may; attaching later is judged by ptrace_access_check, and
 *                                 PTRACE_TRACEME by ptrace_traceme (floor.bpf.c). cred_guard_mutex keeps attaching out
 *                                 between this hook and the new credentials.
 *     tracees                     traces: the new program would hold processes of the old policy. (Not towards
 *                                 `unconfined`, which may trace them all the same.)
 *     a shared current folder     shared: LSM_UNSAFE_SHARE; root, umask and folder could be changed at any time. fs->in_exec
 *                                 keeps new sharers out. Threads of the process end at the exec; what they could change
 *                                 before it matters to scripts (script.bpf.c).
 *     a seccomp filter            filters: one that was added since the subject became one answers the new program's
 *                                 system calls with what it likes, by itself or through the listener a parent kept.
 *     the environment             environment: towards `unconfined` only (environment.bpf.c); under a policy of its own what
 *                                 the loader is told to load is judged by that policy.
 *     a script's name             script: the interpreter opens it again (script.bpf.c)
 *
 *   gone at the exec, by the kernel
 *     shared memory (CLONE_VM, vfork): a new mm; what it is given, argv and the environment, was copied before this hook.
 *     With the old mm go userfaultfd's registrations, AIO contexts, MADV_ and PR_SET_MM settings, rseq, robust lists,
 *     clear_child_tid, and a descriptor of /proc/PID/mem that was open. exe_file is the new program's.
 *     descriptor table (CLONE_FILES): unshared in begin_new_exec; it matters for a script by /dev/fd/N (script.bpf.c).
 *     signal handlers (CLONE_SIGHAND): unshared. Other threads: ended. POSIX timers: deleted. Syscall user dispatch: cleared.
 *
 *   crosses, and gives nothing that no policy governs or that is worth refusing
 *     open descriptors (each was judged at its open, or is the operator's), with their O_ASYNC owners and locks;
 *     ignored and blocked signals, interval timers, pdeath_signal, process group, terminal, niceness, resource limits: as
 *     ever in Unix, and a process of the same user can send the signal itself;
 *     no_new_privs, capability bounds, Landlock domains, cgroups: they only take away; personality: layout, no rights;
 *     namespaces.
 *
 *   ends the process, behind the point of no return
 *     a ring of io_uring, which is closed at an exec unless somebody saw to it that it is not (rings.bpf.c).
 */
#include "crossing.h"
#include "subject.h"

static __always_inline int is_traced_by_another(struct cg_subject *subject, struct linux_binprm *bprm, __u32 next)
{
	struct task_struct *tracer;
	struct cg_subject *other;

	/* task->ptrace, as the kernel saw it under cred_guard_mutex */
	if (!(bprm->unsafe & LSM_UNSAFE_PTRACE))
		return 0;
	tracer = cg_current()->parent;
	other = bpf_task_storage_get(&subjects, tracer, 0, 0);
	if (!other)
		return cg_storage_hidden(tracer) != 0;
	if (!other->policy || (other->flags & CG_SUBJECT_FREE))
		return 0;
	return !next || other->policy != next || other->cookie != subject->cookie || (other->flags & CG_SUBJECT_ARMED);
}

/* Its tracees are under the policy it had when it attached, which is the one it is about to leave. */
static __always_inline int traces_others(void)
{
	struct task_struct *task = cg_current();
	__u64 head = (__u64)task + bpf_core_field_offset(struct task_struct, ptraced);

	return (__u64)BPF_CORE_READ(task, ptraced.next) != head;
}

__hidden __u32 cg_crossing(struct cg_scratch *scratch, struct cg_subject *subject, struct linux_binprm *bprm, __u32 next)
{
	if (!scratch || !subject)
		return CG_UNRESOLVED_STORAGE;
	if (is_traced_by_another(subject, bprm, next))
		return CG_UNRESOLVED_TRACED;
	if (next && traces_others())
		return CG_UNRESOLVED_TRACES;
	if (bprm->unsafe & LSM_UNSAFE_SHARE)
		return CG_UNRESOLVED_SHARED;
	if (cg_filters(cg_current()) > subject->filters)
		return CG_UNRESOLVED_FILTERS;
	return next ? CG_RESOLVED : cg_environment(scratch, bprm);
}
