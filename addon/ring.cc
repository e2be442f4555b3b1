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
#include <memory>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/event.h"
#include "arguments.h"
#include "error.h"
#include "gate.h"
#include "watch.h"

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

// Frees itself when libuv has closed its handles. The functions that JavaScript holds know it by `name_`, null from Close() on.
class Reader : public Watch {
 public:
  static Napi::Value Open(Napi::Env env, Fd map, Napi::Function deliver);
  void Close() override;

 private:
  using Name = std::shared_ptr<Reader*>;

  explicit Reader(Napi::Env env) : Watch(env) {}
  // 0, or an errno; it is deleted then, and not closed.
  int Begin(Fd map);
  static Napi::Value Drain(Napi::Env env, const Name& name);
  void Wait();
  void Rest();
  // Where a batch is put; null where there is no memory.
  uint8_t* Memory();
  // One batch; true if the ring may hold more. From the loop an exception is told, otherwise it stays pending.
  bool Batch(bool from_loop);
  bool Deliver(size_t used, uint32_t records, bool from_loop);

  Fd map_, events_;
  Pages pages_;
  uv_poll_t poll_{};
  uv_timer_t timer_{};
  int handles_ = 0;
  bool delivering_ = false;
  Name name_ = std::make_shared<Reader*>(this);
  Napi::Reference<Napi::ArrayBuffer> memory_;
  Napi::FunctionReference deliver_, from_;
};

// Whoever got a batch may have given its memory away, to a worker for one.
uint8_t* Reader::Memory() {
  Napi::ArrayBuffer memory = memory_.Value();
  if (memory.IsDetached()) {
    memory = Napi::ArrayBuffer::New(env_, kBatch + kRoom);
    if (memory.IsEmpty() || env_.IsExceptionPending()) return nullptr;
    memory_ = Napi::Persistent(memory);
  }
  return static_cast<uint8_t*>(memory.Data());
}

bool Reader::Deliver(size_t used, uint32_t records, bool from_loop) {
  Napi::Value batch = from_.Call({memory_.Value(), Napi::Number::New(env_, 0), Napi::Number::New(env_, static_cast<double>(used))});
  bool done = !batch.IsEmpty() && !env_.IsExceptionPending();
  if (done) {
    const napi_value arguments[] = {batch, Napi::Number::New(env_, records)};
    napi_value answer = nullptr;
    delivering_ = true;
    done = from_loop ? CallFromLoop(env_, deliver_.Value(), 2, arguments)
                     : napi_call_function(env_, env_.Global(), deliver_.Value(), 2, arguments, &answer) == napi_ok;
    delivering_ = false;
  }
  if (from_loop) TellThrown(env_);
  return done;
}

bool Reader::Batch(bool from_loop) {
  Napi::HandleScope scope(env_);
  uint8_t* memory = Memory();
  if (memory == nullptr) return false;
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
  // What was not taken in stays in the ring, and is handed on again.
  if (records > 0 && !Deliver(used, records, from_loop)) return false;
  pages_.Take(at);
  return used >= kBatch;
}

void Reader::Wait() {
  if (*name_ == nullptr) return;
  uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* handle, int, int) {
    Reader* reader = static_cast<Reader*>(handle->data);
    uv_poll_stop(handle);
    reader->Batch(true);
    reader->Rest();
  });
}

void Reader::Rest() {
  if (*name_ == nullptr) return;
  uv_timer_start(
      &timer_, [](uv_timer_t* handle) { static_cast<Reader*>(handle->data)->Wait(); }, kRestMilliseconds, 0);
}

void Reader::Close() {
  if (*name_ == nullptr) return;
  *name_ = nullptr;
  auto closed = [](uv_handle_t* handle) {
    Reader* reader = static_cast<Reader*>(handle->data);
    if (--reader->handles_ > 0) return;
    Napi::HandleScope scope(reader->env_);
    delete reader;
  };
  uv_poll_stop(&poll_);
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), closed);
}

int Reader::Begin(Fd map) {
  map_ = std::move(map);
  if (int failed = pages_.Map(map_.get())) return failed;
  events_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLIN;
  if (!events_ || epoll_ctl(events_.get(), EPOLL_CTL_ADD, map_.get(), &event) != 0) return errno;
  uv_loop_t* loop = Loop();
  if (loop == nullptr) return ECANCELED;
  poll_.data = this;
  timer_.data = this;
  if (int failed = uv_poll_init(loop, &poll_, events_.get())) return -failed;
  uv_timer_init(loop, &timer_);
  handles_ = 2;
  Wait();
  return 0;
}

Napi::Value Reader::Drain(Napi::Env env, const Name& name) {
  // A batch within a batch would be handed on twice.
  if (*name != nullptr && (*name)->delivering_) return ThrowErrno(env, EBUSY, "drain within deliver");
  while (*name != nullptr && (*name)->Batch(false)) continue;
  return env.Undefined();
}

Napi::Value Reader::Open(Napi::Env env, Fd map, Napi::Function deliver) {
  // Looked up before there is anything to undo: it runs JavaScript where somebody has replaced it.
  Napi::Value buffer, from;
  if (!ReadOption(env.Global(), "Buffer", &buffer)) return env.Undefined();
  if (!buffer.IsFunction()) return ThrowErrno(env, EINVAL, "openRing: there is no global Buffer");
  if (!ReadOption(buffer.As<Napi::Object>(), "from", &from)) return env.Undefined();
  if (!from.IsFunction()) return ThrowErrno(env, EINVAL, "openRing: there is no Buffer.from");
  Napi::ArrayBuffer memory = Napi::ArrayBuffer::New(env, kBatch + kRoom);
  if (env.IsExceptionPending()) return env.Undefined();

  Reader* reader = new Reader(env);
  if (int failed = reader->Begin(std::move(map))) {
    delete reader;
    return ThrowErrno(env, failed, "openRing");
  }
  reader->memory_ = Napi::Persistent(memory);
  reader->deliver_ = Napi::Persistent(deliver);
  reader->from_ = Napi::Persistent(from.As<Napi::Function>());
  const Name name = reader->name_;
  Napi::Object result = Napi::Object::New(env);
  result.Set("drain", Napi::Function::New(env, [name](const Napi::CallbackInfo& call) { return Drain(call.Env(), name); }));
  result.Set("stop", Napi::Function::New(env, [name](const Napi::CallbackInfo&) {
               if (*name != nullptr) (*name)->Close();
             }));
  return result;
}

}  // namespace

Napi::Value Gate::OpenRing(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "openRing(index, deliver)");
  const uint32_t index = arguments.Number(0);
  const Napi::Function deliver = arguments.Function(1);
  if (arguments.Wrong()) return env.Undefined();
  int outer = Outer(env, "rings");
  if (outer < 0) return env.Undefined();
  Fd map(Inner(outer, index));
  if (!map) return ThrowErrno(env, errno, "openRing");
  return Reader::Open(env, std::move(map), deliver);
}
