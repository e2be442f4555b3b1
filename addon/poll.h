// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_POLL_H
#define CALLGATE_ADDON_POLL_H
#include <napi.h>
#include <uv.h>

#include <functional>

#include "fd.h"
#include "watch.h"

// Calls `ready` once on the event loop's thread when `fd` is readable, then is done. It watches a descriptor of its own for
// the same thing: libuv aborts where a number that it watches is closed, and refuses to watch one twice. Close() ends it
// without a call. Frees itself when libuv has closed the handle.
class PollOnce : public Watch {
 public:
  // 0, or the errno where the descriptor cannot be watched.
  static int Start(Napi::Env env, int fd, std::function<void()> ready, PollOnce** poll = nullptr);
  void Close() override;

 private:
  explicit PollOnce(Napi::Env env) : Watch(env) {}
  static void OnEvent(uv_poll_t* handle, int status, int events);

  Fd fd_;
  uv_poll_t handle_{};
  bool closing_ = false;
  std::function<void()> ready_;
};

#endif
