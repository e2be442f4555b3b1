// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_GATE_H
#define CALLGATE_ADDON_GATE_H
#include <napi.h>

#include <map>
#include <string>

#include "fd.h"

// A gate as JavaScript holds it: descriptors of its maps and of the programs that are called. What is pinned lives on when
// this is closed.
class Gate : public Napi::ObjectWrap<Gate> {
 public:
  static void Register(Napi::Env env, Napi::Object exports);
  explicit Gate(const Napi::CallbackInfo& info);

  // The map's descriptor, or -1 with a pending exception (ENOENT, or EBADF after close()).
  int Map(Napi::Env env, const std::string& name) const;

  // What the kernel knows the file of one of our descriptors as; 0, or an errno.
  int Identify(int fd, struct cg_identity* identity) const;

  std::map<std::string, Fd> maps;
  Fd list_subjects, identify, end_session;
  Fd trial;  // of openTrial() alone
  std::string directory;  // empty: not pinned
  bool closed = false;

 private:
  // maps.cc
  Napi::Value DescribeMap(const Napi::CallbackInfo& info);
  Napi::Value Lookup(const Napi::CallbackInfo& info);
  Napi::Value Update(const Napi::CallbackInfo& info);
  Napi::Value Remove(const Napi::CallbackInfo& info);
  Napi::Value Keys(const Napi::CallbackInfo& info);
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
  Napi::Value MarkProcess(const Napi::CallbackInfo& info);
  Napi::Value IdentifyFd(const Napi::CallbackInfo& info);
  // trial.cc
  Napi::Value Trial(const Napi::CallbackInfo& info);
  Napi::Value Trials(const Napi::CallbackInfo& info);
  // gate.cc
  Napi::Value Programs(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  bool RunTrial(Napi::Env env, uint8_t* trial);
  Napi::Value RemoveInner(const Napi::CallbackInfo& info, const std::string& outer, uint32_t index);
  // A descriptor of the inner map at `index` of `outer`; -1 with errno.
  int Inner(int outer, uint32_t index) const;
};

#endif
