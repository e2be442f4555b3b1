// SPDX-License-Identifier: GPL-2.0-only
// The matcher under prog-run, for comparing it with the reference. Its object is a file of the build's (out/bpf/trial.bpf.o):
// nothing that is shipped holds it.
#include "trial.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "abi/abi.h"
#include "abi/trial.h"
#include "arguments.h"
#include "error.h"
#include "gate.h"
#include "log.h"

bool Gate::RunTrial(Napi::Env env, uint8_t* bytes) {
  bpf_map_info facts{};
  const int map = Described(env, "trials", &facts);
  if (map < 0) return false;
  const uint32_t zero = 0;
  if (facts.key_size != sizeof(zero) || facts.value_size < sizeof(cg_trial)) {
    ThrowErrno(env, EINVAL, "trials is no map of struct cg_trial");
    return false;
  }
  std::vector<uint8_t> value(facts.value_size);
  memcpy(value.data(), bytes, sizeof(cg_trial));
  LIBBPF_OPTS(bpf_test_run_opts, options);
  if (bpf_map_update_elem(map, &zero, value.data(), 0) != 0 || bpf_prog_test_run_opts(trial.get(), &options) != 0 ||
      bpf_map_lookup_elem(map, &zero, value.data()) != 0) {
    ThrowErrno(env, errno, "run the trial program");
    return false;
  }
  memcpy(bytes, value.data(), sizeof(cg_trial));
  return true;
}

Napi::Value Gate::Trial(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "trial(struct cg_trial)");
  const Bytes bytes = arguments.Memory(0);
  if (arguments.Wrong()) return env.Undefined();
  if (bytes.size != sizeof(cg_trial)) return ThrowErrno(env, EINVAL, "trial(struct cg_trial): length");
  Napi::Buffer<uint8_t> copy = Napi::Buffer<uint8_t>::Copy(env, bytes.data, bytes.size);
  if (env.IsExceptionPending() || !RunTrial(env, copy.Data())) return env.Undefined();
  return copy;
}

Napi::Value Gate::Trials(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "trials(struct cg_trial[])");
  const Bytes bytes = arguments.Memory(0);
  if (arguments.Wrong()) return env.Undefined();
  if (bytes.size == 0 || bytes.size % sizeof(cg_trial) != 0) return ThrowErrno(env, EINVAL, "trials(struct cg_trial[]): length");
  Napi::Buffer<uint8_t> copy = Napi::Buffer<uint8_t>::Copy(env, bytes.data, bytes.size);
  if (env.IsExceptionPending()) return env.Undefined();
  for (size_t at = 0; at < copy.Length(); at += sizeof(cg_trial))
    if (!RunTrial(env, copy.Data() + at)) return env.Undefined();
  return copy;
}

namespace {

Napi::Value OpenTrial(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "openTrial(file)");
  const std::string file = arguments.Text(0);
  if (arguments.Wrong()) return env.Undefined();
  const LibbpfLog log;
  std::unique_ptr<bpf_object, void (*)(bpf_object*)> object(bpf_object__open_file(file.c_str(), nullptr), bpf_object__close);
  if (!object) return ThrowErrno(env, errno, "open " + file);
  bpf_program* program = bpf_object__find_program_by_name(object.get(), "trial");
  if (program == nullptr) return ThrowErrno(env, ENOENT, file + ": the trial program");
  if (int failed = bpf_object__load(object.get())) return ThrowVerifier(env, failed, "load " + file, log.LastUsefulLine());
  auto gate = std::make_shared<Gate>();
  bpf_map* map;
  bpf_object__for_each_map(map, object.get())
    if (!gate->Keep(bpf_map__name(map), bpf_map__fd(map))) return ThrowErrno(env, errno, "keep a map");
  if (!Gate::Keep(&gate->trial, bpf_program__fd(program))) return ThrowErrno(env, errno, "keep the trial program");
  return Gate::ToObject(env, gate);
}

}  // namespace

void RegisterTrial(Napi::Env env, Napi::Object exports) { exports.Set("openTrial", Napi::Function::New(env, OpenTrial)); }
