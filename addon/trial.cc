// SPDX-License-Identifier: GPL-2.0-only
// The matcher under prog-run, for comparing it with the reference. Its object is a file of the build's (out/bpf/trial.bpf.o):
// nothing that is shipped holds it.
#include "trial.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <string>
#include <vector>

#include "abi/abi.h"
#include "abi/trial.h"
#include "error.h"
#include "gate.h"
#include "state.h"

bool Gate::RunTrial(Napi::Env env, uint8_t* bytes) {
  int map = Map(env, "trials");
  if (map < 0) return false;
  bpf_map_info facts{};
  uint32_t length = sizeof(facts), zero = 0;
  if (bpf_obj_get_info_by_fd(map, &facts, &length) != 0) {
    ThrowErrno(env, errno, "trials");
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
  if (info.Length() < 1 || !info[0].IsTypedArray() || info[0].As<Napi::Uint8Array>().ByteLength() != sizeof(cg_trial))
    return ThrowErrno(env, EINVAL, "trial(struct cg_trial)");
  Napi::Buffer<uint8_t> copy =
      Napi::Buffer<uint8_t>::Copy(env, info[0].As<Napi::Uint8Array>().Data(), sizeof(cg_trial));
  if (!RunTrial(env, copy.Data())) return env.Undefined();
  return copy;
}

Napi::Value Gate::Trials(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 1 || !info[0].IsTypedArray() || info[0].As<Napi::Uint8Array>().ByteLength() % sizeof(cg_trial) != 0)
    return ThrowErrno(env, EINVAL, "trials(struct cg_trial[])");
  Napi::Uint8Array bytes = info[0].As<Napi::Uint8Array>();
  Napi::Buffer<uint8_t> copy = Napi::Buffer<uint8_t>::Copy(env, bytes.Data(), bytes.ByteLength());
  for (size_t at = 0; at < copy.Length(); at += sizeof(cg_trial))
    if (!RunTrial(env, copy.Data() + at)) return env.Undefined();
  return copy;
}

namespace {

Napi::Value OpenTrial(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 1 || !info[0].IsString()) return ThrowErrno(env, EINVAL, "openTrial(file)");
  std::string file = info[0].As<Napi::String>().Utf8Value();
  std::unique_ptr<bpf_object, void (*)(bpf_object*)> object(bpf_object__open_file(file.c_str(), nullptr), bpf_object__close);
  if (!object) return ThrowErrno(env, errno, "open " + file);
  bpf_program* program = bpf_object__find_program_by_name(object.get(), "trial");
  if (program == nullptr) return ThrowErrno(env, ENOENT, file + ": the trial program");
  if (int failed = bpf_object__load(object.get())) return ThrowErrno(env, failed < 0 ? -failed : failed, "load " + file);
  Napi::Object result = State::Of(env).gate.New({});
  Gate* gate = Gate::Unwrap(result);
  bpf_map* map;
  bpf_object__for_each_map(map, object.get())
      gate->maps[bpf_map__name(map)] = Fd(fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 3));
  gate->trial = Fd(fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 3));
  return result;
}

}  // namespace

void RegisterTrial(Napi::Env env, Napi::Object exports) { exports.Set("openTrial", Napi::Function::New(env, OpenTrial)); }
