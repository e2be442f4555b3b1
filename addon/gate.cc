// SPDX-License-Identifier: GPL-2.0-only
#include "gate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <dirent.h>
#include <memory>
#include "error.h"
#include "state.h"

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
          InstanceMethod("identify", &Gate::IdentifyFd),
          InstanceMethod("subjectsOf", &Gate::SubjectsOf),   InstanceMethod("endSession", &Gate::EndSession),
          InstanceMethod("trial", &Gate::Trial),             InstanceMethod("trials", &Gate::Trials),
          InstanceMethod("programs", &Gate::Programs),       InstanceMethod("close", &Gate::Close),
      });
  // Owned by the environment, so that two of them (worker threads) do not share one.
  State::Of(env).gate = Napi::Persistent(constructor);
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
  end_session.reset();
  trial.reset();
  return info.Env().Undefined();
}
