// SPDX-License-Identifier: GPL-2.0-only
#include "plan.h"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../launcher/held.h"
#include "error.h"
#include "fd.h"

namespace {

bool ReadText(const Napi::Value& value, std::string* text) {
  if (value.IsString()) {
    *text = value.As<Napi::String>().Utf8Value();
  } else if (value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array) {
    Napi::Uint8Array bytes = value.As<Napi::Uint8Array>();
    text->assign(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength());
  } else {
    return false;
  }
  return text->find('\0') == std::string::npos;
}

bool ReadTexts(const Napi::Value& value, std::vector<std::string>* texts) {
  if (!value.IsArray()) return false;
  Napi::Array array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) {
    std::string text;
    if (!ReadText(array.Get(i), &text)) return false;
    texts->push_back(std::move(text));
  }
  return true;
}

void Append(std::string* bytes, const std::string& text) { bytes->append(text.c_str(), text.size() + 1); }

}  // namespace

bool Plan::Read(Napi::Env env, const Napi::Object& options) {
  Napi::Value folder_value = options.Get("cwd"), groups_value = options.Get("groups");
  bool stays = folder_value.IsNull() || folder_value.IsUndefined();
  if (!ReadText(options.Get("file"), &file) || (!stays && !ReadText(folder_value, &folder)) ||
      !ReadTexts(options.Get("argv"), &argv) || !ReadTexts(options.Get("env"), &this->env)) {
    ThrowErrno(env, EINVAL, "hold(options): texts without zeros are needed");
    return false;
  }
  if (!stays) set |= HELD_FOLDER;
  if (options.Get("detached").ToBoolean()) set |= HELD_SESSION;
  if (groups_value.IsArray()) {
    set |= HELD_GROUPS;
    Napi::Array array = groups_value.As<Napi::Array>();
    for (uint32_t i = 0; i < array.Length(); i++) {
      Napi::Value group = array.Get(i);
      if (!group.IsNumber()) {
        ThrowErrno(env, EINVAL, "hold(options): a group is no number");
        return false;
      }
      groups.push_back(group.As<Napi::Number>().Uint32Value());
    }
  }
  if (options.Get("gid").IsNumber()) {
    set |= HELD_GID;
    gid = options.Get("gid").As<Napi::Number>().Uint32Value();
  }
  if (options.Get("uid").IsNumber()) {
    set |= HELD_UID;
    uid = options.Get("uid").As<Napi::Number>().Uint32Value();
  }
  return true;
}

int Plan::Send(int control) const {
  held_plan head{};
  head.set = set;
  head.uid = uid;
  head.gid = gid;
  head.groups = static_cast<uint32_t>(groups.size());
  head.arguments = static_cast<uint32_t>(argv.size());
  head.variables = static_cast<uint32_t>(env.size());
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof(head));
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
  return sendmsg(control, &message, MSG_NOSIGNAL) == 1 ? 0 : errno;
}
