/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CALLGATE_ROUTE_H
#define CALLGATE_ROUTE_H
#include "judge.h"

/* 1: the message's ancillary data names a destination of its own, or cannot be read to its end. */
int cg_has_route(struct msghdr *message);

#endif
