/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CALLGATE_RINGS_H
#define CALLGATE_RINGS_H
#include "judge.h"

/* What the hook of new credentials says where the calling thread has used a ring: 0 or -EPERM. */
int cg_keep_credentials(void);

#endif
