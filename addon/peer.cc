// SPDX-License-Identifier: GPL-2.0-only
// Unix sockets, as far as Node has nothing for them: who is at the other end, and those of datagrams.
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>

#include "arguments.h"
#include "error.h"
#include "fd.h"

namespace {

// include/uapi/asm-generic/socket.h, since 6.5; Debian 12's headers do not name it.
constexpr int kPeerPidfd = 77;

// peer(fd) -> {pid, uid} of the process that connected, as it was then. ESRCH where it has ended, a zombie too: its pid may be another's then.
Napi::Value Peer(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "peer(fd)");
  const int fd = arguments.Descriptor(0);
  if (arguments.Wrong()) return env.Undefined();
  ucred peer{};
  socklen_t length = sizeof(peer);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return ThrowErrno(env, errno, "SO_PEERCRED");
  // 0: a process outside of our pid namespace.
  if (peer.pid <= 0) return ThrowErrno(env, ESRCH, "SO_PEERCRED");
  int opened = -1;
  length = sizeof(opened);
  if (getsockopt(fd, SOL_SOCKET, kPeerPidfd, &opened, &length) != 0) {
    if (errno != ENOPROTOOPT) return ThrowErrno(env, errno, "SO_PEERPIDFD");
    opened = static_cast<int>(syscall(SYS_pidfd_open, peer.pid, 0));
    if (opened < 0) return ThrowErrno(env, errno, "pidfd_open");
  }
  Fd pidfd(opened);
  pollfd ended{pidfd.get(), POLLIN, 0};
  const int ready = poll(&ended, 1, 0);
  if (ready < 0) return ThrowErrno(env, errno, "poll pidfd");
  if (ready > 0) return ThrowErrno(env, ESRCH, "peer");
  Napi::Object result = Napi::Object::New(env);
  result.Set("pid", Napi::Number::New(env, peer.pid));
  result.Set("uid", Napi::Number::New(env, peer.uid));
  return result;
}

// connectDatagram(path) -> descriptor of a datagram socket that is connected to the path (syslog(3): /dev/log).
Napi::Value ConnectDatagram(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "connectDatagram(path)");
  const std::string path = arguments.Text(0);
  if (arguments.Wrong()) return env.Undefined();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return ThrowErrno(env, ENAMETOOLONG, "connect " + path);
  path.copy(address.sun_path, path.size());
  Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return ThrowErrno(env, errno, "socket");
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return ThrowErrno(env, errno, "connect " + path);
  return Napi::Number::New(env, fd.take());
}

// sendMemory(fd, bytes): what is too long for a datagram, as journald takes it (JOURNAL_NATIVE_PROTOCOL): a sealed memfd with the bytes, and a
// datagram with nothing in it but that. Never waits.
Napi::Value SendMemory(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "sendMemory(fd, bytes)");
  const int fd = arguments.Descriptor(0);
  const Bytes bytes = arguments.Memory(1);
  if (arguments.Wrong()) return env.Undefined();
  Fd memory(memfd_create("callgate-export", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) return ThrowErrno(env, errno, "memfd_create");
  for (size_t done = 0; done < bytes.size;) {
    const ssize_t wrote = write(memory.get(), bytes.data + done, bytes.size - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return ThrowErrno(env, errno, "write memfd");
    done += static_cast<size_t>(wrote);
  }
  if (fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    return ThrowErrno(env, errno, "F_ADD_SEALS");
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  const int descriptor = memory.get();
  memcpy(CMSG_DATA(head), &descriptor, sizeof(descriptor));
  if (sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return ThrowErrno(env, errno, "sendmsg");
  return env.Undefined();
}

// receiveNow(fd, bytes) -> bytes that were there; 0: the end; -1: there are none now. ENOTSOCK: it is no socket.
Napi::Value ReceiveNow(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Arguments arguments(info, "receiveNow(fd, bytes)");
  const int fd = arguments.Descriptor(0);
  const Bytes bytes = arguments.Memory(1);
  if (arguments.Wrong()) return env.Undefined();
  const ssize_t got = recv(fd, bytes.data, bytes.size, MSG_DONTWAIT);
  if (got < 0 && errno != EAGAIN && errno != EINTR) return ThrowErrno(env, errno, "recv");
  return Napi::Number::New(env, static_cast<double>(got));
}

}  // namespace

void RegisterPeer(Napi::Env env, Napi::Object exports) {
  exports.Set("peer", Napi::Function::New(env, Peer));
  exports.Set("receiveNow", Napi::Function::New(env, ReceiveNow));
  exports.Set("sendMemory", Napi::Function::New(env, SendMemory));
  exports.Set("connectDatagram", Napi::Function::New(env, ConnectDatagram));
}
