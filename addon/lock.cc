// SPDX-License-Identifier: GPL-2.0-only
// One lock file serialises attaching, detaching and the start and end of sessions.
#include "lock.h"

#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"

namespace {

// Loading a gate takes seconds in an emulated machine; whoever holds the lock longer than this is stuck.
constexpr int kWaitMilliseconds = 120000;
constexpr int kStepMilliseconds = 20;

Napi::Value Lock(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsString()) return ThrowErrno(env, EINVAL, "lock(path, wait)");
  std::string path = info[0].As<Napi::String>().Utf8Value();
  bool wait = info[1].ToBoolean();

  auto file = std::make_shared<Fd>(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!*file) return ThrowErrno(env, errno, "open " + path);
  struct stat facts {};
  if (fstat(file->get(), &facts) != 0) return ThrowErrno(env, errno, "stat " + path);
  if (!S_ISREG(facts.st_mode) || facts.st_uid != geteuid() || (facts.st_mode & 022) != 0)
    return ThrowErrno(env, EPERM, "lock " + path + " (it must be a plain file of ours that nobody else can write)");
  for (int waited = 0; flock(file->get(), LOCK_EX | LOCK_NB) != 0; waited += kStepMilliseconds) {
    if (errno != EWOULDBLOCK && errno != EINTR) return ThrowErrno(env, errno, "flock " + path);
    if (!wait || waited >= kWaitMilliseconds) return ThrowErrno(env, EWOULDBLOCK, "flock " + path);
    struct timespec step = {0, kStepMilliseconds * 1000000L};
    nanosleep(&step, nullptr);
  }
  return Napi::Function::New(env, [file](const Napi::CallbackInfo&) { file->reset(); });
}

}  // namespace

void RegisterLock(Napi::Env env, Napi::Object exports) { exports.Set("lock", Napi::Function::New(env, Lock)); }
