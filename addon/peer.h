// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_PEER_H
#define CALLGATE_ADDON_PEER_H
#include <napi.h>

void RegisterPeer(Napi::Env env, Napi::Object exports);

#endif
