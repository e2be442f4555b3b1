// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_STATE_H
#define CALLGATE_ADDON_STATE_H
#include <napi.h>

#include <map>
#include <memory>
#include <set>

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

  // Makes a Gate (gate.h) for JavaScript.
  Napi::FunctionReference gate;

  static State& Of(Napi::Env env) { return *env.GetInstanceData<State>(); }
};

#endif
