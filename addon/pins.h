// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_PINS_H
#define CALLGATE_ADDON_PINS_H
#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

// The gate's life in a bpffs: load() (load.cc) pins it, adopt() opens the pins, detach() and attach() take its hooks off and
// put them on again, unload() removes all pins.
//
//   <dir>/maps/NAME   <dir>/progs/NAME   <dir>/links/NAME   <dir>/ready   <dir>/groups/NAME (links, while members of a cgroup are taken in)
//   <dir>/calls/NAME (links, while a session is told of system calls)   <dir>/later/NAME (links, once a policy of version 2 is loaded)
//
// `ready` is an array map pinned before the links and unpinned first: {ABI version, number of links}. Without it, or with fewer links
// than it says, the set is incomplete and never adopted, but for one with no link at all: a gate that is kept, and hooked nowhere.
// (Its layout is what other versions read, and stays; what more there is to say stands in a map of its own, kBuild.)
struct Ready {
  uint32_t abi;
  uint32_t links;
};

// A map of one digest (BuildDigest()), pinned among the gate's: which object the programs are of.
constexpr const char* kBuild = "build";

// Of the BPF object that this addon would load.
uint64_t BuildDigest();

// What failed, as an errno and what was tried; 0 where nothing did.
struct Failure {
  int number = 0;
  std::string operation;
};

// Is the program for a hook that policies of version 2 alone need? Until there is one nobody pays for it.
bool IsLater(const std::string& program);

// Hooks every pinned program that is for a hook, but for those of version 2, and pins the links; the count. Where one fails none is left.
Failure AttachPinned(const std::string& directory, uint32_t* count);

// Hooks those of version 2. Nothing is done for those that are hooked; what is not there this kernel does not have.
Failure AttachLater(const std::string& directory);

constexpr long kBpffs = 0xcafe4a11;

// Names in a folder; none where it cannot be read.
std::vector<std::string> ListPins(const std::string& directory);
// Attaches a program and pins its link in <dir>/PART: it stays when this process is gone. Nothing is done where it is there.
Failure PinWatch(const std::string& directory, const char* part, const char* name);
// Takes off all that stands in <dir>/PART.
void RemoveWatches(const std::string& directory, const char* part);
// Removes a whole or a half set; the names of what was removed.
std::vector<std::string> RemovePins(const std::string& directory);

void RegisterPins(Napi::Env env, Napi::Object exports);

#endif
