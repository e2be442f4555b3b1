// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_LOAD_H
#define CALLGATE_ADDON_LOAD_H
#include <napi.h>

// load(): the object through the verifier, everything pinned, its hooks attached (pins.h).
void RegisterLoad(Napi::Env env, Napi::Object exports);

#endif
