// SPDX-License-Identifier: GPL-2.0-only
#include "filter.h"

#include <seccomp.h>

#include <cerrno>
#include <linux/filter.h>
#include <memory>
#include <sys/mman.h>
#include <unistd.h>

#include "fd.h"

namespace {

using Context = std::unique_ptr<void, void (*)(scmp_filter_ctx)>;

// libseccomp says errnos as negative numbers.
int Made(const Filter& filter, int memory) {
  const uint32_t refuse = filter.refused == 0 ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(filter.refused);
  const Context context(seccomp_init(refuse), seccomp_release);
  if (!context) return -ENOMEM;
  // i386 and x32: what they call gets what any other call gets.
  if (int failed = seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, refuse)) return failed;
  // As a tree, not one comparison after another: the program pays for each.
  if (int failed = seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2)) return failed;
  for (uint32_t call : filter.permit)
    if (int failed = seccomp_rule_add(context.get(), SCMP_ACT_ALLOW, static_cast<int>(call), 0)) return failed;
  return seccomp_export_bpf(context.get(), memory);
}

}  // namespace

int Filter::Compile(std::string* program) const {
  const Fd memory(memfd_create("callgate-filter", MFD_CLOEXEC));
  if (!memory) return errno;
  if (int failed = Made(*this, memory.get())) return failed < 0 ? -failed : failed;
  const off_t length = lseek(memory.get(), 0, SEEK_END);
  if (length <= 0 || length % sizeof(sock_filter) != 0 || length / sizeof(sock_filter) > BPF_MAXINSNS) return E2BIG;
  program->resize(static_cast<size_t>(length));
  return pread(memory.get(), program->data(), program->size(), 0) == length ? 0 : EIO;
}
