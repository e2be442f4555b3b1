// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_SUBJECT_H
#define CALLGATE_ADDON_SUBJECT_H
#include <napi.h>

void RegisterSubject(Napi::Env env, Napi::Object exports);

#endif
