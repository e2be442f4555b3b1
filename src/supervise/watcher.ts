// SPDX-License-Identifier: GPL-2.0-only
/**
 * The process that takes the gate's hooks off where this one is killed (launcher/watcher.c), as this one speaks to it: one byte when
 * there will be something to take off, another when there is not any more. Where it is gone itself, the next command does its work.
 */
import { writeSync } from 'node:fs';
import { processStart } from '../host/proc-stat.js';
import type { ProcessState } from '../session/state.js';

const ARMED = 'A';
const DISARMED = 'D';

export class Watcher {
  readonly #fd: number;
  /** As the session's state names it; null: it is gone already. */
  readonly process: ProcessState | null;

  /**
   * @param fd as the launcher gave it; held to the end of this process, by which the watcher knows it
   * @param pid its own
   */
  constructor(fd: number, pid: number) {
    this.#fd = fd;
    const start = processStart(pid);
    this.process = start === null ? null : { pid, start: String(start) };
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
      // It was killed, which the supervisor tells (watched.ts); nothing is open for want of it.
    }
  }
}
