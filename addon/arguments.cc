// SPDX-License-Identifier: GPL-2.0-only
#include "arguments.h"

#include <cerrno>
#include <cmath>

#include "error.h"

bool ReadNumber(const Napi::Value& value, uint32_t from, uint32_t to, uint32_t* number) {
  if (!value.IsNumber()) return false;
  const double given = value.As<Napi::Number>().DoubleValue();
  if (!(given >= from && given <= to) || given != std::floor(given)) return false;
  *number = static_cast<uint32_t>(given);
  return true;
}

bool ReadText(const Napi::Value& value, std::string* text) {
  if (!value.IsString()) return false;
  *text = value.As<Napi::String>().Utf8Value();
  return text->find('\0') == std::string::npos;
}

bool ReadBytes(const Napi::Value& value, Bytes* bytes) {
  if (!value.IsTypedArray()) return false;
  napi_typedarray_type type;
  napi_value buffer;
  void* data = nullptr;
  size_t length = 0, offset = 0;
  if (napi_get_typedarray_info(value.Env(), value, &type, &length, &data, &buffer, &offset) != napi_ok) return false;
  bool detached = false;
  if (type != napi_uint8_array || napi_is_detached_arraybuffer(value.Env(), buffer, &detached) != napi_ok || detached)
    return false;
  *bytes = {static_cast<uint8_t*>(data), length};
  return true;
}

bool ReadOption(const Napi::Object& options, const char* name, Napi::Value* value) {
  napi_value found = nullptr;
  if (napi_get_named_property(options.Env(), options, name, &found) != napi_ok) return false;
  *value = Napi::Value(options.Env(), found);
  return true;
}

bool ReadElement(const Napi::Array& array, uint32_t at, Napi::Value* value) {
  napi_value found = nullptr;
  if (napi_get_element(array.Env(), array, at, &found) != napi_ok) return false;
  *value = Napi::Value(array.Env(), found);
  return true;
}

void Arguments::Refuse(size_t at, const std::string& wanted) {
  if (wrong_.empty()) wrong_ = std::string(usage_) + ": argument " + std::to_string(at + 1) + " must be " + wanted;
}

uint32_t Arguments::Number(size_t at, uint32_t from, uint32_t to) {
  uint32_t number = from;
  if (!ReadNumber(info_[at], from, to, &number))
    Refuse(at, "a whole number from " + std::to_string(from) + " to " + std::to_string(to));
  return number;
}

bool Arguments::Flag(size_t at) {
  if (info_[at].IsBoolean()) return info_[at].As<Napi::Boolean>().Value();
  Refuse(at, "true or false");
  return false;
}

uint64_t Arguments::Cookie(size_t at) {
  uint64_t number = 0;
  bool lossless = false;
  if (info_[at].IsBigInt()) number = info_[at].As<Napi::BigInt>().Uint64Value(&lossless);
  if (!lossless) Refuse(at, "an unsigned BigInt of 64 bits");
  return number;
}

std::string Arguments::Text(size_t at) {
  std::string text;
  if (!ReadText(info_[at], &text)) Refuse(at, "a string without zeros");
  return text;
}

Bytes Arguments::Memory(size_t at) {
  Bytes bytes;
  if (!ReadBytes(info_[at], &bytes)) Refuse(at, "a Uint8Array that is not detached");
  return bytes;
}

Napi::Object Arguments::Object(size_t at) {
  if (info_[at].IsObject()) return info_[at].As<Napi::Object>();
  Refuse(at, "an object");
  return Napi::Object();
}

Napi::Function Arguments::Function(size_t at) {
  if (info_[at].IsFunction()) return info_[at].As<Napi::Function>();
  Refuse(at, "a function");
  return Napi::Function();
}

bool Arguments::Wrong() {
  if (wrong_.empty()) return false;
  ThrowErrno(info_.Env(), EINVAL, wrong_);
  return true;
}
