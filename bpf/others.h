/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CALLGATE_OTHERS_H
#define CALLGATE_OTHERS_H
#include "later.h"

/* In *verdict what the policy says of this being done to a task that is no supervisor; 0: it does not govern it. */
int cg_act(struct cg_entry *entry, struct task_struct *target, __u32 act, __u32 closed, int *verdict);

/* The operation and its number (a signal, a limit ...) as one word. */
#define CG_ACT(operation, which) ((operation) << 8 | ((which) & 0xff))

#endif
