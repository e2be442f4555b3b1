// SPDX-License-Identifier: GPL-2.0-only
#include "pins.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <dirent.h>
#include <memory>
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
  for (const char* part : {"links", "progs", "maps"}) {
    for (const std::string& name : ListPins(directory + "/" + part)) drop(std::string(part) + "/" + name);
    rmdir((directory + "/" + part).c_str());
  }
  rmdir(directory.c_str());
  return removed;
}

namespace {

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
  if (value.abi != CG_ABI_VERSION) {
    Napi::Error error = NativeError(env, EPROTO, "the gate in " + directory + " has another ABI version");
    error.Set("found", Napi::Number::New(env, value.abi));
    error.ThrowAsJavaScriptException();
    return env.Undefined();
  }
  if (ListPins(directory + "/links").size() != value.links)
    return ThrowErrno(env, ECANCELED, "the gate in " + directory + " is incomplete");
  auto gate = std::make_shared<Gate>();
  gate->directory = directory;
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
  exports.Set("unload", Napi::Function::New(env, Unload));
}
