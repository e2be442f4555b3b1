// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_PROBE_H
#define CALLGATE_ADDON_PROBE_H
#include <napi.h>

void RegisterProbe(Napi::Env env, Napi::Object exports);

#endif
