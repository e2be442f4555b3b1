// SPDX-License-Identifier: GPL-2.0-only
#define CG_DEFINE_MAPS
#include "maps.h"

char LICENSE[] SEC("license") = "GPL";
