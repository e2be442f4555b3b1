// SPDX-License-Identifier: GPL-2.0-only
#include "pass.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <unistd.h>

#include "fd.h"

namespace {

// What one read(2) takes at most: the kernel's own buffer for an iterator (kernel/bpf/bpf_iter.c: PAGE_SIZE << 3).
constexpr size_t kChunk = 32 << 10;

}  // namespace

int Pass(int program, int pidfd, std::vector<uint8_t>* bytes) {
  bpf_iter_link_info which{};
  LIBBPF_OPTS(bpf_link_create_opts, options);
  if (pidfd >= 0) {
    which.task.pid_fd = static_cast<uint32_t>(pidfd);
    options.iter_info = &which;
    options.iter_info_len = sizeof(which);
  }
  Fd link(bpf_link_create(program, 0, BPF_TRACE_ITER, &options));
  if (!link) return errno;
  Fd iterator(bpf_iter_create(link.get()));
  if (!iterator) return errno;
  for (;;) {
    size_t used = bytes->size();
    bytes->resize(used + kChunk);
    ssize_t got = read(iterator.get(), bytes->data() + used, kChunk);
    int failed = errno;
    bytes->resize(used + (got > 0 ? got : 0));
    // EAGAIN: a million tasks without one of ours; the pass goes on where it was.
    if (got < 0 && failed != EAGAIN && failed != EINTR) return failed;
    if (got == 0) return 0;
  }
}
