// SPDX-License-Identifier: GPL-2.0-only
// The module's table of contents. Loading it does nothing to the kernel.
#include <napi.h>

#include "launch.h"
#include "load.h"
#include "lock.h"
#include "peer.h"
#include "pidfd.h"
#include "pins.h"
#include "probe.h"
#include "state.h"
#include "subject.h"
#include "terminal.h"
#include "trial.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  // First: what follows may remember something.
  if (!State::Make(env)) return exports;
  RegisterLoad(env, exports);
  RegisterPins(env, exports);
  RegisterLaunch(env, exports);
  RegisterPeer(env, exports);
  RegisterPidfd(env, exports);
  RegisterLock(env, exports);
  RegisterProbe(env, exports);
  RegisterSubject(env, exports);
  RegisterTerminal(env, exports);
  RegisterTrial(env, exports);
  return exports;
}

NODE_API_MODULE(callgate, Init)
