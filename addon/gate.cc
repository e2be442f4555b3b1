// SPDX-License-Identifier: GPL-2.0-only
#include "gate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <fcntl.h>
#include <memory>

#include "error.h"
#include "pins.h"

namespace {

// Drawn once at random: no other module's objects carry it.
constexpr napi_type_tag kTag = {0x4f7c1d0be39a4a6bULL, 0x9e25b1c68d03f74dULL};

}  // namespace

const Gate::Named Gate::kMethods[] = {
    {"describeMap", &Gate::DescribeMap}, {"lookup", &Gate::Lookup},           {"update", &Gate::Update},
    {"remove", &Gate::Remove},           {"keys", &Gate::Keys},               {"putImage", &Gate::PutImage},
    {"removeImage", &Gate::RemoveImage}, {"getImage", &Gate::GetImage},       {"putRing", &Gate::PutRing},
    {"removeRing", &Gate::RemoveRing},   {"putSeen", &Gate::PutSeen},         {"removeSeen", &Gate::RemoveSeen},
    {"readSeen", &Gate::ReadSeen},       {"openRing", &Gate::OpenRing},       {"subjects", &Gate::Subjects},
    {"subjectsOf", &Gate::SubjectsOf},   {"endSession", &Gate::EndSession},   {"identify", &Gate::IdentifyFd},
    {"trial", &Gate::Trial},             {"trials", &Gate::Trials},           {"programs", &Gate::Programs},
    {"surveyTasks", &Gate::SurveyTasks}, {"surveyOf", &Gate::SurveyOf},       {"enterTasks", &Gate::EnterTasks},
    {"leaveTasks", &Gate::LeaveTasks},   {"watchForks", &Gate::WatchForks},   {"watchGroups", &Gate::WatchGroups},
    {"unwatchGroups", &Gate::UnwatchGroups}, {"watchCalls", &Gate::WatchCalls}, {"unwatchCalls", &Gate::UnwatchCalls},
    {"attachLater", &Gate::AttachLater}, {"close", &Gate::Close},
};

Napi::Value Gate::ToObject(Napi::Env env, const std::shared_ptr<Gate>& gate) {
  Napi::Object object = Napi::Object::New(env);
  for (const Named& named : kMethods) {
    const Method method = named.method;
    object.Set(named.name, Napi::Function::New(
                               env, [gate, method](const Napi::CallbackInfo& info) { return ((*gate).*method)(info); }, named.name));
  }
  object.Set("attached", Napi::Boolean::New(env, gate->attached));
  object.Set("same", Napi::Boolean::New(env, gate->same));
  auto* handle = new std::shared_ptr<Gate>(gate);
  auto drop = [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<Gate>*>(data); };
  if (napi_wrap(env, object, handle, drop, nullptr, nullptr) != napi_ok) {
    delete handle;
    return ThrowErrno(env, ENOMEM, "a gate");
  }
  if (napi_type_tag_object(env, object, &kTag) != napi_ok) return ThrowErrno(env, ENOMEM, "a gate");
  return object;
}

Gate* Gate::Of(const Napi::Object& object) {
  bool tagged = false;
  void* handle = nullptr;
  if (napi_check_object_type_tag(object.Env(), object, &kTag, &tagged) == napi_ok && tagged &&
      napi_unwrap(object.Env(), object, &handle) == napi_ok)
    return static_cast<std::shared_ptr<Gate>*>(handle)->get();
  ThrowErrno(object.Env(), EINVAL, "a gate of load(), adopt() or openTrial() is needed");
  return nullptr;
}

bool Gate::Closed(Napi::Env env, const std::string& operation) const {
  if (closed) ThrowErrno(env, EBADF, operation + ": the gate is closed");
  return closed;
}

bool Gate::Keep(Fd* program, int fd) {
  *program = Fd(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  return static_cast<bool>(*program);
}

bool Gate::Keep(const std::string& map, int fd) { return Keep(&maps[map], fd); }

int Gate::Map(Napi::Env env, const std::string& name) const {
  if (Closed(env, "map " + name)) return -1;
  auto found = maps.find(name);
  if (found == maps.end()) {
    ThrowErrno(env, ENOENT, "map " + name);
    return -1;
  }
  return found->second.get();
}

Napi::Value Gate::Programs(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (Closed(env, "list the programs")) return env.Undefined();
  Napi::Array programs = Napi::Array::New(env);
  if (directory.empty()) return programs;
  uint32_t count = 0;
  for (const std::string& name : ListPins(directory + "/progs")) {
    const std::string pin = directory + "/progs/" + name;
    Fd loaded(bpf_obj_get(pin.c_str()));
    bpf_prog_info facts{};
    uint32_t length = sizeof(facts);
    if (!loaded || bpf_obj_get_info_by_fd(loaded.get(), &facts, &length) != 0) return ThrowErrno(env, errno, pin);
    // Those that take in who runs already are attached for a while; what they missed nobody judged either.
    if (facts.type != BPF_PROG_TYPE_LSM && facts.recursion_misses == 0) continue;
    Napi::Object program = Napi::Object::New(env);
    program.Set("name", Napi::String::New(env, name));
    program.Set("recursionMisses", Napi::Number::New(env, static_cast<double>(facts.recursion_misses)));
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
