// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_HELD_H
#define CALLGATE_ADDON_HELD_H
#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "fd.h"
#include "state.h"

// A child that waits for its exec (launcher/held.h), as JavaScript holds it.
struct Held {
  int pid = -1;
  Fd pidfd, control, program;
  // Its plan (launcher/held.h), where it says what failed once it cannot write any more.
  Fd plan;
  // Descriptors of the caller's that this process has only because it came after the program's own: closed when the
  // program starts, or the end of a pipe would never be seen.
  std::vector<int> inherited;
  bool released = false, waited = false;
  // It was here before this process, and is no child of it: how it ends nobody here is told.
  bool foreign = false;
  std::shared_ptr<State::Launch> state;

  ~Held();
  // The object that src/kernel/addon.ts calls HeldChild; `file` is for messages.
  static Napi::Object ToObject(Napi::Env env, const std::shared_ptr<Held>& child, const std::string& file);
};

#endif
