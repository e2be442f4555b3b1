// SPDX-License-Identifier: GPL-2.0-only
// Processes by descriptor: a pid may be used again, a pidfd names one process for good.
#include "pidfd.h"

#include <cerrno>
#include <csignal>
#include <memory>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arguments.h"
#include "error.h"
#include "launch.h"
#include "poll.h"
#include "state.h"

namespace {

Napi::Value OpenPidfd(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "openPidfd(pid)");
  const uint32_t pid = arguments.Number(0, 1, INT_MAX);
  if (arguments.Wrong()) return env.Undefined();
  // pidfd_open(2) sets CLOEXEC by itself.
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return ThrowErrno(env, errno, "pidfd_open");
  State::Of(env).pidfds.insert(fd);
  return Napi::Number::New(env, fd);
}

Napi::Value WaitPidfd(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "waitPidfd(pidfd)");
  const int fd = arguments.Descriptor(0);
  if (arguments.Wrong()) return env.Undefined();
  auto deferred = std::make_shared<Napi::Promise::Deferred>(Napi::Promise::Deferred::New(env));
  // Shared with the cancel function, which may be called after the poll freed itself.
  auto poll = std::make_shared<PollOnce*>(nullptr);
  const int failed = PollOnce::Start(
      env, fd,
      [env, deferred, poll] {
        *poll = nullptr;
        Napi::HandleScope scope(env);
        deferred->Resolve(env.Undefined());
        Continue(env);
      },
      poll.get());
  if (failed != 0) return ThrowErrno(env, failed, "waitPidfd");
  Napi::Object result = Napi::Object::New(env);
  result.Set("done", deferred->Promise());
  result.Set("cancel", Napi::Function::New(env, [poll](const Napi::CallbackInfo&) {
               if (*poll != nullptr) (*poll)->Close();
               *poll = nullptr;
             }));
  return result;
}

Napi::Value SendSignal(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "sendSignal(pidfd, signal)");
  const int fd = arguments.Descriptor(0);
  const uint32_t signal = arguments.Number(1, 0, _NSIG - 1);
  if (arguments.Wrong()) return env.Undefined();
  if (syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0) != 0) return ThrowErrno(env, errno, "pidfd_send_signal");
  return env.Undefined();
}

// Only what openPidfd() gave, and once: any other number may be somebody else's.
Napi::Value CloseFd(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "closeFd(fd)");
  const int fd = arguments.Descriptor(0);
  if (arguments.Wrong()) return env.Undefined();
  if (State::Of(env).pidfds.erase(fd) == 0) return ThrowErrno(env, EBADF, "closeFd: openPidfd() did not give it");
  if (close(fd) != 0) return ThrowErrno(env, errno, "close");
  return env.Undefined();
}

Napi::Value BecomeSubreaper(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return ThrowErrno(env, errno, "prctl(PR_SET_CHILD_SUBREAPER)");
  return env.Undefined();
}

// Children that came to us when their own parent ended. Those somebody waits for by pidfd are left to them: `kept`.
Napi::Value ReapOrphans(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Napi::Array pids = Napi::Array::New(env);
  for (uint32_t count = 0;; count++) {
    siginfo_t child{};
    if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) != 0 || child.si_pid == 0) break;
    if (IsHeld(env, child.si_pid)) break;
    if (waitid(P_PID, static_cast<id_t>(child.si_pid), &child, WEXITED | WNOHANG) != 0) break;
    pids.Set(count, Napi::Number::New(env, child.si_pid));
  }
  return pids;
}

}  // namespace

void RegisterPidfd(Napi::Env env, Napi::Object exports) {
  exports.Set("openPidfd", Napi::Function::New(env, OpenPidfd));
  exports.Set("waitPidfd", Napi::Function::New(env, WaitPidfd));
  exports.Set("sendSignal", Napi::Function::New(env, SendSignal));
  exports.Set("closeFd", Napi::Function::New(env, CloseFd));
  exports.Set("becomeSubreaper", Napi::Function::New(env, BecomeSubreaper));
  exports.Set("reapOrphans", Napi::Function::New(env, ReapOrphans));
}
