// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_PLAN_H
#define CALLGATE_ADDON_PLAN_H
#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "fd.h"

// What a held child is to become (launcher/held.h has its form on the way there). Texts are bytes: JavaScript gives strings
// or buffers, and a zero in one is refused, for the kernel would end it there.
struct Plan {
  std::string file, folder;
  std::vector<std::string> argv, env;
  std::vector<uint32_t> groups;
  // struct sock_filter, one behind the other; empty: no filter.
  std::string filter;
  uint32_t set = 0, gid = 0, uid = 0;

  // False with a pending exception where the options are none.
  bool Read(Napi::Env env, const Napi::Object& options);
  // Sends it over the child's socket; 0 or an errno. EPIPE: the child has ended. *memory: where the child writes what failed once a
  // filter holds it.
  int Send(int control, Fd* memory) const;
};

#endif
