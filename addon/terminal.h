// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_TERMINAL_H
#define CALLGATE_ADDON_TERMINAL_H
#include <napi.h>

void RegisterTerminal(Napi::Env env, Napi::Object exports);

#endif
