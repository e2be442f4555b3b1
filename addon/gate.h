// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_GATE_H
#define CALLGATE_ADDON_GATE_H
#include <napi.h>

#include <map>
#include <memory>
#include <string>

#include "fd.h"

// A gate as JavaScript holds it: descriptors of its maps and of the programs that are called. What is pinned lives on when
// this is closed.
class Gate {
 public:
  // The object that src/kernel/addon.ts calls NativeGate. Its methods hold the gate by themselves, whatever they are called on.
  static Napi::Value ToObject(Napi::Env env, const std::shared_ptr<Gate>& gate);
  // The gate of such an object, known by its type tag; null with EINVAL pending where it is any other.
  static Gate* Of(const Napi::Object& object);

  // The map's descriptor, or -1 with a pending exception (ENOENT, or EBADF after close()).
  int Map(Napi::Env env, const std::string& name) const;
  // True after close(), with EBADF pending.
  bool Closed(Napi::Env env, const std::string& operation) const;
  // Keeps a copy of the descriptor of a map, or a program; false with errno.
  bool Keep(const std::string& map, int fd);
  static bool Keep(Fd* program, int fd);

  // What the kernel knows the file of one of our descriptors as; 0, or an errno.
  int Identify(int fd, struct cg_identity* identity) const;

  std::map<std::string, Fd> maps;
  Fd list_subjects, identify, end_session;
  Fd trial;  // of openTrial() alone
  std::string directory;  // empty: not pinned
  bool attached = false;  // when it was opened: its hooks were on
  bool same = false;      // its programs are those that this addon would load
  bool closed = false;

 private:
  using Method = Napi::Value (Gate::*)(const Napi::CallbackInfo&);
  static const struct Named {
    const char* name;
    Method method;
  } kMethods[];

  // maps.cc
  Napi::Value DescribeMap(const Napi::CallbackInfo& info);
  Napi::Value Lookup(const Napi::CallbackInfo& info);
  Napi::Value Update(const Napi::CallbackInfo& info);
  Napi::Value Remove(const Napi::CallbackInfo& info);
  Napi::Value Keys(const Napi::CallbackInfo& info);
  // inner.cc
  Napi::Value PutImage(const Napi::CallbackInfo& info);
  Napi::Value RemoveImage(const Napi::CallbackInfo& info);
  Napi::Value GetImage(const Napi::CallbackInfo& info);
  Napi::Value PutRing(const Napi::CallbackInfo& info);
  Napi::Value RemoveRing(const Napi::CallbackInfo& info);
  Napi::Value PutSeen(const Napi::CallbackInfo& info);
  Napi::Value RemoveSeen(const Napi::CallbackInfo& info);
  Napi::Value ReadSeen(const Napi::CallbackInfo& info);
  // ring.cc
  Napi::Value OpenRing(const Napi::CallbackInfo& info);
  // subject.cc
  Napi::Value Subjects(const Napi::CallbackInfo& info);
  Napi::Value SubjectsOf(const Napi::CallbackInfo& info);
  Napi::Value EndSession(const Napi::CallbackInfo& info);
  Napi::Value IdentifyFd(const Napi::CallbackInfo& info);
  // entry.cc
  Napi::Value SurveyTasks(const Napi::CallbackInfo& info);
  Napi::Value SurveyOf(const Napi::CallbackInfo& info);
  Napi::Value EnterTasks(const Napi::CallbackInfo& info);
  Napi::Value LeaveTasks(const Napi::CallbackInfo& info);
  Napi::Value WatchGroups(const Napi::CallbackInfo& info);
  Napi::Value UnwatchGroups(const Napi::CallbackInfo& info);
  Napi::Value WatchForks(const Napi::CallbackInfo& info);
  Napi::Value WatchCalls(const Napi::CallbackInfo& info);
  Napi::Value UnwatchCalls(const Napi::CallbackInfo& info);
  // trial.cc
  Napi::Value Trial(const Napi::CallbackInfo& info);
  Napi::Value Trials(const Napi::CallbackInfo& info);
  // pins.cc
  Napi::Value AttachLater(const Napi::CallbackInfo& info);
  // gate.cc
  Napi::Value Programs(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  Napi::Value Walk(Napi::Env env, const char* name, const char* what, int pidfd = -1);
  bool RunTrial(Napi::Env env, uint8_t* trial);
  // A map's descriptor and what the kernel knows of it; -1 with a pending exception.
  int Described(Napi::Env env, const std::string& name, struct bpf_map_info* facts) const;
  // That of a map of maps by number.
  int Outer(Napi::Env env, const std::string& name) const;
  Napi::Value PutInner(Napi::Env env, int outer, uint32_t index, int inner);
  Napi::Value RemoveInner(Napi::Env env, const std::string& outer, uint32_t index);
  // A descriptor of the inner map at `index` of `outer`; -1 with errno.
  int Inner(int outer, uint32_t index) const;
};

#endif
