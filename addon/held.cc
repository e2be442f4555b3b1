// SPDX-License-Identifier: GPL-2.0-only
// What is done with a held child: let go, waited for, or given up.
#include "held.h"

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <functional>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <uv.h>

#include "../launcher/held.h"
#include "error.h"
#include "poll.h"
#include "watch.h"

namespace {

constexpr idtype_t kPidfd = static_cast<idtype_t>(3);  // P_PIDFD, which glibc before 2.36 does not name

// The exit status of a program that was not started (src/host/failure.ts).
constexpr char kRefused = 126;

// The caller's descriptors are the program's alone from now on. This one keeps 1 and 2 to speak, and reads nothing.
void LetGoOfInherited(Held& child) {
  if (child.inherited.empty()) return;
  for (int fd : child.inherited)
    if (fd > STDERR_FILENO) close(fd);
  child.inherited.clear();
  Fd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (null) dup2(null.get(), STDIN_FILENO);
}

int FailedBehindFilter(const Held& child) {
  int32_t failed = 0;
  const ssize_t got = pread(child.plan.get(), &failed, sizeof(failed), offsetof(held_plan, failed));
  return got == sizeof(failed) ? failed : 0;
}

Napi::Value Release(const Napi::CallbackInfo& info, const std::shared_ptr<Held>& child, const std::string& file) {
  Napi::Env env = info.Env();
  if (child->released || !child->control) return ThrowErrno(env, EALREADY, "release");
  child->released = true;
  child->state->programs.erase(child->pidfd.get());
  child->program.reset();
  LetGoOfInherited(*child);
  // A child that has ended already said why, or a signal ended it, which wait() tells.
  if (send(child->control.get(), "g", 1, MSG_NOSIGNAL) != 1 && errno != EPIPE && errno != ECONNRESET)
    return ThrowErrno(env, errno, "release");
  auto deferred = std::make_shared<Napi::Promise::Deferred>(Napi::Promise::Deferred::New(env));
  // End of file: the exec closed it, or it failed behind the filter, which the plan says. A number: why there was none.
  const int failed = PollOnce::Start(env, child->control.get(), [env, deferred, child, file] {
    Napi::HandleScope scope(env);
    int number = 0;
    ssize_t got = recv(child->control.get(), &number, sizeof(number), MSG_DONTWAIT);
    child->control.reset();
    if (got != sizeof(number)) number = FailedBehindFilter(*child);
    child->plan.reset();
    if (number < 0)
      deferred->Reject(NativeError(env, -number, "seccomp").Value());
    else if (number > 0)
      deferred->Reject(NativeError(env, number, "execve " + file).Value());
    else
      deferred->Resolve(env.Undefined());
    Continue(env);
  });
  if (failed != 0) return ThrowErrno(env, failed, "release");
  return deferred->Promise();
}

// How a child ended. 0: it has, and `ended` says how; EAGAIN: not yet, or a tracer holds the zombie.
int Reap(const Held& child, siginfo_t* ended) {
  *ended = {};
  if (waitid(kPidfd, static_cast<id_t>(child.pidfd.get()), ended, WEXITED | WNOHANG) != 0) return errno;
  return ended->si_pid == 0 ? EAGAIN : 0;
}

// Calls `tried` at each SIGCHLD until it returns true. The pidfd of a zombie is readable for good, so it cannot tell when a
// tracer has let go of one; the signal comes then (kernel/ptrace.c and exit.c: do_notify_parent).
class AtChildSignal : public Watch {
 public:
  static bool Start(Napi::Env env, std::function<bool()> tried) {
    AtChildSignal* watch = new AtChildSignal(env);
    uv_loop_t* loop = watch->Loop();
    if (loop == nullptr || uv_signal_init(loop, &watch->handle_) != 0) {
      delete watch;
      return false;
    }
    watch->handle_.data = watch;
    if (uv_signal_start(&watch->handle_, OnSignal, SIGCHLD) != 0) {
      watch->Close();
      return false;
    }
    watch->tried_ = std::move(tried);
    // It may have let go in between.
    OnSignal(&watch->handle_, SIGCHLD);
    return true;
  }

  void Close() override {
    if (std::exchange(over_, true)) return;
    uv_close(reinterpret_cast<uv_handle_t*>(&handle_),
             [](uv_handle_t* handle) { delete static_cast<AtChildSignal*>(handle->data); });
  }

 private:
  explicit AtChildSignal(Napi::Env env) : Watch(env) {}
  static void OnSignal(uv_signal_t* handle, int) {
    AtChildSignal* watch = static_cast<AtChildSignal*>(handle->data);
    if (!watch->over_ && watch->tried_()) watch->Close();
  }

  uv_signal_t handle_{};
  std::function<bool()> tried_;
  bool over_ = false;
};

Napi::Value Wait(const Napi::CallbackInfo& info, const std::shared_ptr<Held>& child) {
  Napi::Env env = info.Env();
  if (child->waited) return ThrowErrno(env, EALREADY, "wait");
  auto deferred = std::make_shared<Napi::Promise::Deferred>(Napi::Promise::Deferred::New(env));
  // True once the promise is settled.
  std::function<bool()> settle = [env, deferred, child] {
    siginfo_t ended;
    int failed = Reap(*child, &ended);
    if (failed == EAGAIN || failed == EINTR) return false;
    Napi::HandleScope scope(env);
    child->state->held.erase(child->pid);
    if (failed == ECHILD && child->foreign) {
      Napi::Object result = Napi::Object::New(env);
      result.Set("code", env.Null());
      result.Set("signal", env.Null());
      deferred->Resolve(result);
    } else if (failed != 0) {
      deferred->Reject(NativeError(env, failed, "waitid").Value());
    } else {
      Napi::Object result = Napi::Object::New(env);
      bool exited = ended.si_code == CLD_EXITED;
      Napi::Value status = Napi::Number::New(env, ended.si_status);
      result.Set("code", exited ? status : env.Null());
      result.Set("signal", exited ? env.Null() : status);
      deferred->Resolve(result);
    }
    Continue(env);
    return true;
  };
  const int watched = PollOnce::Start(env, child->pidfd.get(), [env, deferred, settle] {
    if (settle()) return;
    if (AtChildSignal::Start(env, settle)) return;
    Napi::HandleScope scope(env);
    deferred->Reject(NativeError(env, ENOMEM, "wait").Value());
    Continue(env);
  });
  if (watched != 0) return ThrowErrno(env, watched, "wait");
  child->waited = true;
  return deferred->Promise();
}

void Abandon(Held& child) {
  if (child.released || !child.control) return;
  if (child.foreign) {
    // The caller's shell is told what it would be told by a launcher in the foreground.
    const char quit[] = {HELD_QUIT, kRefused};
    ssize_t sent = send(child.control.get(), quit, sizeof(quit), MSG_NOSIGNAL);
    (void)sent;
    child.control.reset();
    child.state->held.erase(child.pid);
    return;
  }
  // Without its byte it ends by itself; the signal is for one that hangs before that.
  child.control.reset();
  syscall(SYS_pidfd_send_signal, child.pidfd.get(), SIGKILL, nullptr, 0);
  if (child.waited) return;
  siginfo_t ended{};
  waitid(P_PID, static_cast<id_t>(child.pid), &ended, WEXITED);
  child.state->held.erase(child.pid);
}

}  // namespace

// Nobody can reach it any more: collected, or the end of its environment. One that was let go goes on, reaped by whom it
// falls to (reapOrphans, or the reaper after us); one that was not runs nothing.
Held::~Held() {
  if (!state) return;
  Abandon(*this);
  state->programs.erase(pidfd.get());
  state->held.erase(pid);
}

Napi::Object Held::ToObject(Napi::Env env, const std::shared_ptr<Held>& child, const std::string& file) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("pid", Napi::Number::New(env, child->pid));
  result.Set("pidfd", Napi::Number::New(env, child->pidfd.get()));
  result.Set("release", Napi::Function::New(env, [child, file](const Napi::CallbackInfo& call) { return Release(call, child, file); }));
  result.Set("wait", Napi::Function::New(env, [child](const Napi::CallbackInfo& call) { return Wait(call, child); }));
  result.Set("abandon", Napi::Function::New(env, [child](const Napi::CallbackInfo&) { Abandon(*child); }));
  return result;
}
