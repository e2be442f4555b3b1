// SPDX-License-Identifier: GPL-2.0-only
#include "gate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <memory>
#include <vector>

#include "abi/gate.h"
#include "error.h"

void Gate::Register(Napi::Env env, Napi::Object) {
  Napi::Function constructor = DefineClass(
      env, "Gate",
      {
          InstanceMethod("describeMap", &Gate::DescribeMap), InstanceMethod("lookup", &Gate::Lookup),
          InstanceMethod("update", &Gate::Update),           InstanceMethod("remove", &Gate::Remove),
          InstanceMethod("keys", &Gate::Keys),               InstanceMethod("putImage", &Gate::PutImage),
          InstanceMethod("removeImage", &Gate::RemoveImage), InstanceMethod("getImage", &Gate::GetImage),
          InstanceMethod("putRing", &Gate::PutRing),         InstanceMethod("removeRing", &Gate::RemoveRing),
          InstanceMethod("putSeen", &Gate::PutSeen),         InstanceMethod("removeSeen", &Gate::RemoveSeen),
          InstanceMethod("readSeen", &Gate::ReadSeen),       InstanceMethod("openRing", &Gate::OpenRing),
          InstanceMethod("subjects", &Gate::Subjects),       InstanceMethod("markProcess", &Gate::MarkProcess),
          InstanceMethod("trial", &Gate::Trial),             InstanceMethod("trials", &Gate::Trials),
          InstanceMethod("programs", &Gate::Programs),       InstanceMethod("close", &Gate::Close),
      });
  // Owned by the environment, so that two of them (worker threads) do not share one.
  env.SetInstanceData(new Napi::FunctionReference(Napi::Persistent(constructor)));
}

Gate::Gate(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Gate>(info) {}

int Gate::Map(Napi::Env env, const std::string& name) const {
  if (closed) {
    ThrowErrno(env, EBADF, "map " + name + ": the gate is closed");
    return -1;
  }
  auto found = maps.find(name);
  if (found == maps.end()) {
    ThrowErrno(env, ENOENT, "map " + name);
    return -1;
  }
  return found->second.get();
}

Napi::Value Gate::Subjects(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  uint32_t session = info.Length() > 0 && info[0].IsNumber() ? info[0].As<Napi::Number>().Uint32Value() : 0;
  if (closed) return ThrowErrno(env, EBADF, "list subjects: the gate is closed");
  Fd link(bpf_link_create(list_subjects.get(), 0, BPF_TRACE_ITER, nullptr));
  if (!link) return ThrowErrno(env, errno, "list subjects");
  Fd iterator(bpf_iter_create(link.get()));
  if (!iterator) return ThrowErrno(env, errno, "list subjects");
  std::vector<uint8_t> bytes;
  uint8_t chunk[sizeof(cg_task_record) * 128];
  for (;;) {
    ssize_t got = read(iterator.get(), chunk, sizeof(chunk));
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < 0) return ThrowErrno(env, errno, "list subjects");
    if (got == 0) break;
    bytes.insert(bytes.end(), chunk, chunk + got);
  }
  std::vector<uint8_t> chosen;
  for (size_t at = 0; at + sizeof(cg_task_record) <= bytes.size(); at += sizeof(cg_task_record)) {
    cg_task_record record;
    memcpy(&record, &bytes[at], sizeof(record));
    if (session == 0 || record.session == session) chosen.insert(chosen.end(), &bytes[at], &bytes[at] + sizeof(record));
  }
  return Napi::Buffer<uint8_t>::Copy(env, chosen.data(), chosen.size());
}

Napi::Value Gate::MarkProcess(const Napi::CallbackInfo& info) {
  return ThrowErrno(info.Env(), ENOSYS, "making a running process a subject is not built yet");
}

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

Napi::Value Gate::Programs(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Napi::Array programs = Napi::Array::New(env);
  if (directory.empty()) return programs;
  uint32_t count = 0;
  std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir((directory + "/links").c_str()), closedir);
  if (!dir) return ThrowErrno(env, errno, directory + "/links");
  while (dirent* entry = readdir(dir.get())) {
    if (entry->d_name[0] == '.') continue;
    Napi::Object program = Napi::Object::New(env);
    program.Set("name", Napi::String::New(env, entry->d_name));
    program.Set("attached", Napi::Boolean::New(env, true));
    Fd link(bpf_obj_get((directory + "/links/" + entry->d_name).c_str()));
    bpf_link_info about{};
    bpf_prog_info facts{};
    uint32_t length = sizeof(about);
    double misses = 0;
    if (link && bpf_obj_get_info_by_fd(link.get(), &about, &length) == 0) {
      Fd loaded(bpf_prog_get_fd_by_id(about.prog_id));
      length = sizeof(facts);
      if (loaded && bpf_obj_get_info_by_fd(loaded.get(), &facts, &length) == 0)
        misses = static_cast<double>(facts.recursion_misses);
    }
    program.Set("recursionMisses", Napi::Number::New(env, misses));
    programs.Set(count++, program);
  }
  return programs;
}

Napi::Value Gate::Close(const Napi::CallbackInfo& info) {
  closed = true;
  maps.clear();
  list_subjects.reset();
  identify.reset();
  trial.reset();
  return info.Env().Undefined();
}
