// SPDX-License-Identifier: GPL-2.0-only
// A child held before its exec: forked, prepared, and waiting for one byte. In between its owner makes it a subject, so
// that no instruction of the program runs unjudged. Node has threads, therefore the child calls nothing but what
// signal-safety(7) allows: everything it needs is made before the fork.
#include "launch.h"

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <grp.h>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "error.h"
#include "fd.h"
#include "poll.h"

namespace {

std::set<int> held;
// pidfd -> the program's descriptor, until the child is released.
std::map<int, int> programs;

// What the child needs, as plain memory.
struct Plan {
  std::string file, cwd;
  std::vector<std::string> argv, env;
  std::vector<char*> argv_pointers, env_pointers;
  std::vector<gid_t> groups;
  bool set_groups = false, set_gid = false, set_uid = false, detached = false;
  gid_t gid = 0;
  uid_t uid = 0;
  int stdio[3] = {0, 1, 2};
};

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& each : strings) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Strings(const Napi::Value& value) {
  std::vector<std::string> strings;
  Napi::Array array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) strings.push_back(array.Get(i).ToString().Utf8Value());
  return strings;
}

// Says which step failed and why, and ends. The parent reads both.
[[noreturn]] void Fail(int errors) {
  int number = errno;
  ssize_t written = write(errors, &number, sizeof(number));
  (void)written;
  _exit(127);
}

// The child's life until exec. `go` gives one byte when the task may run, or ends without one when its owner is gone.
[[noreturn]] void Child(Plan& plan, int go, int errors) {
  // Dispositions survive exec as "ignored": Node ignores SIGPIPE, which no program expects.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; signal++)
    if (signal != SIGKILL && signal != SIGSTOP) sigaction(signal, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);

  // Clear of 0 to 2 first, or one of them could be overwritten before it was copied.
  for (int& fd : plan.stdio) {
    fd = fcntl(fd, F_DUPFD_CLOEXEC, 10);
    if (fd < 0) Fail(errors);
  }
  for (int i = 0; i < 3; i++)
    if (dup2(plan.stdio[i], i) < 0) Fail(errors);
  // Everything else goes with the exec; `go` and `errors` are still needed till then.
  if (syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */) != 0) Fail(errors);

  if (plan.detached && setsid() < 0) Fail(errors);
  if (plan.set_groups && setgroups(plan.groups.size(), plan.groups.data()) != 0) Fail(errors);
  if (plan.set_gid && setresgid(plan.gid, plan.gid, plan.gid) != 0) Fail(errors);
  if (plan.set_uid && setresuid(plan.uid, plan.uid, plan.uid) != 0) Fail(errors);
  if (chdir(plan.cwd.c_str()) != 0) Fail(errors);

  char byte = 0;
  ssize_t got;
  do {
    got = read(go, &byte, 1);
  } while (got < 0 && errno == EINTR);
  if (got != 1) _exit(127);
  execve(plan.file.c_str(), plan.argv_pointers.data(), plan.env_pointers.data());
  Fail(errors);
}

// An io_uring instance among the standard descriptors would let the program act through a ring it could not set up.
bool IsIoUring(int fd) {
  char target[64] = {};
  std::string link = "/proc/self/fd/" + std::to_string(fd);
  return readlink(link.c_str(), target, sizeof(target) - 1) > 0 && std::string(target) == "anon_inode:[io_uring]";
}

struct Held {
  int pid = -1;
  Fd pidfd, go, errors, program;
  bool waited = false;

  ~Held() { programs.erase(pidfd.get()); }
};

void Settle(Napi::Env env) {
  Napi::HandleScope scope(env);
  Napi::Function::New(env, [](const Napi::CallbackInfo&) {}).MakeCallback(env.Global(), 0, nullptr);
}

Napi::Value Release(const Napi::CallbackInfo& info, const std::shared_ptr<Held>& child, const std::string& file) {
  Napi::Env env = info.Env();
  if (!child->go) return ThrowErrno(env, EALREADY, "release");
  auto deferred = std::make_shared<Napi::Promise::Deferred>(Napi::Promise::Deferred::New(env));
  ssize_t written = write(child->go.get(), "g", 1);
  child->go.reset();
  if (written != 1) return ThrowErrno(env, errno, "release");
  // End of file: the exec closed it. A number: why there was none.
  PollOnce* poll = PollOnce::Start(env, child->errors.get(), [env, deferred, child, file] {
    Napi::HandleScope scope(env);
    int number = 0;
    ssize_t got = read(child->errors.get(), &number, sizeof(number));
    child->errors.reset();
    if (got == sizeof(number))
      deferred->Reject(NativeError(env, number, "execve " + file).Value());
    else
      deferred->Resolve(env.Undefined());
    Settle(env);
  });
  if (poll == nullptr) return ThrowErrno(env, EBADF, "release");
  return deferred->Promise();
}

Napi::Value Wait(const Napi::CallbackInfo& info, const std::shared_ptr<Held>& child) {
  Napi::Env env = info.Env();
  if (child->waited) return ThrowErrno(env, EALREADY, "wait");
  child->waited = true;
  auto deferred = std::make_shared<Napi::Promise::Deferred>(Napi::Promise::Deferred::New(env));
  PollOnce* poll = PollOnce::Start(env, child->pidfd.get(), [env, deferred, child] {
    Napi::HandleScope scope(env);
    siginfo_t ended{};
    int failed = waitid(static_cast<idtype_t>(3) /* P_PIDFD */, child->pidfd.get(), &ended, WEXITED) != 0 ? errno : 0;
    held.erase(child->pid);
    if (failed != 0) {
      deferred->Reject(NativeError(env, failed, "waitid").Value());
    } else {
      Napi::Object result = Napi::Object::New(env);
      bool exited = ended.si_code == CLD_EXITED;
      Napi::Value status = Napi::Number::New(env, ended.si_status);
      result.Set("code", exited ? status : env.Null());
      result.Set("signal", exited ? env.Null() : status);
      deferred->Resolve(result);
    }
    Settle(env);
  });
  if (poll == nullptr) return ThrowErrno(env, EBADF, "wait");
  return deferred->Promise();
}

void Abandon(const std::shared_ptr<Held>& child) {
  if (!child->go) return;
  // Without its byte it ends by itself; the signal is for one that hangs before that.
  child->go.reset();
  child->errors.reset();
  syscall(SYS_pidfd_send_signal, child->pidfd.get(), SIGKILL, nullptr, 0);
  siginfo_t ended{};
  if (!child->waited) {
    waitid(static_cast<idtype_t>(3) /* P_PIDFD */, child->pidfd.get(), &ended, WEXITED);
    held.erase(child->pid);
  }
}

Napi::Value Hold(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 1 || !info[0].IsObject()) return ThrowErrno(env, EINVAL, "hold(options)");
  Napi::Object options = info[0].As<Napi::Object>();
  if (!options.Get("file").IsString() || !options.Get("cwd").IsString() || !options.Get("argv").IsArray() ||
      !options.Get("env").IsArray() || !options.Get("stdio").IsArray())
    return ThrowErrno(env, EINVAL, "hold(options)");

  Plan plan;
  plan.file = options.Get("file").As<Napi::String>().Utf8Value();
  plan.cwd = options.Get("cwd").As<Napi::String>().Utf8Value();
  plan.argv = Strings(options.Get("argv"));
  plan.env = Strings(options.Get("env"));
  plan.argv_pointers = Pointers(plan.argv);
  plan.env_pointers = Pointers(plan.env);
  plan.detached = options.Get("detached").ToBoolean();
  Napi::Array stdio = options.Get("stdio").As<Napi::Array>();
  for (uint32_t i = 0; i < 3; i++) {
    plan.stdio[i] = stdio.Get(i).ToNumber().Int32Value();
    if (IsIoUring(plan.stdio[i]))
      return ThrowErrno(env, EINVAL, "descriptor " + std::to_string(i) + " is an io_uring instance, which is never inherited");
  }
  if (options.Get("groups").IsArray()) {
    Napi::Array groups = options.Get("groups").As<Napi::Array>();
    plan.set_groups = true;
    for (uint32_t i = 0; i < groups.Length(); i++) plan.groups.push_back(groups.Get(i).ToNumber().Uint32Value());
  }
  if (options.Get("gid").IsNumber()) {
    plan.set_gid = true;
    plan.gid = options.Get("gid").As<Napi::Number>().Uint32Value();
  }
  if (options.Get("uid").IsNumber()) {
    plan.set_uid = true;
    plan.uid = options.Get("uid").As<Napi::Number>().Uint32Value();
  }

  Fd program(open(plan.file.c_str(), O_PATH | O_CLOEXEC));
  if (!program) return ThrowErrno(env, errno, "open " + plan.file);
  struct stat facts {};
  if (fstat(program.get(), &facts) != 0) return ThrowErrno(env, errno, "stat " + plan.file);

  int go[2], errors[2];
  if (pipe2(go, O_CLOEXEC) != 0) return ThrowErrno(env, errno, "pipe2");
  Fd go_read(go[0]), go_write(go[1]);
  if (pipe2(errors, O_CLOEXEC) != 0) return ThrowErrno(env, errno, "pipe2");
  Fd errors_read(errors[0]), errors_write(errors[1]);

  // No handler of ours may run in the child before it has reset them.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int pid = fork();
  if (pid == 0) {
    // The write end here would keep the child waiting for ever after its owner's death.
    close(go_write.take());
    Child(plan, go_read.get(), errors_write.get());
  }
  int failed = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return ThrowErrno(env, failed, "fork");

  auto child = std::make_shared<Held>();
  child->pid = pid;
  child->go = std::move(go_write);
  child->errors = std::move(errors_read);
  child->pidfd = Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!child->pidfd) {
    failed = errno;
    child->go.reset();
    waitpid(pid, nullptr, 0);
    return ThrowErrno(env, failed, "pidfd_open");
  }
  held.insert(pid);
  child->program = std::move(program);
  programs[child->pidfd.get()] = child->program.get();

  Napi::Object result = Napi::Object::New(env);
  result.Set("pid", Napi::Number::New(env, pid));
  result.Set("pidfd", Napi::Number::New(env, child->pidfd.get()));
  // As stat(2) tells; mark() asks the kernel itself. The encoding is the kernel's (include/linux/kdev_t.h), which is what a BPF program reads from s_dev.
  result.Set("device", Napi::Number::New(env, (static_cast<uint32_t>(major(facts.st_dev)) << 20) | minor(facts.st_dev)));
  result.Set("inode", Napi::BigInt::New(env, static_cast<uint64_t>(facts.st_ino)));
  std::string file = plan.file;
  result.Set("release", Napi::Function::New(env, [child, file](const Napi::CallbackInfo& call) { return Release(call, child, file); }));
  result.Set("wait", Napi::Function::New(env, [child](const Napi::CallbackInfo& call) { return Wait(call, child); }));
  result.Set("abandon", Napi::Function::New(env, [child](const Napi::CallbackInfo&) { Abandon(child); }));
  return result;
}

}  // namespace

int HeldProgram(int pidfd) {
  auto found = programs.find(pidfd);
  return found == programs.end() ? -1 : found->second;
}

bool IsHeld(int pid) { return held.count(pid) != 0; }

void RegisterLaunch(Napi::Env env, Napi::Object exports) { exports.Set("hold", Napi::Function::New(env, Hold)); }
