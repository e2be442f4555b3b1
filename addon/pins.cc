// SPDX-License-Identifier: GPL-2.0-only
#include "pins.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <iterator>
#include <memory>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "abi/abi.h"
#include "arguments.h"
#include "error.h"
#include "gate.h"

std::vector<std::string> ListPins(const std::string& directory) {
  std::vector<std::string> names;
  std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(directory.c_str()), closedir);
  if (!dir) return names;
  while (dirent* entry = readdir(dir.get()))
    if (entry->d_name[0] != '.') names.push_back(entry->d_name);
  return names;
}

// `ready` first, so that what is half gone is not taken for whole; links next, for they are what judges.
std::vector<std::string> RemovePins(const std::string& directory) {
  std::vector<std::string> removed;
  auto drop = [&](const std::string& name) {
    if (unlink((directory + "/" + name).c_str()) == 0) removed.push_back(name);
  };
  drop("ready");
  for (const char* part : {"links", "later", "groups", "calls", "progs", "maps"}) {
    for (const std::string& name : ListPins(directory + "/" + part)) drop(std::string(part) + "/" + name);
    rmdir((directory + "/" + part).c_str());
  }
  rmdir(directory.c_str());
  return removed;
}

void RemoveWatches(const std::string& directory, const char* part) {
  const std::string folder = directory + "/" + part;
  for (const std::string& name : ListPins(folder)) unlink((folder + "/" + name).c_str());
  rmdir(folder.c_str());
}

namespace {

// How long a link may take to be gone, once its pin is: an RCU grace period and a turn of a work queue.
constexpr int kTries = 500;
constexpr useconds_t kStep = 10'000;

// All of both kinds; 0, or why one stays.
int RemoveLinks(const std::string& directory) {
  int failed = 0;
  for (const char* part : {"/later/", "/links/"})
    for (const std::string& name : ListPins(directory + part))
      if (unlink((directory + part + name).c_str()) != 0) failed = errno;
  rmdir((directory + "/later").c_str());
  return failed;
}

// A link of the program on its hook; EBUSY is that of a link that goes.
Fd Attach(int program) {
  for (int tries = 0;; tries++) {
    Fd link(bpf_raw_tracepoint_open(nullptr, program));
    if (link || errno != EBUSY || tries == kTries) return link;
    usleep(kStep);
  }
}

// Each begins by cg_has_later() (bpf/later.h), so that without such a policy it does nothing: src/policy/hooks.ts says the same of them.
constexpr const char* kLater[] = {
    "cred_alloc_blank",   "inode_setattr",   "ipc_permission", "key_alloc",          "key_permission",    "msg_queue_alloc_security",
    "msg_queue_msgctl",   "perf_event_open", "quotactl",       "sb_set_mnt_opts",    "sem_alloc_security", "sem_semctl",
    "shm_alloc_security", "shm_shmctl",      "task_fix_setgid", "task_fix_setgroups", "task_fix_setuid",
};

}  // namespace

bool IsLater(const std::string& program) {
  return std::find(std::begin(kLater), std::end(kLater), program) != std::end(kLater);
}

Failure PinWatch(const std::string& directory, const char* part, const char* name) {
  const std::string folder = directory + "/" + part;
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return {errno, "mkdir " + folder};
  const std::string pin = folder + "/" + name, from = directory + "/progs/" + name;
  if (access(pin.c_str(), F_OK) == 0) return {};
  Fd program(bpf_obj_get(from.c_str()));
  if (!program) return {errno, from};
  Fd link = Attach(program.get());
  if (!link) return {errno, std::string("attach ") + name};
  if (bpf_obj_pin(link.get(), pin.c_str()) != 0) return {errno, "pin " + pin};
  return {};
}

Failure AttachLater(const std::string& directory) {
  for (const char* name : kLater) {
    // A kernel without the hook has no program for it.
    if (access((directory + "/progs/" + name).c_str(), F_OK) != 0 && errno == ENOENT) continue;
    const Failure failure = PinWatch(directory, "later", name);
    if (failure.number != 0) return failure;
  }
  return {};
}

Failure AttachPinned(const std::string& directory, uint32_t* count) {
  *count = 0;
  const auto undone = [&directory](const std::string& operation) {
    const int number = errno;
    RemoveLinks(directory);
    return Failure{number, operation};
  };
  for (const std::string& name : ListPins(directory + "/progs")) {
    if (IsLater(name)) continue;
    const std::string pin = directory + "/progs/" + name;
    Fd program(bpf_obj_get(pin.c_str()));
    bpf_prog_info facts{};
    uint32_t length = sizeof(facts);
    if (!program || bpf_obj_get_info_by_fd(program.get(), &facts, &length) != 0) return undone("open " + pin);
    if (facts.type != BPF_PROG_TYPE_LSM) continue;
    Fd link = Attach(program.get());
    if (!link) return undone("attach lsm/" + name);
    const std::string path = directory + "/links/" + name;
    if (bpf_obj_pin(link.get(), path.c_str()) != 0) return undone("pin " + path);
    (*count)++;
  }
  return {};
}

Napi::Value Gate::AttachLater(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (Closed(env, "attach the hooks of version 2")) return env.Undefined();
  if (directory.empty()) return ThrowErrno(env, ENOENT, "attach the hooks of version 2");
  const Failure failure = ::AttachLater(directory);
  return failure.number == 0 ? env.Undefined() : ThrowErrno(env, failure.number, failure.operation);
}

namespace {

// Of the gate in the folder. Another build's has another, or (made before there was one) none.
bool SameBuild(const std::string& directory) {
  Fd map(bpf_obj_get((directory + "/maps/" + kBuild).c_str()));
  uint32_t zero = 0;
  uint64_t digest = 0;
  return map && bpf_map_lookup_elem(map.get(), &zero, &digest) == 0 && digest == BuildDigest();
}

Napi::Value Adopt(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "adopt(directory)");
  const std::string directory = arguments.Text(0);
  if (arguments.Wrong()) return env.Undefined();
  if (access(directory.c_str(), F_OK) != 0) return ThrowErrno(env, errno, directory);
  Fd ready(bpf_obj_get((directory + "/ready").c_str()));
  if (!ready) return ThrowErrno(env, errno == ENOENT ? ECANCELED : errno, "the gate in " + directory + " is incomplete");
  uint32_t zero = 0;
  Ready value{};
  if (bpf_map_lookup_elem(ready.get(), &zero, &value) != 0) return ThrowErrno(env, errno, directory + "/ready");
  const size_t links = ListPins(directory + "/links").size();
  if (value.abi != CG_ABI_VERSION) {
    Napi::Error error = NativeError(env, EPROTO, "the gate in " + directory + " has another ABI version");
    error.Set("found", Napi::Number::New(env, value.abi));
    error.Set("attached", Napi::Boolean::New(env, links > 0));
    error.ThrowAsJavaScriptException();
    return env.Undefined();
  }
  if (links != 0 && links != value.links)
    return ThrowErrno(env, ECANCELED, "the gate in " + directory + " is incomplete");
  auto gate = std::make_shared<Gate>();
  gate->directory = directory;
  gate->attached = links > 0;
  gate->same = SameBuild(directory);
  for (const std::string& name : ListPins(directory + "/maps")) {
    Fd map(bpf_obj_get((directory + "/maps/" + name).c_str()));
    if (!map) return ThrowErrno(env, errno, "open " + directory + "/maps/" + name);
    gate->maps[name] = std::move(map);
  }
  gate->list_subjects = Fd(bpf_obj_get((directory + "/progs/list_subjects").c_str()));
  gate->identify = Fd(bpf_obj_get((directory + "/progs/identify").c_str()));
  gate->end_session = Fd(bpf_obj_get((directory + "/progs/end_session").c_str()));
  if (!gate->list_subjects || !gate->identify || !gate->end_session)
    return ThrowErrno(env, ECANCELED, "the gate in " + directory + " is incomplete");
  return Gate::ToObject(env, gate);
}

Napi::Value AttachKept(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "attach(directory)");
  const std::string directory = arguments.Text(0);
  if (arguments.Wrong()) return env.Undefined();
  if (access((directory + "/ready").c_str(), F_OK) != 0) return ThrowErrno(env, errno, directory + "/ready");
  uint32_t links = 0;
  if (Failure failure = AttachPinned(directory, &links); failure.number != 0)
    return ThrowErrno(env, failure.number, failure.operation);
  return env.Undefined();
}

Napi::Value Detach(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "detach(directory)");
  const std::string directory = arguments.Text(0);
  if (arguments.Wrong()) return env.Undefined();
  if (access(directory.c_str(), F_OK) != 0) return ThrowErrno(env, errno, directory);
  RemoveWatches(directory, "groups");
  RemoveWatches(directory, "calls");
  if (int failed = RemoveLinks(directory)) return ThrowErrno(env, failed, "detach the hooks of " + directory);
  return env.Undefined();
}

Napi::Value Unload(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "unload(directory)");
  const std::string directory = arguments.Text(0);
  if (arguments.Wrong()) return env.Undefined();
  struct statfs facts {};
  if (statfs(directory.c_str(), &facts) != 0) return ThrowErrno(env, errno, directory);
  if (facts.f_type != kBpffs) return ThrowErrno(env, ENODEV, directory + " is no bpffs");
  Napi::Array names = Napi::Array::New(env);
  uint32_t count = 0;
  for (const std::string& name : RemovePins(directory)) names.Set(count++, Napi::String::New(env, name));
  if (access(directory.c_str(), F_OK) == 0) return ThrowErrno(env, EBUSY, directory + ": not all of it could be removed");
  return names;
}

}  // namespace

void RegisterPins(Napi::Env env, Napi::Object exports) {
  exports.Set("abiVersion", Napi::Number::New(env, CG_ABI_VERSION));
  exports.Set("adopt", Napi::Function::New(env, Adopt));
  exports.Set("attach", Napi::Function::New(env, AttachKept));
  Napi::Array later = Napi::Array::New(env);
  uint32_t count = 0;
  for (const char* name : kLater) later.Set(count++, Napi::String::New(env, name));
  exports.Set("laterHooks", later);
  exports.Set("detach", Napi::Function::New(env, Detach));
  exports.Set("unload", Napi::Function::New(env, Unload));
}
