// SPDX-License-Identifier: GPL-2.0-only
#include "load.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "abi/abi.h"
#include "arguments.h"
#include "callgate.skel.h"
#include "error.h"
#include "gate.h"
#include "log.h"
#include "pins.h"

namespace {

const char* const kPrograms[] = {"end_session", "identify", "list_subjects"};

bool StartsWith(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

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
  if (ListPins(directory + "/links").size() != links) return Fail(EIO, "verify the pinned links");
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

Napi::Value Load(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "load(options)");
  const Napi::Object options = arguments.Object(0);
  if (arguments.Wrong()) return env.Undefined();
  Napi::Value folder;
  std::string directory;
  if (!ReadOption(options, "directory", &folder)) return env.Undefined();
  if (!ReadText(folder, &directory)) return ThrowErrno(env, EINVAL, "load(options): directory is a string without zeros");

  // The folders first: pins that are in the way are told before the verifier's work, not after it.
  Failure failure = MakeFolders(directory);
  if (failure.number != 0) return ThrowErrno(env, failure.number, failure.operation);
  std::unique_ptr<const std::string, void (*)(const std::string*)> undo(&directory,
                                                                       [](const std::string* made) { RemovePins(*made); });

  const LibbpfLog log;
  Skeleton skeleton(callgate_bpf__open(), callgate_bpf__destroy);
  if (!skeleton) return ThrowErrno(env, errno, "open the BPF object");
  ChoosePrograms(skeleton.get());
  if (int failed = callgate_bpf__load(skeleton.get())) {
    const std::string program = log.RefusedProgram();
    return ThrowVerifier(env, failed, program.empty() ? "load the BPF object" : "load the program " + program,
                         log.LastUsefulLine());
  }
  uint32_t links = 0;
  failure = AttachAndPin(skeleton.get(), directory, &links);
  if (failure.number == 0) failure = PinRest(skeleton.get(), directory, links);
  if (failure.number != 0) return ThrowErrno(env, failure.number, failure.operation);

  auto gate = std::make_shared<Gate>();
  gate->directory = directory;
  bool kept = Gate::Keep(&gate->list_subjects, bpf_program__fd(skeleton->progs.list_subjects)) &&
              Gate::Keep(&gate->identify, bpf_program__fd(skeleton->progs.identify)) &&
              Gate::Keep(&gate->end_session, bpf_program__fd(skeleton->progs.end_session));
  bpf_map* map;
  bpf_object__for_each_map(map, skeleton->obj)
    kept = kept && gate->Keep(bpf_map__name(map), bpf_map__fd(map));
  if (!kept) return ThrowErrno(env, errno, "keep the gate's descriptors");
  undo.release();
  return Gate::ToObject(env, gate);
}

}  // namespace

void RegisterLoad(Napi::Env env, Napi::Object exports) { exports.Set("load", Napi::Function::New(env, Load)); }
