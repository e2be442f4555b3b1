// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_ARGUMENTS_H
#define CALLGATE_ADDON_ARGUMENTS_H
#include <napi.h>

#include <climits>
#include <cstdint>
#include <string>

// Bytes of a Uint8Array. They are JavaScript's: valid until the next call that can run some.
struct Bytes {
  uint8_t* data = nullptr;
  size_t size = 0;
};

// Each is false where the value is no such thing. None of them runs JavaScript.
// A whole number from `from` to `to`: no NaN, no fraction, nothing that would wrap.
bool ReadNumber(const Napi::Value& value, uint32_t from, uint32_t to, uint32_t* number);
// A string without a zero, for the kernel would end it there.
bool ReadText(const Napi::Value& value, std::string* text);
// A Uint8Array (a Buffer is one) whose memory is still there.
bool ReadBytes(const Napi::Value& value, Bytes* bytes);

// A property of an object of options. A getter may run, and throw: false then, with its exception pending.
bool ReadOption(const Napi::Object& options, const char* name, Napi::Value* value);
bool ReadElement(const Napi::Array& array, uint32_t at, Napi::Value* value);

// The arguments of one call, read before anything is done with one of them:
//
//   Arguments arguments(info, "closeFd(fd)");
//   const int fd = arguments.Descriptor(0);
//   if (arguments.Wrong()) return env.Undefined();
class Arguments {
 public:
  // `usage` is for the message.
  Arguments(const Napi::CallbackInfo& info, const char* usage) : info_(info), usage_(usage) {}

  uint32_t Number(size_t at, uint32_t from = 0, uint32_t to = UINT32_MAX);
  int Descriptor(size_t at) { return static_cast<int>(Number(at, 0, INT_MAX)); }
  bool Flag(size_t at);
  // An unsigned number of 64 bits.
  uint64_t Cookie(size_t at);
  std::string Text(size_t at);
  Bytes Memory(size_t at);
  Napi::Object Object(size_t at);
  Napi::Function Function(size_t at);

  // True: one of them is not what was asked for, and EINVAL is pending.
  bool Wrong();

 private:
  void Refuse(size_t at, const std::string& wanted);

  const Napi::CallbackInfo& info_;
  const char* usage_;
  std::string wrong_;
};

#endif
