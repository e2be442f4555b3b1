// SPDX-License-Identifier: GPL-2.0-only
#include "plan.h"

#include <cerrno>
#include <cstring>
#include <linux/filter.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "../launcher/held.h"
#include "arguments.h"
#include "error.h"
#include "fd.h"
#include "filter.h"

namespace {

// More is refused before it is read: the kernel's own limit on their bytes (execve(2)) is far below.
constexpr uint32_t kTexts = 1 << 20;
constexpr uint32_t kGroups = 65536;  // NGROUPS_MAX
constexpr uint32_t kLastId = UINT32_MAX - 1;  // setresuid(2): the last number of all means "as it is"

bool Refuse(Napi::Env env, const std::string& why) {
  ThrowErrno(env, EINVAL, "hold(options): " + why);
  return false;
}

bool IsAbsent(const Napi::Value& value) { return value.IsNull() || value.IsUndefined(); }

bool ToText(const Napi::Value& value, std::string* text) {
  Bytes bytes;
  if (ReadText(value, text)) return true;
  if (!ReadBytes(value, &bytes)) return false;
  text->assign(reinterpret_cast<const char*>(bytes.data), bytes.size);
  return text->find('\0') == std::string::npos;
}

// Each of these is false with a pending exception: of a getter, or EINVAL.
bool Text(const Napi::Object& options, const char* name, std::string* text) {
  Napi::Value value;
  if (!ReadOption(options, name, &value)) return false;
  return ToText(value, text) || Refuse(options.Env(), std::string(name) + " is no text without zeros");
}

bool Elements(const Napi::Object& options, const Napi::Value& value, const char* name, uint32_t most, Napi::Array* array) {
  if (!value.IsArray()) return Refuse(options.Env(), std::string(name) + " is no array");
  *array = value.As<Napi::Array>();
  return array->Length() <= most || Refuse(options.Env(), std::string(name) + " is too long");
}

bool Texts(const Napi::Object& options, const char* name, std::vector<std::string>* texts) {
  Napi::Value value;
  Napi::Array array;
  if (!ReadOption(options, name, &value) || !Elements(options, value, name, kTexts, &array)) return false;
  // A getter may change the array: what it was long is read, and no more.
  for (uint32_t i = 0, length = array.Length(); i < length; i++) {
    Napi::HandleScope scope(options.Env());
    Napi::Value element;
    std::string text;
    if (!ReadElement(array, i, &element)) return false;
    if (!ToText(element, &text)) return Refuse(options.Env(), std::string(name) + " holds what is no text without zeros");
    texts->push_back(std::move(text));
  }
  return true;
}

bool Id(const Napi::Object& options, const char* name, uint32_t bit, uint32_t* set, uint32_t* id) {
  Napi::Value value;
  if (!ReadOption(options, name, &value)) return false;
  if (IsAbsent(value)) return true;
  if (!ReadNumber(value, 0, kLastId, id)) return Refuse(options.Env(), std::string(name) + " is no number of one");
  *set |= bit;
  return true;
}

// What no number of a system call is above: x32 marks its own by a bit, which none here has.
constexpr uint32_t kLastCall = 0x3fffffff;
constexpr uint32_t kLastErrno = 4095;  // MAX_ERRNO
constexpr uint32_t kCalls = 4096;

// The program of `filter: {permit, refused}`, where there is one.
bool FilterOf(Napi::Env env, const Napi::Object& options, std::string* program) {
  Napi::Value value, permit, refused;
  if (!ReadOption(options, "filter", &value)) return false;
  if (IsAbsent(value)) return true;
  if (!value.IsObject()) return Refuse(env, "filter is no filter");
  const Napi::Object given = value.As<Napi::Object>();
  Filter filter;
  Napi::Array array;
  if (!ReadOption(given, "permit", &permit) || !ReadOption(given, "refused", &refused) ||
      !Elements(options, permit, "filter.permit", kCalls, &array))
    return false;
  if (!ReadNumber(refused, 0, kLastErrno, &filter.refused)) return Refuse(env, "filter.refused is no errno");
  for (uint32_t i = 0, length = array.Length(); i < length; i++) {
    Napi::HandleScope scope(env);
    Napi::Value element;
    uint32_t call = 0;
    if (!ReadElement(array, i, &element)) return false;
    if (!ReadNumber(element, 0, kLastCall, &call)) return Refuse(env, "filter.permit holds what is no number of a call");
    filter.permit.push_back(call);
  }
  const int failed = filter.Compile(program);
  if (failed == 0) return true;
  ThrowErrno(env, failed, "make the filter of system calls");
  return false;
}

void Append(std::string* bytes, const std::string& text) { bytes->append(text.c_str(), text.size() + 1); }

}  // namespace

bool Plan::Read(Napi::Env env, const Napi::Object& options) {
  Napi::Value folder_value, groups_value, detached;
  if (!Text(options, "file", &file) || !Texts(options, "argv", &argv) || !Texts(options, "env", &this->env) ||
      !ReadOption(options, "cwd", &folder_value) || !ReadOption(options, "detached", &detached) ||
      !ReadOption(options, "groups", &groups_value) || !Id(options, "gid", HELD_GID, &set, &gid) ||
      !Id(options, "uid", HELD_UID, &set, &uid) || !FilterOf(env, options, &filter))
    return false;
  if (!IsAbsent(folder_value)) {
    if (!ToText(folder_value, &folder)) return Refuse(env, "cwd is no text without zeros");
    set |= HELD_FOLDER;
  }
  if (!IsAbsent(detached)) {
    if (!detached.IsBoolean()) return Refuse(env, "detached is neither true nor false");
    if (detached.As<Napi::Boolean>().Value()) set |= HELD_SESSION;
  }
  if (IsAbsent(groups_value)) return true;
  Napi::Array array;
  if (!Elements(options, groups_value, "groups", kGroups, &array)) return false;
  for (uint32_t i = 0, length = array.Length(); i < length; i++) {
    Napi::Value element;
    uint32_t group = 0;
    if (!ReadElement(array, i, &element)) return false;
    if (!ReadNumber(element, 0, kLastId, &group)) return Refuse(env, "groups holds what is no number of one");
    groups.push_back(group);
  }
  set |= HELD_GROUPS;
  return true;
}

int Plan::Send(int control, Fd* kept) const {
  held_plan head{};
  head.set = set;
  head.uid = uid;
  head.gid = gid;
  head.groups = static_cast<uint32_t>(groups.size());
  head.arguments = static_cast<uint32_t>(argv.size());
  head.variables = static_cast<uint32_t>(env.size());
  head.instructions = static_cast<uint32_t>(filter.size() / sizeof(sock_filter));
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof(head));
  bytes.append(filter);
  bytes.append(reinterpret_cast<const char*>(groups.data()), groups.size() * sizeof(uint32_t));
  if (set & HELD_FOLDER) Append(&bytes, folder);
  Append(&bytes, file);
  for (const std::string& text : argv) Append(&bytes, text);
  for (const std::string& text : env) Append(&bytes, text);

  Fd memory(memfd_create("callgate-plan", MFD_CLOEXEC));
  if (!memory) return errno;
  for (size_t done = 0; done < bytes.size();) {
    ssize_t written = write(memory.get(), bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) done += static_cast<size_t>(written);
  }
  char byte = 'p';
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
  iovec part{&byte, 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof(room);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  int fd = memory.get();
  memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  if (sendmsg(control, &message, MSG_NOSIGNAL) != 1) return errno;
  *kept = std::move(memory);
  return 0;
}
