// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_LAUNCH_H
#define CALLGATE_ADDON_LAUNCH_H
#include <napi.h>

// Is this a child of hold() that its own wait() reaps?
bool IsHeld(Napi::Env env, int pid);

// The O_PATH descriptor of the program that the held child with this pidfd will run; -1 where it holds none.
int HeldProgram(Napi::Env env, int pidfd);

void RegisterLaunch(Napi::Env env, Napi::Object exports);

#endif
