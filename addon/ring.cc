// SPDX-License-Identifier: GPL-2.0-only
// From a session's ring buffer to JavaScript: libuv watches the ring's epoll descriptor; a drain copies whole records into
// one buffer that is used again and again, and makes one call for all of them. Between two batches a timer gives the event
// loop its turn (one call a record loses most records at full speed and starves the loop).
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <uv.h>

#include <cerrno>
#include <cstring>

#include "abi/event.h"
#include "error.h"
#include "gate.h"

namespace {

// A batch ends with the record that passes this; the longest record is far below the room left behind it.
constexpr size_t kBatch = 1 << 20;
constexpr size_t kRoom = 64 << 10;
constexpr uint64_t kRestMilliseconds = 3;

class Reader {
 public:
  static Napi::Value Open(Napi::Env env, Fd map, Napi::Function deliver);

 private:
  Reader(Napi::Env env, Fd map, Napi::Function deliver);
  void Watch();
  void Rest();
  // One batch; true if the ring may hold more.
  bool Batch();
  void Stop();
  static int Take(void* context, void* data, size_t size);

  Napi::Env env_;
  Fd map_;
  ring_buffer* ring_ = nullptr;
  uv_poll_t poll_{};
  uv_timer_t timer_{};
  int handles_ = 0;
  bool stopped_ = false;
  size_t used_ = 0;
  uint32_t records_ = 0;
  Napi::Reference<Napi::ArrayBuffer> memory_;
  Napi::FunctionReference deliver_;
};

Reader::Reader(Napi::Env env, Fd map, Napi::Function deliver)
    : env_(env),
      map_(std::move(map)),
      memory_(Napi::Persistent(Napi::ArrayBuffer::New(env, kBatch + kRoom))),
      deliver_(Napi::Persistent(deliver)) {}

int Reader::Take(void* context, void* data, size_t size) {
  Reader* reader = static_cast<Reader*>(context);
  if (size > kRoom) return 0;
  size_t padded = (size + 7) & ~static_cast<size_t>(7);
  memcpy(static_cast<uint8_t*>(reader->memory_.Value().Data()) + reader->used_, data, size);
  reader->used_ += padded;
  reader->records_++;
  // Negative ends the drain; libbpf counts this record as taken.
  return reader->used_ >= kBatch ? -EAGAIN : 0;
}

bool Reader::Batch() {
  Napi::HandleScope scope(env_);
  used_ = 0;
  records_ = 0;
  int result = ring_buffer__consume(ring_);
  if (records_ == 0) return false;
  Napi::Function from = env_.Global().Get("Buffer").As<Napi::Object>().Get("from").As<Napi::Function>();
  Napi::Value batch = from.Call({memory_.Value(), Napi::Number::New(env_, 0), Napi::Number::New(env_, used_)});
  deliver_.MakeCallback(env_.Global(), {batch, Napi::Number::New(env_, records_)});
  return result == -EAGAIN;
}

void Reader::Watch() {
  if (stopped_) return;
  uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* handle, int, int) {
    Reader* reader = static_cast<Reader*>(handle->data);
    uv_poll_stop(handle);
    reader->Batch();
    reader->Rest();
  });
}

void Reader::Rest() {
  if (stopped_) return;
  uv_timer_start(
      &timer_, [](uv_timer_t* handle) { static_cast<Reader*>(handle->data)->Watch(); }, kRestMilliseconds, 0);
}

void Reader::Stop() {
  if (stopped_) return;
  stopped_ = true;
  auto closed = [](uv_handle_t* handle) {
    Reader* reader = static_cast<Reader*>(handle->data);
    if (--reader->handles_ > 0) return;
    ring_buffer__free(reader->ring_);
    delete reader;
  };
  uv_poll_stop(&poll_);
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), closed);
}

Napi::Value Reader::Open(Napi::Env env, Fd map, Napi::Function deliver) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return ThrowErrno(env, EINVAL, "openRing: event loop");
  Reader* reader = new Reader(env, std::move(map), deliver);
  reader->ring_ = ring_buffer__new(reader->map_.get(), Take, reader, nullptr);
  if (reader->ring_ == nullptr) {
    int failed = errno;
    delete reader;
    return ThrowErrno(env, failed, "openRing");
  }
  reader->poll_.data = reader;
  reader->timer_.data = reader;
  if (uv_poll_init(loop, &reader->poll_, ring_buffer__epoll_fd(reader->ring_)) != 0) {
    ring_buffer__free(reader->ring_);
    delete reader;
    return ThrowErrno(env, EBADF, "openRing: poll");
  }
  uv_timer_init(loop, &reader->timer_);
  reader->handles_ = 2;
  reader->Watch();

  Napi::Object result = Napi::Object::New(env);
  result.Set("drain", Napi::Function::New(env, [reader](const Napi::CallbackInfo&) {
               if (reader->stopped_) return;
               while (reader->Batch()) continue;
             }));
  result.Set("stop", Napi::Function::New(env, [reader](const Napi::CallbackInfo&) {
               // After the handles are closed the reader is gone; `stopped_` is only read before that.
               reader->Stop();
             }));
  return result;
}

}  // namespace

Napi::Value Gate::OpenRing(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsNumber() || !info[1].IsFunction())
    return ThrowErrno(env, EINVAL, "openRing(index, deliver)");
  int outer = Map(env, "rings");
  if (outer < 0) return env.Undefined();
  Fd map(Inner(outer, info[0].As<Napi::Number>().Uint32Value()));
  if (!map) return ThrowErrno(env, errno, "openRing");
  return Reader::Open(env, std::move(map), info[1].As<Napi::Function>());
}
