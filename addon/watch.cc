// SPDX-License-Identifier: GPL-2.0-only
#include "watch.h"

#include "state.h"

Watch::Watch(Napi::Env env) : env_(env) { State::Of(env).watches.insert(this); }

Watch::~Watch() {
  State& state = State::Of(env_);
  state.watches.erase(this);
  if (state.ending && state.watches.empty()) napi_remove_async_cleanup_hook(state.cleanup);
}

uv_loop_t* Watch::Loop() const {
  uv_loop_t* loop = nullptr;
  if (State::Of(env_).ending || napi_get_uv_event_loop(env_, &loop) != napi_ok) return nullptr;
  return loop;
}

// By the C interface: a worker that is being terminated refuses every call, which is no error of anybody's.
bool CallFromLoop(Napi::Env env, napi_value function, size_t count, const napi_value* arguments) {
  napi_value global = nullptr, result = nullptr;
  if (napi_get_global(env, &global) != napi_ok) return false;
  const napi_status status = napi_make_callback(env, nullptr, global, function, count, arguments, &result);
  TellThrown(env);
  return status == napi_ok;
}

void TellThrown(Napi::Env env) {
  bool pending = false;
  napi_value thrown = nullptr;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending &&
      napi_get_and_clear_last_exception(env, &thrown) == napi_ok)
    napi_fatal_exception(env, thrown);
}

void Continue(Napi::Env env) {
  napi_value nothing = nullptr;
  auto none = [](napi_env, napi_callback_info) -> napi_value { return nullptr; };
  if (napi_create_function(env, "callgate", NAPI_AUTO_LENGTH, none, nullptr, &nothing) == napi_ok)
    CallFromLoop(env, nothing, 0, nullptr);
}
