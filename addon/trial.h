// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_TRIAL_H
#define CALLGATE_ADDON_TRIAL_H
#include <napi.h>

void RegisterTrial(Napi::Env env, Napi::Object exports);

#endif
