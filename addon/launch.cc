// SPDX-License-Identifier: GPL-2.0-only
// Getting a child that is held before its exec: in between its owner makes it a subject, so that no instruction of the
// program runs unjudged. The one that bin/callgate forked before Node began (launcher/callgate.c) is taken over; for other
// sessions one is forked here.
#include "launch.h"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "../launcher/held.h"
#include "arguments.h"
#include "error.h"
#include "fd.h"
#include "held.h"
#include "plan.h"
#include "state.h"

namespace {

std::string Target(const std::string& link) {
  char target[256];
  ssize_t length = readlink(link.c_str(), target, sizeof(target));
  return length < 0 ? "" : std::string(target, static_cast<size_t>(length));
}

// An io_uring instance among the descriptors would let the program act through a ring it could not set up.
bool IsIoUring(const std::string& link) { return Target(link) == "anon_inode:[io_uring]"; }

Napi::Value RefuseIoUring(Napi::Env env, int fd) {
  return ThrowErrno(env, EINVAL, "descriptor " + std::to_string(fd) + " is an io_uring instance, which is never inherited");
}

// Numbers of a process's descriptors; false with errno.
bool Descriptors(int pid, std::vector<int>* numbers) {
  std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(("/proc/" + std::to_string(pid) + "/fd").c_str()), closedir);
  if (!folder) return false;
  while (const dirent* entry = readdir(folder.get()))
    if (entry->d_name[0] != '.') numbers->push_back(atoi(entry->d_name));
  return true;
}

// The child that the launcher forked. Of its descriptors those are the caller's that stand here too, under the same number.
bool TakeOver(Napi::Env env, const Napi::Object& options, Held* child) {
  Napi::Value pid_value, control_value;
  if (!ReadOption(options, "pid", &pid_value) || !ReadOption(options, "control", &control_value)) return false;
  uint32_t pid = 0, control = 0;
  if (!ReadNumber(pid_value, 1, INT_MAX, &pid) || !ReadNumber(control_value, 0, INT_MAX, &control)) {
    ThrowErrno(env, EINVAL, "hold(options): held is no child of the launcher");
    return false;
  }
  // Only what can be the two is made ours, for what is ours is closed, and waited for: a child of this process, or the process
  // that made the socket and had this one step back (launcher/callgate.c).
  siginfo_t state{};
  int domain = 0;
  ucred maker{};
  socklen_t length = sizeof(domain), maker_length = sizeof(maker);
  const bool socket = getsockopt(static_cast<int>(control), SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX;
  const bool made = socket &&
                    getsockopt(static_cast<int>(control), SOL_SOCKET, SO_PEERCRED, &maker, &maker_length) == 0 &&
                    maker.pid == static_cast<pid_t>(pid);
  const bool ours = waitid(P_PID, pid, &state, WEXITED | WNOHANG | WNOWAIT) == 0;
  const int failed = errno;
  if (!socket || (!ours && !made)) {
    ThrowErrno(env, socket ? failed : EINVAL, "hold(options): held is no child of the launcher");
    return false;
  }
  child->foreign = !ours;
  child->pid = static_cast<int>(pid);
  child->control = Fd(static_cast<int>(control));
  std::vector<int> numbers;
  if (fcntl(child->control.get(), F_SETFD, FD_CLOEXEC) != 0 || !Descriptors(child->pid, &numbers)) {
    ThrowErrno(env, errno, "the child that is held");
    return false;
  }
  for (int fd : numbers) {
    std::string there = "/proc/" + std::to_string(child->pid) + "/fd/" + std::to_string(fd);
    if (IsIoUring(there)) {
      RefuseIoUring(env, fd);
      return false;
    }
    // A child that has not run yet has our end of the socket, too: that one is not the caller's.
    const std::string target = Target(there);
    if (fd != child->control.get() && !target.empty() && target == Target("/proc/self/fd/" + std::to_string(fd)))
      child->inherited.push_back(fd);
  }
  return true;
}

// A forked child's life until it is like one of the launcher's. Calls nothing but what signal-safety(7) allows.
[[noreturn]] void Child(int control, int stdio[3]) {
  // Dispositions survive exec as "ignored": Node ignores SIGPIPE, which no program expects.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; signal++)
    if (signal != SIGKILL && signal != SIGSTOP) sigaction(signal, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);

  // Clear of 0 to 2 first, or one of them could be overwritten before it was copied.
  bool failed = false;
  for (int i = 0; i < 3; i++) {
    stdio[i] = fcntl(stdio[i], F_DUPFD_CLOEXEC, 10);
    failed = failed || stdio[i] < 0;
  }
  for (int i = 0; i < 3 && !failed; i++) failed = dup2(stdio[i], i) < 0;
  // Everything else goes with the exec.
  if (failed || syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */) != 0) {
    int number = errno;
    ssize_t written = write(control, &number, sizeof(number));
    (void)written;
    _exit(127);
  }
  held_serve(control, nullptr);
}

// The three descriptors, before anything is made. False with a pending exception.
bool ReadStdio(Napi::Env env, const Napi::Object& options, int stdio[3]) {
  Napi::Value value;
  if (!ReadOption(options, "stdio", &value)) return false;
  if (!value.IsArray()) {
    ThrowErrno(env, EINVAL, "hold(options): stdio is no array");
    return false;
  }
  for (uint32_t i = 0; i < 3; i++) {
    Napi::Value element;
    uint32_t fd = 0;
    if (!ReadElement(value.As<Napi::Array>(), i, &element)) return false;
    if (!ReadNumber(element, 0, INT_MAX, &fd)) {
      ThrowErrno(env, EINVAL, "hold(options): stdio holds what is no descriptor");
      return false;
    }
    stdio[i] = static_cast<int>(fd);
    if (IsIoUring("/proc/self/fd/" + std::to_string(fd))) {
      RefuseIoUring(env, static_cast<int>(i));
      return false;
    }
  }
  return true;
}

bool Fork(Napi::Env env, int stdio[3], Held* child) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    ThrowErrno(env, errno, "socketpair");
    return false;
  }
  Fd ours(ends[0]), theirs(ends[1]);

  // No handler of ours may run in the child before it has reset them.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int pid = fork();
  if (pid == 0) {
    // This end here would keep the child waiting for ever after its owner's death.
    close(ours.take());
    Child(theirs.get(), stdio);
  }
  int failed = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) {
    ThrowErrno(env, failed, "fork");
    return false;
  }
  child->pid = pid;
  child->control = std::move(ours);
  return true;
}

Napi::Value Hold(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "hold(options)");
  const Napi::Object options = arguments.Object(0);
  if (arguments.Wrong()) return env.Undefined();
  Plan plan;
  Napi::Value held;
  int stdio[3] = {-1, -1, -1};
  if (!plan.Read(env, options) || !ReadOption(options, "held", &held)) return env.Undefined();
  const bool forks = held.IsUndefined() || held.IsNull();
  if (!forks && !held.IsObject()) return ThrowErrno(env, EINVAL, "hold(options): held is no child of the launcher");
  if (forks && !ReadStdio(env, options, stdio)) return env.Undefined();

  Fd program(open(plan.file.c_str(), O_PATH | O_CLOEXEC));
  if (!program) return ThrowErrno(env, errno, "open " + plan.file);
  struct stat facts {};
  if (fstat(program.get(), &facts) != 0) return ThrowErrno(env, errno, "stat " + plan.file);

  auto child = std::make_shared<Held>();
  const bool there = forks ? Fork(env, stdio, child.get()) : TakeOver(env, held.As<Napi::Object>(), child.get());
  if (!there) return env.Undefined();
  child->pidfd = Fd(static_cast<int>(syscall(SYS_pidfd_open, child->pid, 0)));
  int failed = child->pidfd ? plan.Send(child->control.get(), &child->plan) : errno;
  // One that has ended says why to release() or wait().
  if (failed != 0 && failed != EPIPE) {
    child->control.reset();
    // One of ours ends without its owner. Of another nothing is known, so that it is not waited for.
    waitpid(child->pid, nullptr, forks ? 0 : WNOHANG);
    return ThrowErrno(env, failed, "the held child");
  }
  child->state = State::Of(env).launch;
  child->state->held.insert(child->pid);
  child->program = std::move(program);
  child->state->programs[child->pidfd.get()] = child->program.get();

  Napi::Object result = Held::ToObject(env, child, plan.file);
  // As stat(2) tells; mark() asks the kernel itself. The encoding is the kernel's (include/linux/kdev_t.h), which is what a BPF program reads from s_dev.
  result.Set("device", Napi::Number::New(env, (static_cast<uint32_t>(major(facts.st_dev)) << 20) | minor(facts.st_dev)));
  result.Set("inode", Napi::BigInt::New(env, static_cast<uint64_t>(facts.st_ino)));
  return result;
}

}  // namespace

int HeldProgram(Napi::Env env, int pidfd) {
  const auto& programs = State::Of(env).launch->programs;
  auto found = programs.find(pidfd);
  return found == programs.end() ? -1 : found->second;
}

bool IsHeld(Napi::Env env, int pid) { return State::Of(env).launch->held.count(pid) != 0; }

void RegisterLaunch(Napi::Env env, Napi::Object exports) { exports.Set("hold", Napi::Function::New(env, Hold)); }
