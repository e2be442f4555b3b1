// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_PINS_H
#define CALLGATE_ADDON_PINS_H
#include <napi.h>

// load(), adopt() and unload(): the gate's life in a bpffs.
//
//   <dir>/maps/NAME   <dir>/progs/NAME   <dir>/links/NAME   <dir>/ready
//
// `ready` is an array map pinned last and unpinned first: {ABI version, number of links}. Without it, or with fewer links
// than it says, the set is incomplete and never adopted.
void RegisterPins(Napi::Env env, Napi::Object exports);

#endif
