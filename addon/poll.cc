// SPDX-License-Identifier: GPL-2.0-only
#include "poll.h"

#include <cerrno>
#include <fcntl.h>
#include <utility>

int PollOnce::Start(Napi::Env env, int fd, std::function<void()> ready, PollOnce** started) {
  Fd own(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!own) return errno;
  PollOnce* poll = new PollOnce(env);
  uv_loop_t* loop = poll->Loop();
  int failed = loop == nullptr ? -ECANCELED : uv_poll_init(loop, &poll->handle_, own.get());
  if (failed != 0) {
    delete poll;
    return -failed;
  }
  poll->fd_ = std::move(own);
  poll->handle_.data = poll;
  failed = uv_poll_start(&poll->handle_, UV_READABLE | UV_DISCONNECT, OnEvent);
  if (failed != 0) {
    poll->Close();
    return -failed;
  }
  poll->ready_ = std::move(ready);
  if (started != nullptr) *started = poll;
  return 0;
}

void PollOnce::Close() {
  ready_ = nullptr;
  if (closing_) return;
  closing_ = true;
  uv_poll_stop(&handle_);
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_),
           [](uv_handle_t* handle) { delete static_cast<PollOnce*>(handle->data); });
}

void PollOnce::OnEvent(uv_poll_t* handle, int, int) {
  PollOnce* poll = static_cast<PollOnce*>(handle->data);
  std::function<void()> ready = std::exchange(poll->ready_, nullptr);
  poll->Close();
  if (ready) ready();
}
