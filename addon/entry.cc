// SPDX-License-Identifier: GPL-2.0-only
// Programs that run already: looking at them, taking them in and letting them go (bpf/entry.bpf.c).
#include <bpf/bpf.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include "abi/abi.h"
#include "arguments.h"
#include "error.h"
#include "gate.h"
#include "pass.h"
#include "pins.h"

namespace {

// Every hook that had begun when this is called has ended when it returns: changing a map of maps waits for an RCU grace period
// (kernel/bpf/syscall.c: maybe_wait_bpf_programs). membarrier(2) would not where there is one processor. 0, or an errno.
int WaitForHooks() {
  LIBBPF_OPTS(bpf_map_create_opts, options);
  Fd inner(bpf_map_create(BPF_MAP_TYPE_ARRAY, "cg_grace_inner", 4, 8, 1, &options));
  if (!inner) return errno;
  options.inner_map_fd = static_cast<uint32_t>(inner.get());
  Fd outer(bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "cg_grace", 4, 4, 1, &options));
  uint32_t zero = 0;
  int fd = inner.get();
  if (!outer || bpf_map_update_elem(outer.get(), &zero, &fd, BPF_ANY) != 0) return errno;
  return 0;
}

}  // namespace

// One pass of one of the iterators of this gate over all tasks, or (pidfd >= 0) those of one process: what it wrote.
Napi::Value Gate::Walk(Napi::Env env, const char* name, const char* what, int pidfd) {
  if (Closed(env, what)) return env.Undefined();
  const std::string pin = directory + "/progs/" + name;
  Fd program(directory.empty() ? -1 : bpf_obj_get(pin.c_str()));
  if (!program) return ThrowErrno(env, directory.empty() ? ENOENT : errno, pin);
  std::vector<uint8_t> bytes;
  int failed = Pass(program.get(), pidfd, &bytes);
  // Collected meanwhile: nobody is left of it.
  if (failed == ESRCH && pidfd >= 0) bytes.clear();
  else if (failed != 0) return ThrowErrno(env, failed, what);
  return Napi::Buffer<uint8_t>::Copy(env, bytes.data(), bytes.size());
}

Napi::Value Gate::SurveyTasks(const Napi::CallbackInfo& info) {
  return Walk(info.Env(), "survey_tasks", "look at all tasks");
}

Napi::Value Gate::SurveyOf(const Napi::CallbackInfo& info) {
  Arguments arguments(info, "surveyOf(pidfd)");
  const int pidfd = arguments.Descriptor(0);
  if (arguments.Wrong()) return info.Env().Undefined();
  return Walk(info.Env(), "survey_tasks", "look at the tasks of a process", pidfd);
}

Napi::Value Gate::EnterTasks(const Napi::CallbackInfo& info) {
  return Walk(info.Env(), "enter_tasks", "take tasks in");
}

Napi::Value Gate::LeaveTasks(const Napi::CallbackInfo& info) {
  if (Closed(info.Env(), "let tasks go")) return info.Env().Undefined();
  if (int failed = WaitForHooks()) return ThrowErrno(info.Env(), failed, "let tasks go");
  return Walk(info.Env(), "leave_tasks", "let tasks go");
}

// Attaches and pins what marks those that come into a cgroup: it stays when this process is gone.
Napi::Value Gate::WatchGroups(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (Closed(env, "watch cgroups")) return env.Undefined();
  if (directory.empty()) return ThrowErrno(env, ENOENT, "watch cgroups");
  for (const char* name : {"enter_child", "enter_moved"}) {
    const Failure failure = PinWatch(directory, "groups", name);
    if (failure.number != 0) return ThrowErrno(env, failure.number, failure.operation);
  }
  return env.Undefined();
}

Napi::Value Gate::UnwatchGroups(const Napi::CallbackInfo& info) {
  if (!Closed(info.Env(), "unwatch cgroups") && !directory.empty()) RemoveWatches(directory, "groups");
  return info.Env().Undefined();
}

// The same for system calls (bpf/syscalls.bpf.c): those that begin, or those that a filter refused.
Napi::Value Gate::WatchCalls(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "watchCalls(which)");
  const std::string which = arguments.Text(0);
  if (arguments.Wrong() || Closed(env, "watch system calls")) return env.Undefined();
  const bool entered = which == "entered";
  if (!entered && which != "refused") return ThrowErrno(env, EINVAL, "watchCalls(which): which is entered or refused");
  if (directory.empty()) return ThrowErrno(env, ENOENT, "watch system calls");
  // In this order: what the first is skipped for the second tells (bpf/syscalls.bpf.c).
  for (const char* name : {entered ? "call_entered" : "call_left", entered ? "call_entered_again" : "call_left_again"}) {
    const Failure failure = PinWatch(directory, "calls", name);
    if (failure.number != 0) return ThrowErrno(env, failure.number, failure.operation);
  }
  return env.Undefined();
}

Napi::Value Gate::UnwatchCalls(const Napi::CallbackInfo& info) {
  if (!Closed(info.Env(), "unwatch system calls") && !directory.empty()) RemoveWatches(directory, "calls");
  return info.Env().Undefined();
}

Napi::Value Gate::WatchForks(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (Closed(env, "watch forks")) return env.Undefined();
  const std::string pin = directory + "/progs/enter_child";
  auto program = std::make_shared<Fd>(directory.empty() ? -1 : bpf_obj_get(pin.c_str()));
  if (!*program) return ThrowErrno(env, directory.empty() ? ENOENT : errno, pin);
  auto misses = [program](uint64_t* count) {
    bpf_prog_info facts{};
    uint32_t length = sizeof(facts);
    if (bpf_obj_get_info_by_fd(program->get(), &facts, &length) != 0) return errno;
    *count = facts.recursion_misses;
    return 0;
  };
  uint64_t before = 0;
  if (int failed = misses(&before)) return ThrowErrno(env, failed, pin);
  // Not pinned: it ends with this process, if that is killed.
  auto link = std::make_shared<Fd>(bpf_raw_tracepoint_open(nullptr, program->get()));
  // EEXIST: it is attached for a cgroup already.
  if (!*link && errno != EEXIST) return ThrowErrno(env, errno, "attach task_newtask");
  Napi::Object watch = Napi::Object::New(env);
  watch.Set("missed", Napi::Function::New(env, [misses, before](const Napi::CallbackInfo& call) -> Napi::Value {
    uint64_t now = 0;
    if (int failed = misses(&now)) return ThrowErrno(call.Env(), failed, "read what was missed");
    return Napi::Number::New(call.Env(), static_cast<double>(now - before));
  }));
  watch.Set("close", Napi::Function::New(env, [link](const Napi::CallbackInfo& call) -> Napi::Value {
    link->reset();
    return call.Env().Undefined();
  }));
  return watch;
}
