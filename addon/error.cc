// SPDX-License-Identifier: GPL-2.0-only
#include "error.h"

#include <cstring>

std::string ErrnoName(int number) {
  const char* name = strerrorname_np(number);
  return name != nullptr ? name : "E" + std::to_string(number);
}

Napi::Error NativeError(Napi::Env env, int number, const std::string& operation) {
  Napi::Error error = Napi::Error::New(env, operation + ": " + strerror(number));
  error.Set("code", Napi::String::New(env, ErrnoName(number)));
  error.Set("operation", Napi::String::New(env, operation));
  return error;
}

Napi::Value ThrowErrno(Napi::Env env, int number, const std::string& operation) {
  NativeError(env, number, operation).ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value ThrowVerifier(Napi::Env env, int number, const std::string& operation, const std::string& line) {
  Napi::Error error = NativeError(env, number < 0 ? -number : number, operation);
  error.Set("verifier", Napi::String::New(env, line));
  error.ThrowAsJavaScriptException();
  return env.Undefined();
}
