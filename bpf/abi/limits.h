/* SPDX-License-Identifier: GPL-2.0-only */
/* How many of each the gate has room for. */
#ifndef CALLGATE_ABI_LIMITS_H
#define CALLGATE_ABI_LIMITS_H
#include "types.h"

#define CG_POLICIES_MAX 4096
#define CG_SESSIONS_MAX 256
#define CG_PROGRAMS_MAX 16384
#define CG_GUARDS_MAX 1024
#define CG_ENTRANTS_MAX 4096
#define CG_GROUPS_MAX 1024
#define CG_ENTRIES_MAX 16384
#define CG_PROTECTIONS_MAX 65536
#define CG_OWNERS_MAX 16384
#define CG_CALLED_MAX 16384
/* Components of a path; deeper is denied and counted. A path of PATH_MAX bytes has at most 2048. */
#define CG_DEPTH_MAX 4096

#endif
