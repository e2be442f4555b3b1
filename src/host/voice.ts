// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a supervisor says to the person, on standard error: never waiting, for the other end may be held by whoever is
 * confined (a pipe that nobody reads, a terminal that Ctrl-S stopped). What cannot be said is kept within bounds, and counted.
 */
import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import type { Addon } from '../kernel/addon.js';
import { codeOf } from './failure.js';
import { plain } from './plain.js';
import { statFields } from './proc-stat.js';

/** Lines that wait at most. */
const LINES_MOST = 1000;
/** How often a stopped terminal is tried again, and how long at the end. */
const AGAIN_MS = 50;
const FAREWELL_MS = 1000;

export class Voice {
  /** A terminal that may be the program's too: whatever is said while the program runs is written into what it draws. */
  readonly shared: boolean;
  readonly #addon: Addon;
  /** A description of our own, so that O_NONBLOCK is nobody else's; or the given one, where there can be none. */
  readonly #fd: number;
  readonly #owned: boolean;
  readonly #most: number;
  #waiting: Buffer[] = [];
  #holding = false;
  #unsaid = 0;
  #timer: NodeJS.Timeout | null = null;

  /**
   * @param fd standard error
   * @param most lines that wait
   */
  constructor(addon: Addon, fd = 2, most = LINES_MOST) {
    this.#addon = addon;
    this.#most = most;
    const stat = fstatSync(fd);
    const own = stat.isCharacterDevice() || stat.isFIFO() ? openAgain(fd) : null;
    this.#fd = own ?? fd;
    this.#owned = own !== null;
    this.shared = isControllingTerminal(stat);
  }

  /** Lines that could not be said. */
  get unsaid(): number {
    return this.#unsaid;
  }

  /** Says a line; later, where it cannot be said now. */
  say(line: string): void {
    if (this.#waiting.length >= this.#most) this.#unsaid++;
    else this.#waiting.push(Buffer.from(plain(`callgate: ${line}\n`)));
    this.#speak();
  }

  /** Says a line at once, or never: it is of no use later. */
  interject(line: string): void {
    this.#write(Buffer.from(plain(`callgate: ${line}\n`)));
  }

  /** Keeps what is said from now on, until `release`. */
  hold(): void {
    this.#holding = true;
  }

  release(): void {
    this.#holding = false;
    this.#speak();
  }

  /** Says what waits, for a second at most, and then how much was not said. */
  async close(): Promise<void> {
    this.release();
    const end = Date.now() + FAREWELL_MS;
    while (this.#waiting.length > 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#unsaid += this.#waiting.length;
    this.#waiting = [];
    this.#tellUnsaid();
    if (this.#owned) closeSync(this.#fd);
  }

  #speak(): void {
    if (this.#holding) return;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const wrote = this.#write(first);
      if (wrote === null) {
        this.#later();
        return;
      }
      // A person that is gone hears nothing any more; the log has it all.
      if (wrote === 0) this.#unsaid++;
      if (wrote === 0 || wrote === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(wrote);
    }
    this.#tellUnsaid();
  }

  /** Bytes that were taken; null: not now; 0: never. */
  #write(bytes: Uint8Array): number | null {
    try {
      return this.#addon.writeUnstopped(this.#fd, bytes);
    } catch (error) {
      const code = codeOf(error);
      return code === 'EAGAIN' || code === 'EINTR' ? null : 0;
    }
  }

  #later(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#speak();
    }, AGAIN_MS).unref();
  }

  #tellUnsaid(): void {
    if (this.#unsaid === 0) return;
    const line = Buffer.from(`callgate: ${this.#unsaid} lines were not shown here; the log has what they told\n`);
    if (this.#write(line) === line.length) this.#unsaid = 0;
  }
}

/** The same terminal or pipe by a description of our own; null where the kernel gives none (a terminal of another user's). */
function openAgain(fd: number): number | null {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return null;
  }
}

/** /dev/tty: whoever opens it means their controlling terminal. */
const DEV_TTY = (5 << 8) | 0;

function isControllingTerminal(stat: Stats): boolean {
  if (!stat.isCharacterDevice()) return false;
  const [, , , , terminal] = statFields('self');
  // tty_nr of proc(5) is the kernel's encoding of a dev_t, as st_rdev is for majors below 4096.
  return terminal !== '0' && (String(stat.rdev) === terminal || stat.rdev === DEV_TTY);
}
