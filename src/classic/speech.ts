// SPDX-License-Identifier: GPL-2.0-only
/**
 * What systrace says to the person: on standard error until it has gone to the background, then into the log. In the background it
 * keeps no descriptor of the caller's, or whoever reads the program's output to its end would wait for it.
 */
import { closeSync, openSync } from 'node:fs';
import { plain } from '../host/plain.js';
import type { Addon } from '../kernel/addon.js';
import { bytesOf } from '../policy/bytes.js';
import type { Outlet } from './outlet.js';

export class Speech {
  readonly #addon: Addon;
  readonly #outlet: Outlet;
  /** -e: standard error is the log, and stays. */
  readonly #keepsStderr: boolean;
  #gone = false;

  constructor(addon: Addon, outlet: Outlet, keepsStderr: boolean) {
    this.#addon = addon;
    this.#outlet = outlet;
    this.#keepsStderr = keepsStderr;
  }

  readonly say = (line: string): void => {
    const shown = plain(line);
    if (this.#gone) {
      for (const one of shown.split('\n')) this.#outlet.say(bytesOf(one));
      return;
    }
    try {
      this.#addon.writeUnstopped(2, Buffer.from(`systrace: ${shown}\n`));
    } catch {
      // A person that is gone, or reads nothing, hears nothing.
    }
  };

  /** Lets go of the terminal, or of whatever the caller gave. */
  goToBackground(): void {
    if (this.#gone) return;
    this.#gone = true;
    const standard = this.#keepsStderr ? [0, 1] : [0, 1, 2];
    for (const fd of standard) close(fd);
    // The lowest that is free, one after the other.
    for (const _ of standard) openSync('/dev/null', 'r+');
  }
}

function close(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // It was never open.
  }
}
