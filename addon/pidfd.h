// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_PIDFD_H
#define CALLGATE_ADDON_PIDFD_H
#include <napi.h>

void RegisterPidfd(Napi::Env env, Napi::Object exports);

#endif
