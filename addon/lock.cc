// SPDX-License-Identifier: GPL-2.0-only
// One lock file serialises attaching, detaching and the start and end of sessions.
#include "lock.h"

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arguments.h"
#include "error.h"
#include "fd.h"

namespace {

// Never waits: whoever has to does so between two turns of its event loop (src/session/acquire.ts).
Napi::Value Lock(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "lock(path)");
  const std::string path = arguments.Text(0);
  if (arguments.Wrong()) return env.Undefined();

  auto file = std::make_shared<Fd>(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!*file) return ThrowErrno(env, errno, "open " + path);
  struct stat facts {};
  if (fstat(file->get(), &facts) != 0) return ThrowErrno(env, errno, "stat " + path);
  if (!S_ISREG(facts.st_mode) || facts.st_uid != geteuid() || (facts.st_mode & 022) != 0)
    return ThrowErrno(env, EPERM, "lock " + path + " (it must be a plain file of ours that nobody else can write)");
  // flock(2), because it alone names its holder in /proc/locks and keeps two of one process apart. It takes no more than a
  // descriptor for reading; a subject is refused every lock on this file (bpf/guard.bpf.c: file_lock).
  if (flock(file->get(), LOCK_EX | LOCK_NB) != 0) return ThrowErrno(env, errno, "flock " + path);
  return Napi::Function::New(env, [file](const Napi::CallbackInfo&) { file->reset(); });
}

}  // namespace

void RegisterLock(Napi::Env env, Napi::Object exports) { exports.Set("lock", Napi::Function::New(env, Lock)); }
