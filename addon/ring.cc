// SPDX-License-Identifier: GPL-2.0-only
// From a session's ring buffer to JavaScript: libuv watches a descriptor that polls the ring; a drain copies whole records
// into one buffer that is used again and again, and makes one call for all of them. Between two batches a timer gives the
// event loop its turn (one call a record loses most records at full speed and starves the loop).
//
// The ring is read here, not by libbpf, because of when a record is taken: behind the call, when it has been handed on. A
// reader that is killed in between leaves its batch in the ring, and who reads after it gets all of it again.
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <uv.h>

#include <cerrno>
#include <cstring>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/event.h"
#include "error.h"
#include "gate.h"

namespace {

// A batch ends with the record that passes this; the longest record is far below the room left behind it.
constexpr size_t kBatch = 1 << 20;
constexpr size_t kRoom = 64 << 10;
constexpr uint64_t kRestMilliseconds = 3;

// A ring buffer's pages as the kernel maps them (kernel/bpf/ringbuf.c): where the reader is, which the reader writes; where
// the writers are; and the records, twice in a row, so that none is broken at the end.
class Pages {
 public:
  ~Pages() {
    if (reader_ != MAP_FAILED) munmap(reader_, page_);
    if (writer_ != MAP_FAILED) munmap(writer_, page_ + 2 * size_);
  }

  // 0, or the errno.
  int Map(int map) {
    bpf_map_info facts{};
    uint32_t length = sizeof(facts);
    if (bpf_obj_get_info_by_fd(map, &facts, &length) != 0) return errno;
    if (facts.type != BPF_MAP_TYPE_RINGBUF) return EINVAL;
    size_ = facts.max_entries;
    reader_ = mmap(nullptr, page_, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
    if (reader_ == MAP_FAILED) return errno;
    writer_ = mmap(nullptr, page_ + 2 * size_, PROT_READ, MAP_SHARED, map, static_cast<off_t>(page_));
    return writer_ == MAP_FAILED ? errno : 0;
  }

  uint64_t Taken() const { return __atomic_load_n(static_cast<uint64_t*>(reader_), __ATOMIC_ACQUIRE); }
  void Take(uint64_t end) { __atomic_store_n(static_cast<uint64_t*>(reader_), end, __ATOMIC_RELEASE); }
  uint64_t Written() const { return __atomic_load_n(static_cast<uint64_t*>(writer_), __ATOMIC_ACQUIRE); }

  const uint8_t* At(uint64_t position) const {
    return static_cast<uint8_t*>(writer_) + page_ + (position & (size_ - 1));
  }

 private:
  size_t page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE)), size_ = 0;
  void* reader_ = MAP_FAILED;
  void* writer_ = MAP_FAILED;
};

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

  Napi::Env env_;
  Fd map_, events_;
  Pages pages_;
  uv_poll_t poll_{};
  uv_timer_t timer_{};
  int handles_ = 0;
  bool stopped_ = false;
  Napi::Reference<Napi::ArrayBuffer> memory_;
  Napi::FunctionReference deliver_;
};

Reader::Reader(Napi::Env env, Fd map, Napi::Function deliver)
    : env_(env),
      map_(std::move(map)),
      memory_(Napi::Persistent(Napi::ArrayBuffer::New(env, kBatch + kRoom))),
      deliver_(Napi::Persistent(deliver)) {}

bool Reader::Batch() {
  Napi::HandleScope scope(env_);
  uint8_t* memory = static_cast<uint8_t*>(memory_.Value().Data());
  size_t used = 0;
  uint32_t records = 0;
  uint64_t at = pages_.Taken(), written = pages_.Written();
  while (at < written && used < kBatch) {
    uint32_t head = __atomic_load_n(reinterpret_cast<const uint32_t*>(pages_.At(at)), __ATOMIC_ACQUIRE);
    // Begun, and not ended yet: those behind it wait for it.
    if ((head & BPF_RINGBUF_BUSY_BIT) != 0) break;
    size_t size = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    if ((head & BPF_RINGBUF_DISCARD_BIT) == 0 && size <= kRoom) {
      memcpy(memory + used, pages_.At(at) + BPF_RINGBUF_HDR_SZ, size);
      used += (size + 7) & ~static_cast<size_t>(7);
      records++;
    }
    at += (size + BPF_RINGBUF_HDR_SZ + 7) & ~static_cast<uint64_t>(7);
  }
  if (records > 0) {
    Napi::Function from = env_.Global().Get("Buffer").As<Napi::Object>().Get("from").As<Napi::Function>();
    Napi::Value batch = from.Call({memory_.Value(), Napi::Number::New(env_, 0), Napi::Number::New(env_, used)});
    deliver_.MakeCallback(env_.Global(), {batch, Napi::Number::New(env_, records)});
    if (env_.IsExceptionPending()) return false;
  }
  pages_.Take(at);
  return used >= kBatch;
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
  int failed = reader->pages_.Map(reader->map_.get());
  if (failed == 0) {
    reader->events_ = Fd(epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{};
    event.events = EPOLLIN;
    if (!reader->events_ || epoll_ctl(reader->events_.get(), EPOLL_CTL_ADD, reader->map_.get(), &event) != 0) failed = errno;
  }
  if (failed != 0) {
    delete reader;
    return ThrowErrno(env, failed, "openRing");
  }
  reader->poll_.data = reader;
  reader->timer_.data = reader;
  if (uv_poll_init(loop, &reader->poll_, reader->events_.get()) != 0) {
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
