// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_POLL_H
#define CALLGATE_ADDON_POLL_H
#include <napi.h>
#include <uv.h>

#include <functional>

// Calls `ready` once on the event loop's thread when `fd` is readable, then is done. It owns nothing of `fd`, which must
// outlive it; Cancel() ends it without a call. Frees itself when libuv has closed the handle.
class PollOnce {
 public:
  // Null where libuv cannot watch the descriptor.
  static PollOnce* Start(Napi::Env env, int fd, std::function<void()> ready);
  void Cancel();

 private:
  PollOnce() = default;
  void Close();
  static void OnEvent(uv_poll_t* handle, int status, int events);

  uv_poll_t handle_{};
  bool closing_ = false;
  std::function<void()> ready_;
};

#endif
