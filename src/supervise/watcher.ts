// SPDX-License-Identifier: GPL-2.0-only
/**
 * The process that takes the gate's hooks off where this one is killed (launcher/watcher.c), as this one speaks to it: one byte when
 * there will be something to take off, another when there is not any more. Where it is gone itself, the next command does its work.
 */
import { writeSync } from 'node:fs';

const ARMED = 'A';
const DISARMED = 'D';

export class Watcher {
  readonly #fd: number;

  /** @param fd as the launcher gave it; held to the end of this process, by which the watcher knows it */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** To be called before hooks are put on. */
  arm(): void {
    this.#tell(ARMED);
  }

  /** Nothing of this process's is in the gate any more. */
  disarm(): void {
    this.#tell(DISARMED);
  }

  #tell(byte: string): void {
    try {
      writeSync(this.#fd, byte);
    } catch {
      // It was killed. Nobody is told: it is no promise, and nothing is open for want of it.
    }
  }
}
