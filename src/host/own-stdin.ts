// SPDX-License-Identifier: GPL-2.0-only
/** Standard input of one who is not the only one to have it. */
import { constants, createReadStream, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';

interface Receiving {
  duplicate(fd: number): number;
  receiveNow(fd: number, bytes: Uint8Array): number;
}

/**
 * A pipe is opened once more, and a socket is asked whether something is there: so no thread stands in read(2), with which this
 * process would not end before a line comes. Neither changes what others share of it (src/cli/stdio.cts).
 */
export function ownStdin(addon: Receiving): Readable {
  try {
    const stat = fstatSync(0);
    if (stat.isFIFO()) {
      const fd = openSync('/proc/self/fd/0', constants.O_RDONLY | constants.O_NONBLOCK);
      return new Socket({ fd, readable: true, writable: false });
    }
    if (stat.isSocket()) {
      const fd = addon.duplicate(0);
      return new Polled((bytes) => addon.receiveNow(fd, bytes));
    }
    if (stat.isFile()) return createReadStream('', { fd: addon.duplicate(0) });
  } catch {
    // Closed, or of somebody whose pipes cannot be opened: as it is.
  }
  return process.stdin;
}

/** How often a socket is asked: nobody types faster. */
const ASK_MS = 50;

class Polled extends Readable {
  readonly #take: (bytes: Uint8Array) => number;
  #timer: NodeJS.Timeout | null = null;

  constructor(take: (bytes: Uint8Array) => number) {
    super();
    this.#take = take;
  }

  override _read(size: number): void {
    if (this.#timer !== null || this.destroyed) return;
    const bytes = Buffer.alloc(size);
    const got = this.#take(bytes);
    if (got >= 0) this.push(got === 0 ? null : bytes.subarray(0, got));
    else
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this._read(size);
      }, ASK_MS);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    done(error);
  }
}
