// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_PINS_H
#define CALLGATE_ADDON_PINS_H
#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

// The gate's life in a bpffs: load() (load.cc) pins it, adopt() opens the pins, unload() removes them.
//
//   <dir>/maps/NAME   <dir>/progs/NAME   <dir>/links/NAME   <dir>/ready
//
// `ready` is an array map pinned last and unpinned first: {ABI version, number of links}. Without it, or with fewer links
// than it says, the set is incomplete and never adopted.
struct Ready {
  uint32_t abi;
  uint32_t links;
};

constexpr long kBpffs = 0xcafe4a11;

// Names in a folder; none where it cannot be read.
std::vector<std::string> ListPins(const std::string& directory);
// Removes a whole or a half set; the names of what was removed.
std::vector<std::string> RemovePins(const std::string& directory);

void RegisterPins(Napi::Env env, Napi::Object exports);

#endif
