// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_ERROR_H
#define CALLGATE_ADDON_ERROR_H
#include <napi.h>
#include <string>

// An Error with `code` (the errno's name) and `operation`, as src/kernel/addon.ts promises.
Napi::Error NativeError(Napi::Env env, int number, const std::string& operation);

// Throws it as the pending JavaScript exception; the caller returns at once. Returns undefined for that.
Napi::Value ThrowErrno(Napi::Env env, int number, const std::string& operation);

// The same with `verifier`, its last useful line. `number` may be negative, as libbpf gives it.
Napi::Value ThrowVerifier(Napi::Env env, int number, const std::string& operation, const std::string& line);

// The name of an errno, such as "ENOENT"; "E<number>" for one without a name.
std::string ErrnoName(int number);

#endif
