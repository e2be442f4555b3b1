// SPDX-License-Identifier: GPL-2.0-only
/** When a log may have more: its folder says so, and now and then it is looked anyway. */
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';

/** Whether a session is over is in no folder of its log. */
const LOOK_MS = 1000;

export class Changes {
  readonly #watcher: FSWatcher;
  #changed = false;
  #wake: () => void = () => undefined;

  constructor(file: string) {
    this.#watcher = watch(dirname(file), (_event, name) => {
      // A rotation moves others of its name too.
      if (name !== null && !name.startsWith(basename(file))) return;
      this.#changed = true;
      this.#wake();
    });
    // The folder may go; then it is looked now and then.
    this.#watcher.on('error', () => undefined);
  }

  /** Resolves with the next change, at the latest when it is time to look. */
  async next(stop: AbortSignal): Promise<void> {
    if (this.#changed) {
      this.#changed = false;
      return;
    }
    const done = new AbortController();
    const signal = AbortSignal.any([stop, done.signal]);
    await Promise.race([
      after(LOOK_MS, undefined, { signal }).catch(() => undefined),
      new Promise<void>((resolve) => {
        this.#wake = resolve;
      }),
    ]);
    done.abort();
    this.#changed = false;
  }

  close(): void {
    this.#watcher.close();
  }
}
