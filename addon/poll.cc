// SPDX-License-Identifier: GPL-2.0-only
#include "poll.h"

#include <utility>

PollOnce* PollOnce::Start(Napi::Env env, int fd, std::function<void()> ready) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return nullptr;
  PollOnce* poll = new PollOnce();
  poll->ready_ = std::move(ready);
  poll->handle_.data = poll;
  if (uv_poll_init(loop, &poll->handle_, fd) != 0) {
    delete poll;
    return nullptr;
  }
  if (uv_poll_start(&poll->handle_, UV_READABLE | UV_DISCONNECT, OnEvent) != 0) {
    poll->Close();
    return nullptr;
  }
  return poll;
}

void PollOnce::Close() {
  if (closing_) return;
  closing_ = true;
  uv_poll_stop(&handle_);
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_),
           [](uv_handle_t* handle) { delete static_cast<PollOnce*>(handle->data); });
}

void PollOnce::Cancel() {
  ready_ = nullptr;
  Close();
}

void PollOnce::OnEvent(uv_poll_t* handle, int, int) {
  PollOnce* poll = static_cast<PollOnce*>(handle->data);
  std::function<void()> ready = std::exchange(poll->ready_, nullptr);
  poll->Close();
  if (ready) ready();
}
