// SPDX-License-Identifier: GPL-2.0-only
// Tasks under policies: making one a subject, and listing those there are.
#include "subject.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <unistd.h>
#include <vector>

#include "abi/abi.h"
#include "error.h"
#include "gate.h"
#include "launch.h"

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
  if (info.Length() < 1 || !info[0].IsNumber()) return ThrowErrno(env, EINVAL, "identify(fd)");
  if (closed) return ThrowErrno(env, EBADF, "identify: the gate is closed");
  cg_identity identity{};
  if (int failed = Identify(info[0].As<Napi::Number>().Int32Value(), &identity))
    return ThrowErrno(env, failed, "identify a descriptor");
  Napi::Object result = Napi::Object::New(env);
  result.Set("device", Napi::Number::New(env, identity.device));
  result.Set("inode", Napi::BigInt::New(env, static_cast<uint64_t>(identity.inode)));
  return result;
}

Napi::Value Gate::MarkProcess(const Napi::CallbackInfo& info) {
  return ThrowErrno(info.Env(), ENOSYS, "making a running process a subject is not built yet");
}

namespace {

Napi::Value Mark(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() < 3 || !info[0].IsObject() || !info[1].IsNumber() || !info[2].IsTypedArray())
    return ThrowErrno(env, EINVAL, "mark(gate, pidfd, subject)");
  Gate* gate = Gate::Unwrap(info[0].As<Napi::Object>());
  Napi::Uint8Array subject = info[2].As<Napi::Uint8Array>();
  if (subject.ByteLength() != sizeof(cg_subject)) return ThrowErrno(env, EINVAL, "mark: a struct cg_subject");
  int map = gate->Map(env, "subjects");
  if (map < 0) return env.Undefined();
  int pidfd = info[1].As<Napi::Number>().Int32Value();
  cg_subject value;
  memcpy(&value, subject.Data(), sizeof(value));
  // An armed task is held to the very file that its launcher opened, by the kernel's own name for it.
  int program = HeldProgram(info.Env(), pidfd);
  if ((value.flags & CG_SUBJECT_ARMED) != 0 && program >= 0) {
    cg_identity identity{};
    if (int failed = gate->Identify(program, &identity)) return ThrowErrno(env, failed, "identify the program");
    value.armed_device = identity.device;
    value.armed_inode = identity.inode;
  }
  if (bpf_map_update_elem(map, &pidfd, &value, 0) != 0) return ThrowErrno(env, errno, "make the task a subject");
  return env.Undefined();
}

}  // namespace

void RegisterSubject(Napi::Env env, Napi::Object exports) { exports.Set("mark", Napi::Function::New(env, Mark)); }
