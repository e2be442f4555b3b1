// SPDX-License-Identifier: GPL-2.0-only
#ifndef CALLGATE_ADDON_WATCH_H
#define CALLGATE_ADDON_WATCH_H
#include <napi.h>
#include <uv.h>

// Something with handles on the event loop. It lives until libuv has closed them, which Close() begins: by whoever is done
// with it, or when its environment ends, whichever is first.
class Watch {
 public:
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  // Callable more than once. Nothing of JavaScript is called afterwards.
  virtual void Close() = 0;

 protected:
  explicit Watch(Napi::Env env);
  virtual ~Watch();
  // Null where the environment has none, or is ending.
  uv_loop_t* Loop() const;

  const Napi::Env env_;
};

// Calls a function from the event loop, and then whatever waits for a promise. What it throws becomes the process's
// uncaughtException, as anything that a callback throws. False where it threw or could not be called.
bool CallFromLoop(Napi::Env env, napi_value function, size_t count, const napi_value* arguments);

// Makes a pending exception the process's uncaughtException: nobody below the event loop would meet it.
void TellThrown(Napi::Env env);

// Runs what waits for a promise that was settled just now, before the loop sleeps again.
void Continue(Napi::Env env);

#endif
