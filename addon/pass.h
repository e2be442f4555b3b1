// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_PASS_H
#define CALLGATE_ADDON_PASS_H
#include <cstdint>
#include <vector>

// One pass of the iterator over all tasks, or (pidfd >= 0) over those of one process; what it wrote is added. 0, or the errno.
int Pass(int program, int pidfd, std::vector<uint8_t>* bytes);

#endif
