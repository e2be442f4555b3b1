// SPDX-License-Identifier: GPL-2.0-only
/*
 * System V IPC: shared memory, message queues, semaphores. Operation ipc, by kind; the owner of the object is the user whose it is.
 *
 *   shm_alloc_security, msg_queue_alloc_security, sem_alloc_security   made: the owner is who makes it
 *   ipc_permission                                                     used, in whatever way: found by its key, attached, sent to,
 *                                                                      received from, operated on, looked at
 *   shm_shmctl, msg_queue_msgctl, sem_semctl                           changed, locked, removed; looked at by whoever likes (*_STAT_ANY)
 *
 * ipc_permission comes before all that is done (ipc/util.c: ipcperms), but is not told of which kind the object is: that is the call's number, by which
 * the kernel has come here, and nothing of io_uring does. The hooks of each kind would not do: a message is received in the sender's
 * context where the receiver waits for one (ipc/msg.c: pipelined_send). Memory that is attached with execution is `load` besides (load.bpf.c).
 */
#include "later.h"

/* include/uapi/linux/ipc.h, shm.h, msg.h, sem.h: what no ipc_permission comes before. */
#define IPC_RMID 0
#define IPC_SET 1
#define SHM_LOCK 11
#define SHM_UNLOCK 12
#define MSG_STAT_ANY 13
#define SHM_STAT_ANY 15
#define SEM_STAT_ANY 20

static __noinline int judge_use(__u32 kind, __u32 owner)
{
	struct cg_access *access;
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter_later(&entry, &verdict))
		return verdict;
	access = &entry.scratch->access;
	cg_later(access, CG_IPC, 0);
	cg_head(access, CG_HEAD_IPC, kind);
	access->owner = owner;
	return cg_decide_later(entry.subject, entry.scratch) ? cg_conclude(entry.subject, entry.scratch) : 0;
}

/* One that cannot be told is none that a rule can permit. */
static __always_inline int judge_unknown(void)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter_later(&entry, &verdict) || !cg_governs_later(entry.subject))
		return verdict;
	return cg_unresolved(entry.subject, entry.scratch, CG_UNRESOLVED_READ);
}

static __always_inline int refused(int verdict)
{
	return verdict ? cg_refuse(-verdict) : 0;
}

#define JUDGE_MADE(hook, kind)                                                       \
	SEC("?lsm/" #hook)                                                           \
	int BPF_PROG(hook)                                                           \
	{                                                                            \
		return refused(judge_use(kind, cg_current()->cred->euid.val));       \
	}

JUDGE_MADE(shm_alloc_security, CG_IPC_SHM)
JUDGE_MADE(msg_queue_alloc_security, CG_IPC_MSG)
JUDGE_MADE(sem_alloc_security, CG_IPC_SEM)

#define JUDGE_CONTROL(hook, kind, ...)                                                \
	SEC("?lsm/" #hook)                                                            \
	int BPF_PROG(hook, struct kern_ipc_perm *perm, int command)                   \
	{                                                                             \
		switch (command) {                                                    \
		case IPC_RMID:                                                        \
		case IPC_SET:                                                         \
		__VA_ARGS__                                                           \
			return refused(judge_use(kind, BPF_CORE_READ(perm, uid.val))); \
		default: /* of none (IPC_INFO), or ipc_permission was asked */        \
			return 0;                                                     \
		}                                                                     \
	}

JUDGE_CONTROL(shm_shmctl, CG_IPC_SHM, case SHM_LOCK: case SHM_UNLOCK: case SHM_STAT_ANY:)
JUDGE_CONTROL(msg_queue_msgctl, CG_IPC_MSG, case MSG_STAT_ANY:)
JUDGE_CONTROL(sem_semctl, CG_IPC_SEM, case SEM_STAT_ANY:)

SEC("?lsm/ipc_permission")
int BPF_PROG(ipc_permission, struct kern_ipc_perm *perm)
{
	int kind;

	if (!cg_current()->bpf_storage)
		return 0;
	kind = cg_ipc_kind();
	return refused(kind < 0 ? judge_unknown() : judge_use(kind, BPF_CORE_READ(perm, uid.val)));
}
