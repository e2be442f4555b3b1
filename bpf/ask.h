/* SPDX-License-Identifier: GPL-2.0-only */
/* Asking: a rule has no verdict of its own, somebody is to give one. */
#ifndef CALLGATE_ASK_H
#define CALLGATE_ASK_H
#include "judge.h"

/* What a system call returns that is to be begun again once its thread goes on; user space never sees it (include/linux/errno.h). */
#define ERESTARTNOINTR 513

/*
 * scratch->access asks. 0: that was answered, by somebody or by what holds where nobody can be asked, and it has a verdict (and
 * may have a reason in access.unresolved) now. 1: it was asked, and the thread will stop: the hook returns -ERESTARTNOINTR.
 */
int cg_ask(struct cg_subject *subject, struct cg_scratch *scratch);

/* Somebody said lately that questions of this session will be answered. */
static __always_inline int cg_attended(struct cg_subject *subject)
{
	__u32 number = subject->session;
	struct cg_attendance *attended = bpf_map_lookup_elem(&attendance, &number);

	return attended && attended->cookie == subject->cookie && bpf_ktime_get_boot_ns() < attended->until;
}

/* A hook that asks of two objects ends with `verdict`: an answer that it held is used up, unless it asked. Returns 0. */
int cg_use_up(int verdict);

#endif
