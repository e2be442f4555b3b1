// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_LOCK_H
#define CALLGATE_ADDON_LOCK_H
#include <napi.h>

void RegisterLock(Napi::Env env, Napi::Object exports);

#endif
