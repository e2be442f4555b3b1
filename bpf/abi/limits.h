/* SPDX-License-Identifier: GPL-2.0-only */
/* How many of each the gate has room for. */
#ifndef CALLGATE_ABI_LIMITS_H
#define CALLGATE_ABI_LIMITS_H
#include "types.h"

#define CG_POLICIES_MAX 4096
#define CG_SESSIONS_MAX 256
#define CG_PROGRAMS_MAX 16384
#define CG_GUARDS_MAX 1024
/* Places in the outer maps, by class: what 200 large policies and some in replacement need. */
#define CG_IMAGES0 1024
#define CG_IMAGES1 256
#define CG_IMAGES2 32
#define CG_IMAGES3 8

/* Components of a path; deeper is denied and counted. A path of PATH_MAX bytes has at most 2048. */
#define CG_DEPTH_MAX 4096

#endif
