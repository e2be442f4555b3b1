// SPDX-License-Identifier: GPL-2.0-only
#include "log.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <mutex>

namespace {

constexpr size_t kMost = 32u << 20;

thread_local LibbpfLog* listening = nullptr;

int Listen(enum libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG) return 0;
  if (listening == nullptr) return vfprintf(stderr, format, arguments);
  std::string& said = listening->said;
  if (said.size() > kMost) return 0;
  // The verifier's whole log is one call, and what matters stands at its end.
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(nullptr, 0, format, again);
  va_end(again);
  if (length <= 0) return length;
  size_t before = said.size();
  said.resize(before + length + 1);
  vsnprintf(&said[before], length + 1, format, arguments);
  said.resize(before + length);
  return length;
}

}  // namespace

LibbpfLog::LibbpfLog() : before_(listening) {
  static std::once_flag once;
  std::call_once(once, [] { libbpf_set_print(Listen); });
  listening = this;
}

LibbpfLog::~LibbpfLog() { listening = before_; }

std::string LibbpfLog::LastUsefulLine() const {
  std::string useful;
  size_t at = 0;
  while (at < said.size()) {
    size_t end = said.find('\n', at);
    if (end == std::string::npos) end = said.size();
    std::string line = said.substr(at, end - at);
    at = end + 1;
    if (line.empty() || line.rfind("processed ", 0) == 0 || line.rfind("libbpf: ", 0) == 0 || line.rfind("-- ", 0) == 0 ||
        line.rfind("verification time", 0) == 0 || line.rfind("stack depth", 0) == 0 || line.rfind("mark_precise", 0) == 0)
      continue;
    useful = line;
  }
  return useful;
}

std::string LibbpfLog::RefusedProgram() const {
  size_t end = said.rfind("': failed to load");
  size_t begin = end == std::string::npos ? end : said.rfind('\'', end - 1);
  return begin == std::string::npos ? "" : said.substr(begin + 1, end - begin - 1);
}
