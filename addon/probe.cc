// SPDX-License-Identifier: GPL-2.0-only
// What this kernel can do, found by doing it. Each answer is yes, no with the reason, or unknown with the reason: what
// cannot be tried proves nothing. What can be read in files is read by src/host/examine.ts.
#include "probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/seccomp.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"
#include "log.h"

namespace {

struct Answer {
  const char* answer;
  std::string detail;
  // The errno of what was refused; 0: none is the reason.
  int number = 0;
};

Answer Yes(const std::string& detail = "") { return {"yes", detail}; }
Answer No(const std::string& detail, int number = 0) { return {"no", detail, number}; }
Answer Unknown(const std::string& detail) { return {"unknown", detail}; }

std::string Why(int number) { return ErrnoName(number) + " (" + strerror(number) + ")"; }

Answer Btf() {
  if (access("/sys/kernel/btf/vmlinux", R_OK) == 0) return Yes("/sys/kernel/btf/vmlinux");
  return errno == ENOENT ? No("/sys/kernel/btf/vmlinux is not there: the kernel was built without CONFIG_DEBUG_INFO_BTF")
                         : Unknown("/sys/kernel/btf/vmlinux: " + Why(errno));
}

Answer KernelFunction(const char* name, const std::string& missing) {
  if (libbpf_find_vmlinux_btf_id(name, static_cast<bpf_attach_type>(0)) > 0) return Yes();
  return access("/sys/kernel/btf/vmlinux", R_OK) == 0 ? No(missing) : Unknown("no BTF to look in");
}

bpf_insn Instruction(uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm) {
  bpf_insn instruction{};
  instruction.code = code;
  instruction.dst_reg = dst;
  instruction.src_reg = src;
  instruction.off = off;
  instruction.imm = imm;
  return instruction;
}

// Loads an LSM program on file_open that counts the opens of this very thread in `counter` and permits all, attaches it, opens
// /dev/null and looks. Nobody else's opens are touched by more than the counting's comparison.
Answer Fires() {
  int id = libbpf_find_vmlinux_btf_id("bpf_lsm_file_open", static_cast<bpf_attach_type>(0));
  if (id <= 0) return No("bpf_lsm_file_open is not in this kernel's BTF: it was built without CONFIG_BPF_LSM");
  LIBBPF_OPTS(bpf_map_create_opts, map_options);
  Fd counter(bpf_map_create(BPF_MAP_TYPE_ARRAY, "cg_probe", 4, 8, 1, &map_options));
  if (!counter) return errno == EPERM ? Unknown("a BPF map: " + Why(errno)) : No("a BPF map: " + Why(errno));
  int32_t self = static_cast<int32_t>(syscall(SYS_gettid));
  const bpf_insn program[] = {
      Instruction(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_current_pid_tgid),
      Instruction(BPF_ALU | BPF_MOV | BPF_X, 0, 0, 0, 0),  // the thread: low 32 bits
      Instruction(BPF_JMP32 | BPF_JNE | BPF_K, 0, 0, 9, self),
      Instruction(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0),
      Instruction(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0),
      Instruction(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4),
      Instruction(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, counter.get()),
      Instruction(0, 0, 0, 0, 0),
      Instruction(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
      Instruction(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2, 0),
      Instruction(BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1),
      Instruction(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 1, 0, BPF_ADD),
      Instruction(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),
      Instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
  };
  LIBBPF_OPTS(bpf_prog_load_opts, options);
  options.expected_attach_type = BPF_LSM_MAC;
  options.attach_btf_id = static_cast<uint32_t>(id);
  Fd loaded(bpf_prog_load(BPF_PROG_TYPE_LSM, "cg_probe", "GPL", program, sizeof(program) / sizeof(program[0]), &options));
  if (!loaded) return No("the program is refused: " + Why(errno), errno);
  Fd link(bpf_raw_tracepoint_open(nullptr, loaded.get()));
  if (!link) return No("the program cannot be attached: " + Why(errno), errno);
  Fd opened(open("/dev/null", O_RDONLY | O_CLOEXEC));
  uint32_t zero = 0;
  uint64_t count = 0;
  if (bpf_map_lookup_elem(counter.get(), &zero, &count) != 0) return Unknown("the counter: " + Why(errno));
  return count > 0 ? Yes("an open was seen") : No("the program is attached, but an open did not reach it");
}

// Made here and not by libbpf's prober, which takes each error for "there is none".
Answer RingBuffer() {
  LIBBPF_OPTS(bpf_map_create_opts, options);
  Fd map(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "cg_probe", 0, 0, 4096, &options));
  if (map) return Yes();
  return errno == EPERM ? Unknown(Why(errno)) : No(Why(errno));
}

// The prober makes the BTF that its value wants. It says 0 for a refusal too, which is told apart by a map that every kernel has.
Answer TaskStorage() {
  const int probed = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, nullptr);
  if (probed > 0) return Yes();
  if (probed < 0) return Unknown("probe: " + Why(-probed));
  LIBBPF_OPTS(bpf_map_create_opts, options);
  Fd map(bpf_map_create(BPF_MAP_TYPE_ARRAY, "cg_probe", 4, 4, 1, &options));
  return map ? No("this kernel has no such map") : Unknown(Why(errno));
}

Answer Seccomp() {
  uint32_t action = SECCOMP_RET_ERRNO;
  if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0) return Yes();
  return No("seccomp(SECCOMP_RET_ERRNO): " + Why(errno));
}

Napi::Value Probe(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Napi::Object result = Napi::Object::New(env);
  auto put = [&](const char* name, const Answer& answer) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("answer", answer.answer);
    entry.Set("detail", answer.detail);
    if (answer.number != 0) entry.Set("code", ErrnoName(answer.number));
    result.Set(name, entry);
  };
  // What is refused here is the answer, not news for standard error.
  const LibbpfLog unheard;
  put("btf", Btf());
  put("lsm_fires", Fires());
  put("ring_buffer", RingBuffer());
  put("task_storage", TaskStorage());
  put("seccomp", Seccomp());
  put("security_path",
      KernelFunction("bpf_lsm_path_unlink", "the kernel was built without CONFIG_SECURITY_PATH: names cannot be judged"));
  return result;
}

}  // namespace

void RegisterProbe(Napi::Env env, Napi::Object exports) { exports.Set("probe", Napi::Function::New(env, Probe)); }
