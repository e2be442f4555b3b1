// SPDX-License-Identifier: GPL-2.0-only
#include "state.h"

#include <cerrno>
#include <unistd.h>
#include <vector>

#include "error.h"
#include "watch.h"

namespace {

// Before the environment is torn down. It waits until the hook is removed (~Watch), turning its loop meanwhile.
void End(napi_async_cleanup_hook_handle handle, void* data) {
  State* state = static_cast<State*>(data);
  state->ending = true;
  const std::vector<Watch*> left(state->watches.begin(), state->watches.end());
  for (Watch* watch : left) watch->Close();
  if (left.empty()) napi_remove_async_cleanup_hook(handle);
}

}  // namespace

State::~State() {
  for (int fd : pidfds) close(fd);
}

bool State::Make(Napi::Env env) {
  State* state = new State();
  env.SetInstanceData(state);
  if (napi_add_async_cleanup_hook(env, End, state, &state->cleanup) == napi_ok) return true;
  ThrowErrno(env, ENOMEM, "napi_add_async_cleanup_hook");
  return false;
}
