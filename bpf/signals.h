/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CALLGATE_SIGNALS_H
#define CALLGATE_SIGNALS_H
#include "judge.h"

/* What the policy says of a signal to a task that is no supervisor: what the hook returns. */
int cg_signal(struct cg_entry *entry, struct task_struct *target, int signal);

#endif
