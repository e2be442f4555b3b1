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

bool StartsWith(const std::string& text, const char* prefix) { return text.rfind(prefix, 0) == 0; }

// The skeleton, closed on every way out.
using Skeleton = std::unique_ptr<callgate_bpf, void (*)(callgate_bpf*)>;

Failure Fail(int number, const std::string& operation) { return {number < 0 ? -number : number, operation}; }

// Programs marked "?" are for hooks that not every kernel has: they are loaded where there is one.
void ChoosePrograms(callgate_bpf* skeleton) {
  bpf_program* program;
  bpf_object__for_each_program(program, skeleton->obj) {
    std::string section = bpf_program__section_name(program);
    if (bpf_program__autoload(program)) continue;
    // The only one that is no hook of the gate's: it walks over threads by what the kernel has for it since 6.7.
    if (StartsWith(section, "tp_btf/"))
      bpf_program__set_autoload(program, libbpf_find_vmlinux_btf_id("bpf_iter_task_new", BPF_TRACE_FENTRY) > 0);
    if (!StartsWith(section, "lsm/")) continue;
    bpf_program__set_autoload(program, libbpf_find_vmlinux_btf_id(section.c_str() + strlen("lsm/"), BPF_LSM_MAC) > 0);
  }
}

// An array of one value, pinned.
template <typename Value>
Failure PinValue(const char* name, const std::string& path, const Value& value) {
  LIBBPF_OPTS(bpf_map_create_opts, options);
  Fd map(bpf_map_create(BPF_MAP_TYPE_ARRAY, name, 4, sizeof(value), 1, &options));
  uint32_t zero = 0;
  if (!map || bpf_map_update_elem(map.get(), &zero, &value, 0) != 0 || bpf_obj_pin(map.get(), path.c_str()) != 0)
    return Fail(errno, "pin " + path);
  return {};
}

// Pins programs and maps, and `ready`; the number of programs that are for hooks.
Failure PinAll(callgate_bpf* skeleton, const std::string& directory, uint32_t* hooks) {
  bpf_map* map;
  bpf_program* program;
  *hooks = 0;
  bpf_object__for_each_map(map, skeleton->obj) {
    if (bpf_map__name(map)[0] == '.' || strchr(bpf_map__name(map), '.') != nullptr) continue;
    std::string path = directory + "/maps/" + bpf_map__name(map);
    if (int failed = bpf_map__pin(map, path.c_str())) return Fail(failed, "pin " + path);
  }
  bpf_object__for_each_program(program, skeleton->obj) {
    if (!bpf_program__autoload(program)) continue;
    std::string path = directory + "/progs/" + bpf_program__name(program);
    if (int failed = bpf_program__pin(program, path.c_str())) return Fail(failed, "pin " + path);
    if (bpf_program__type(program) == BPF_PROG_TYPE_LSM && !IsLater(bpf_program__name(program))) (*hooks)++;
  }
  Failure failure = PinValue("cg_build", directory + "/maps/" + kBuild, BuildDigest());
  return failure.number != 0 ? failure : PinValue("cg_ready", directory + "/ready", Ready{CG_ABI_VERSION, *hooks});
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
  // Without a link the set is whole, and hooked nowhere: what is killed from here on leaves no hook behind that nobody finds.
  uint32_t hooks = 0, links = 0;
  failure = PinAll(skeleton.get(), directory, &hooks);
  if (failure.number == 0) failure = AttachPinned(directory, &links);
  if (failure.number == 0 && links != hooks) failure = Fail(EIO, "verify the pinned links");
  if (failure.number != 0) return ThrowErrno(env, failure.number, failure.operation);

  auto gate = std::make_shared<Gate>();
  gate->directory = directory;
  gate->attached = gate->same = true;
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

// FNV-1a: it tells builds from each other, and keeps nobody out who can write to a bpffs.
uint64_t BuildDigest() {
  static const uint64_t digest = [] {
    size_t size = 0;
    const auto* bytes = static_cast<const uint8_t*>(callgate_bpf__elf_bytes(&size));
    uint64_t sum = 0xcbf29ce484222325;
    for (size_t at = 0; at < size; at++) sum = (sum ^ bytes[at]) * 0x100000001b3;
    return sum;
  }();
  return digest;
}

void RegisterLoad(Napi::Env env, Napi::Object exports) { exports.Set("load", Napi::Function::New(env, Load)); }
