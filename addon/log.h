// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_LOG_H
#define CALLGATE_ADDON_LOG_H
#include <string>

// What libbpf says on this thread while one of these lives; the verifier's log comes this way too. libbpf has one printer
// for the whole process: it is set once, and hands on to the one of the thread that it is called on.
class LibbpfLog {
 public:
  LibbpfLog();
  ~LibbpfLog();
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;

  // The last line of the verifier that says why; its statistics come after that and help nobody.
  std::string LastUsefulLine() const;

  // The program that was refused, as libbpf names it; empty where none was.
  std::string RefusedProgram() const;

  std::string said;

 private:
  LibbpfLog* before_;
};

#endif
