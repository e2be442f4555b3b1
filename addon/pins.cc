// SPDX-License-Identifier: GPL-2.0-only
#include "pins.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>
#include <vector>

#include "abi/abi.h"
#include "callgate.skel.h"
#include "error.h"
#include "gate.h"
#include "state.h"

namespace {

constexpr long kBpffs = 0xcafe4a11;
const char* const kPrograms[] = {"end_session", "identify", "list_subjects"};

struct Ready {
  uint32_t abi;
  uint32_t links;
};

// What libbpf says while loading; the verifier's log comes this way too.
std::string said;

int Listen(enum libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG || said.size() > (32u << 20)) return 0;
  // The verifier's whole log is one call, and what matters stands at its end.
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(nullptr, 0, format, again);
  va_end(again);
  if (length <= 0) return length;
  size_t before = said.size();
  said.resize(before + length + 1);
  vsnprintf(&said[before], length + 1, format, arguments);
  said.resize(before + length);
  return length;
}

// The last line of the verifier that says why; its statistics come after that and help nobody.
std::string LastUsefulLine() {
  std::string useful;
  size_t at = 0;
  while (at < said.size()) {
    size_t end = said.find('\n', at);
    if (end == std::string::npos) end = said.size();
    std::string line = said.substr(at, end - at);
    at = end + 1;
    if (line.empty() || line.rfind("processed ", 0) == 0 || line.rfind("libbpf: ", 0) == 0 || line.rfind("-- ", 0) == 0 ||
        line.rfind("verification time", 0) == 0 || line.rfind("stack depth", 0) == 0 || line.rfind("mark_precise", 0) == 0)
      continue;
    useful = line;
  }
  return useful;
}

// The program that was refused, as libbpf names it; empty where none was.
std::string RefusedProgram() {
  size_t end = said.rfind("': failed to load");
  size_t begin = end == std::string::npos ? end : said.rfind('\'', end - 1);
  return begin == std::string::npos ? "" : said.substr(begin + 1, end - begin - 1);
}

bool StartsWith(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

std::vector<std::string> List(const std::string& directory) {
  std::vector<std::string> names;
  std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(directory.c_str()), closedir);
  if (!dir) return names;
  while (dirent* entry = readdir(dir.get()))
    if (entry->d_name[0] != '.') names.push_back(entry->d_name);
  return names;
}

// `ready` first, so that what is half gone is not taken for whole; links next, for they are what judges.
std::vector<std::string> RemoveAll(const std::string& directory) {
  std::vector<std::string> removed;
  auto drop = [&](const std::string& name) {
    if (unlink((directory + "/" + name).c_str()) == 0) removed.push_back(name);
  };
  drop("ready");
  for (const char* part : {"links", "progs", "maps"}) {
    for (const std::string& name : List(directory + "/" + part)) drop(std::string(part) + "/" + name);
    rmdir((directory + "/" + part).c_str());
  }
  rmdir(directory.c_str());
  return removed;
}

// The skeleton, closed on every way out.
using Skeleton = std::unique_ptr<callgate_bpf, void (*)(callgate_bpf*)>;

struct Failure {
  int number = 0;
  std::string operation;
};

Failure Fail(int number, const std::string& operation) { return {number < 0 ? -number : number, operation}; }

// Programs marked "?" are for hooks that not every kernel has: they are loaded where there is one.
void ChoosePrograms(callgate_bpf* skeleton) {
  bpf_program* program;
  bpf_object__for_each_program(program, skeleton->obj) {
    std::string section = bpf_program__section_name(program);
    if (bpf_program__autoload(program) || !StartsWith(section, "lsm/")) continue;
    bpf_program__set_autoload(program, libbpf_find_vmlinux_btf_id(section.c_str() + strlen("lsm/"), BPF_LSM_MAC) > 0);
  }
}

// Attaches every LSM program and pins its link; the count, or a failure.
Failure AttachAndPin(callgate_bpf* skeleton, const std::string& directory, uint32_t* count) {
  bpf_program* program;
  *count = 0;
  bpf_object__for_each_program(program, skeleton->obj) {
    std::string section = bpf_program__section_name(program);
    if (!StartsWith(section, "lsm") || !bpf_program__autoload(program)) continue;
    bpf_link* link = bpf_program__attach(program);
    if (link == nullptr) return Fail(errno, "attach " + section);
    std::string path = directory + "/links/" + bpf_program__name(program);
    int failed = bpf_link__pin(link, path.c_str());
    bpf_link__disconnect(link);
    bpf_link__destroy(link);
    if (failed != 0) return Fail(failed, "pin " + path);
    (*count)++;
  }
  return {};
}

Failure PinRest(callgate_bpf* skeleton, const std::string& directory, uint32_t links) {
  bpf_map* map;
  bpf_object__for_each_map(map, skeleton->obj) {
    if (bpf_map__name(map)[0] == '.' || strchr(bpf_map__name(map), '.') != nullptr) continue;
    std::string path = directory + "/maps/" + bpf_map__name(map);
    if (int failed = bpf_map__pin(map, path.c_str())) return Fail(failed, "pin " + path);
  }
  for (const char* name : kPrograms) {
    bpf_program* program = bpf_object__find_program_by_name(skeleton->obj, name);
    std::string path = directory + "/progs/" + name;
    if (int failed = bpf_program__pin(program, path.c_str())) return Fail(failed, "pin " + path);
  }
  if (List(directory + "/links").size() != links) return Fail(EIO, "verify the pinned links");
  LIBBPF_OPTS(bpf_map_create_opts, options);
  Fd ready(bpf_map_create(BPF_MAP_TYPE_ARRAY, "cg_ready", 4, sizeof(Ready), 1, &options));
  uint32_t zero = 0;
  Ready value = {CG_ABI_VERSION, links};
  if (!ready || bpf_map_update_elem(ready.get(), &zero, &value, 0) != 0 ||
      bpf_obj_pin(ready.get(), (directory + "/ready").c_str()) != 0)
    return Fail(errno, "pin " + directory + "/ready");
  return {};
}

Failure MakeFolders(const std::string& directory) {
  struct statfs facts {};
  std::string parent = directory.substr(0, directory.rfind('/'));
  if (statfs(parent.c_str(), &facts) != 0) return Fail(errno, "statfs " + parent);
  if (facts.f_type != kBpffs) return Fail(ENODEV, parent + " is no bpffs (mount -t bpf bpf /sys/fs/bpf)");
  if (mkdir(directory.c_str(), 0700) != 0) return Fail(errno, "mkdir " + directory);
  for (const char* part : {"/maps", "/progs", "/links"})
    if (mkdir((directory + part).c_str(), 0700) != 0) return Fail(errno, "mkdir " + directory + part);
  return {};
}

Napi::Object NewGate(Napi::Env env) {
  return State::Of(env).gate.New({});
}

Napi::Value Load(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 1 || !info[0].IsObject()) return ThrowErrno(env, EINVAL, "load(options)");
  Napi::Object options = info[0].As<Napi::Object>();
  if (!options.Get("directory").IsString()) return ThrowErrno(env, EINVAL, "load(options)");
  std::string directory = options.Get("directory").As<Napi::String>().Utf8Value();

  // The folders first: pins that are in the way are told before the verifier's work, not after it.
  Failure failure = MakeFolders(directory);
  if (failure.number != 0) return ThrowErrno(env, failure.number, failure.operation);
  std::unique_ptr<const std::string, void (*)(const std::string*)> undo(&directory,
                                                                       [](const std::string* made) { RemoveAll(*made); });

  said.clear();
  libbpf_print_fn_t printer = libbpf_set_print(Listen);
  std::unique_ptr<void, void (*)(void*)> restore(reinterpret_cast<void*>(printer), [](void* before) {
    libbpf_set_print(reinterpret_cast<libbpf_print_fn_t>(before));
  });
  Skeleton skeleton(callgate_bpf__open(), callgate_bpf__destroy);
  if (!skeleton) return ThrowErrno(env, errno, "open the BPF object");
  ChoosePrograms(skeleton.get());
  if (int failed = callgate_bpf__load(skeleton.get())) {
    std::string program = RefusedProgram();
    Napi::Error error = NativeError(env, failed < 0 ? -failed : failed,
                                    program.empty() ? "load the BPF object" : "load the program " + program);
    error.Set("verifier", Napi::String::New(env, LastUsefulLine()));
    error.ThrowAsJavaScriptException();
    return env.Undefined();
  }
  uint32_t links = 0;
  failure = AttachAndPin(skeleton.get(), directory, &links);
  if (failure.number == 0) failure = PinRest(skeleton.get(), directory, links);
  if (failure.number != 0) return ThrowErrno(env, failure.number, failure.operation);
  undo.release();

  Napi::Object object = NewGate(env);
  Gate* gate = Gate::Unwrap(object);
  bpf_map* map;
  bpf_object__for_each_map(map, skeleton->obj)
      gate->maps[bpf_map__name(map)] = Fd(fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 3));
  gate->list_subjects = Fd(fcntl(bpf_program__fd(skeleton->progs.list_subjects), F_DUPFD_CLOEXEC, 3));
  gate->identify = Fd(fcntl(bpf_program__fd(skeleton->progs.identify), F_DUPFD_CLOEXEC, 3));
  gate->end_session = Fd(fcntl(bpf_program__fd(skeleton->progs.end_session), F_DUPFD_CLOEXEC, 3));
  gate->directory = directory;
  return object;
}

Napi::Value Adopt(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 1 || !info[0].IsString()) return ThrowErrno(env, EINVAL, "adopt(directory)");
  std::string directory = info[0].As<Napi::String>().Utf8Value();
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
  if (List(directory + "/links").size() != value.links)
    return ThrowErrno(env, ECANCELED, "the gate in " + directory + " is incomplete");
  Napi::Object object = NewGate(env);
  Gate* gate = Gate::Unwrap(object);
  gate->directory = directory;
  for (const std::string& name : List(directory + "/maps")) {
    Fd map(bpf_obj_get((directory + "/maps/" + name).c_str()));
    if (!map) return ThrowErrno(env, errno, "open " + directory + "/maps/" + name);
    gate->maps[name] = std::move(map);
  }
  gate->list_subjects = Fd(bpf_obj_get((directory + "/progs/list_subjects").c_str()));
  gate->identify = Fd(bpf_obj_get((directory + "/progs/identify").c_str()));
  gate->end_session = Fd(bpf_obj_get((directory + "/progs/end_session").c_str()));
  if (!gate->list_subjects || !gate->identify || !gate->end_session)
    return ThrowErrno(env, ECANCELED, "the gate in " + directory + " is incomplete");
  return object;
}

Napi::Value Unload(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 1 || !info[0].IsString()) return ThrowErrno(env, EINVAL, "unload(directory)");
  std::string directory = info[0].As<Napi::String>().Utf8Value();
  struct statfs facts {};
  if (statfs(directory.c_str(), &facts) != 0) return ThrowErrno(env, errno, directory);
  if (facts.f_type != kBpffs) return ThrowErrno(env, ENODEV, directory + " is no bpffs");
  Napi::Array names = Napi::Array::New(env);
  uint32_t count = 0;
  for (const std::string& name : RemoveAll(directory)) names.Set(count++, Napi::String::New(env, name));
  return names;
}

}  // namespace

void RegisterPins(Napi::Env env, Napi::Object exports) {
  exports.Set("abiVersion", Napi::Number::New(env, CG_ABI_VERSION));
  exports.Set("load", Napi::Function::New(env, Load));
  exports.Set("adopt", Napi::Function::New(env, Adopt));
  exports.Set("unload", Napi::Function::New(env, Unload));
}
