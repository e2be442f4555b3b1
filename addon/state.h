// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_STATE_H
#define CALLGATE_ADDON_STATE_H
#include <napi.h>

#include <map>
#include <memory>
#include <set>

class Watch;

// What the module remembers, one of each for every environment (a worker has its own): made by Init(), freed with it.
struct State {
  // Held children. Shared with each of them: JavaScript may collect one after the environment's state is gone.
  struct Launch {
    // Pids whose own wait() reaps them.
    std::set<int> held;
    // pidfd -> the program's O_PATH descriptor, until the child is released.
    std::map<int, int> programs;
  };
  std::shared_ptr<Launch> launch = std::make_shared<Launch>();

  // What openPidfd() gave away and closeFd() takes back.
  std::set<int> pidfds;

  // What has handles on the event loop (watch.h), closed when the environment ends: libuv aborts where one is left.
  std::set<Watch*> watches;
  napi_async_cleanup_hook_handle cleanup = nullptr;
  bool ending = false;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  // False with a pending exception.
  static bool Make(Napi::Env env);
  static State& Of(Napi::Env env) { return *env.GetInstanceData<State>(); }
};

#endif
