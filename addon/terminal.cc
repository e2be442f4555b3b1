// SPDX-License-Identifier: GPL-2.0-only
// Writing to a terminal that is shared with whoever is confined, without being stopped by it.
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arguments.h"
#include "error.h"

namespace {

// writeUnstopped(fd, bytes) -> bytes written. A terminal with TOSTOP sends SIGTTOU to a group in the background that writes,
// unless the writer blocks or ignores the signal (drivers/tty/tty_jobctrl.c, __tty_check_change). Blocked for this call
// alone: a program that is launched inherits nothing of it.
Napi::Value WriteUnstopped(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "writeUnstopped(fd, bytes)");
  const int fd = arguments.Descriptor(0);
  const Bytes bytes = arguments.Memory(1);
  if (arguments.Wrong()) return env.Undefined();
  sigset_t block, before;
  sigemptyset(&block);
  sigaddset(&block, SIGTTOU);
  const int refused = pthread_sigmask(SIG_BLOCK, &block, &before);
  if (refused != 0) return ThrowErrno(env, refused, "pthread_sigmask");
  // A socket has no description of our own to be non-blocking: it is asked for this call alone.
  ssize_t wrote = send(fd, bytes.data, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (wrote < 0 && errno == ENOTSOCK) wrote = write(fd, bytes.data, bytes.size);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (wrote < 0) return ThrowErrno(env, error, "write");
  return Napi::Number::New(env, static_cast<double>(wrote));
}

// duplicate(fd) -> fd. Another descriptor of the same open file, which stays when the first is let go of (held.cc).
Napi::Value Duplicate(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "duplicate(fd)");
  const int fd = arguments.Descriptor(0);
  if (arguments.Wrong()) return env.Undefined();
  const int other = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (other < 0) return ThrowErrno(env, errno, "fcntl");
  return Napi::Number::New(env, other);
}

}  // namespace

void RegisterTerminal(Napi::Env env, Napi::Object exports) {
  exports.Set("writeUnstopped", Napi::Function::New(env, WriteUnstopped));
  exports.Set("duplicate", Napi::Function::New(env, Duplicate));
}
