// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_FILTER_H
#define CALLGATE_ADDON_FILTER_H
#include <cstdint>
#include <string>
#include <vector>

// A seccomp filter, before it is one: which calls of x86_64 it permits, and what the others get.
struct Filter {
  std::vector<uint32_t> permit;
  // An errno; 0: SIGSYS, for the whole process.
  uint32_t refused = 0;

  // The kernel's program for it (struct sock_filter), as libseccomp makes it. 0, or an errno.
  int Compile(std::string* program) const;
};

#endif
