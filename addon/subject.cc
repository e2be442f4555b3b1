// SPDX-License-Identifier: GPL-2.0-only
// Tasks under policies: making one a subject, and listing those there are.
#include "subject.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "abi/abi.h"
#include "arguments.h"
#include "error.h"
#include "gate.h"
#include "launch.h"
#include "pass.h"

namespace {

std::vector<cg_task_record> Records(const std::vector<uint8_t>& bytes) {
  std::vector<cg_task_record> records(bytes.size() / sizeof(cg_task_record));
  if (!records.empty()) memcpy(records.data(), bytes.data(), records.size() * sizeof(cg_task_record));
  return records;
}

Napi::Value Listed(Napi::Env env, const std::vector<cg_task_record>& records) {
  return Napi::Buffer<uint8_t>::Copy(env, reinterpret_cast<const uint8_t*>(records.data()),
                                     records.size() * sizeof(cg_task_record));
}

}  // namespace

Napi::Value Gate::Subjects(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "subjects(session)");
  const uint32_t session = arguments.Number(0);
  if (arguments.Wrong() || Closed(env, "list subjects")) return env.Undefined();
  std::vector<uint8_t> bytes;
  if (int failed = Pass(list_subjects.get(), -1, &bytes)) return ThrowErrno(env, failed, "list subjects");
  std::vector<cg_task_record> chosen;
  for (const cg_task_record& record : Records(bytes))
    if (session == 0 || record.session == session) chosen.push_back(record);
  return Listed(env, chosen);
}

// The kernel goes by the number that the pidfd's process has or had: what another process of that number is, the records'
// start tells.
Napi::Value Gate::SubjectsOf(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "subjectsOf(pidfd)");
  const int pidfd = arguments.Descriptor(0);
  if (arguments.Wrong() || Closed(env, "list subjects")) return env.Undefined();
  std::vector<uint8_t> bytes;
  int failed = Pass(list_subjects.get(), pidfd, &bytes);
  // Collected meanwhile: nobody is left of it.
  if (failed == ESRCH) bytes.clear();
  else if (failed != 0) return ThrowErrno(env, failed, "list the subjects of a process");
  return Listed(env, Records(bytes));
}

Napi::Value Gate::EndSession(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "endSession(session, cookie, ending)");
  cg_ending ending{};
  ending.session = arguments.Number(0);
  ending.cookie = arguments.Cookie(1);
  ending.on = arguments.Number(2, CG_FATE_NONE, CG_FATE_LEFT);
  if (arguments.Wrong() || Closed(env, "end a session")) return env.Undefined();
  LIBBPF_OPTS(bpf_test_run_opts, options);
  options.ctx_in = &ending;
  options.ctx_size_in = sizeof(ending);
  if (bpf_prog_test_run_opts(end_session.get(), &options) != 0) return ThrowErrno(env, errno, "end a session");
  return Napi::Boolean::New(env, ending.done != 0);
}

int Gate::Identify(int fd, cg_identity* identity) const {
  *identity = {};
  identity->fd = static_cast<uint32_t>(fd);
  LIBBPF_OPTS(bpf_test_run_opts, options);
  // The kernel copies a syscall program's context back into where it came from.
  options.ctx_in = identity;
  options.ctx_size_in = sizeof(*identity);
  if (bpf_prog_test_run_opts(identify.get(), &options) != 0) return errno;
  return identity->inode == 0 ? EBADF : 0;
}

Napi::Value Gate::IdentifyFd(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "identify(fd)");
  const int fd = arguments.Descriptor(0);
  if (arguments.Wrong() || Closed(env, "identify")) return env.Undefined();
  cg_identity identity{};
  if (int failed = Identify(fd, &identity))
    return ThrowErrno(env, failed, "identify a descriptor");
  Napi::Object result = Napi::Object::New(env);
  result.Set("device", Napi::Number::New(env, identity.device));
  result.Set("inode", Napi::BigInt::New(env, static_cast<uint64_t>(identity.inode)));
  return result;
}

namespace {

constexpr int kPasses = 1000;

Napi::Value Mark(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "mark(gate, pidfd, subject)");
  const Napi::Object object = arguments.Object(0);
  const int pidfd = arguments.Descriptor(1);
  const Bytes subject = arguments.Memory(2);
  if (arguments.Wrong()) return env.Undefined();
  if (subject.size != sizeof(cg_subject)) return ThrowErrno(env, EINVAL, "mark: a struct cg_subject");
  cg_subject value;
  memcpy(&value, subject.data, sizeof(value));
  const Gate* gate = Gate::Of(object);
  const int map = gate == nullptr ? -1 : gate->Map(env, "subjects");
  if (map < 0) return env.Undefined();
  if (value.cookie == 0 || value.counted != 0) return ThrowErrno(env, EINVAL, "mark: a cookie, and not counted yet");
  // An armed task is held to the very file that its launcher opened, by the kernel's own name for it.
  int program = HeldProgram(info.Env(), pidfd);
  if ((value.flags & CG_SUBJECT_ARMED) != 0 && program >= 0) {
    cg_identity identity{};
    if (int failed = gate->Identify(program, &identity)) return ThrowErrno(env, failed, "identify the program");
    value.armed_device = identity.device;
    value.armed_inode = identity.inode;
  }
  if (bpf_map_update_elem(map, &pidfd, &value, BPF_NOEXIST) != 0) return ThrowErrno(env, errno, "make the task a subject");
  // The iterator counts it among the living, and it must be counted before it is let go. (On 6.1 the kernel may have the
  // task's storage out of reach for a moment, then it is not counted in that pass.)
  for (int pass = 0; pass < kPasses; pass++) {
    std::vector<uint8_t> bytes;
    if (int failed = Pass(gate->list_subjects.get(), pidfd, &bytes)) return ThrowErrno(env, failed, "count the subject");
    if (bpf_map_lookup_elem(map, &pidfd, &value) != 0) return ThrowErrno(env, errno, "count the subject");
    if (value.counted != 0) return env.Undefined();
  }
  return ThrowErrno(env, EBUSY, "count the subject");
}

}  // namespace

void RegisterSubject(Napi::Env env, Napi::Object exports) { exports.Set("mark", Napi::Function::New(env, Mark)); }
