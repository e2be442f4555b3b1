// SPDX-License-Identifier: GPL-2.0-only
/** Lines of a person, or of what stands in a person's place. */
import { constants, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { Host } from '../host/host.js';
import { plain as plainText } from '../host/plain.js';

type Addon = Host['addon'];

/** Lines of standard input. To be read to their end, or let go by closing what is returned. */
export function typedLines(addon: Pick<Addon, 'receiveNow'>): TypedLines {
  const input = ownStdin(addon);
  const lines = createInterface({ input, terminal: false, crlfDelay: Number.POSITIVE_INFINITY });
  return {
    [Symbol.asyncIterator]: () => lines[Symbol.asyncIterator](),
    close: () => {
      lines.close();
      input.destroy();
    },
  };
}

export interface TypedLines extends AsyncIterable<string> {
  close(): void;
}

/**
 * A pipe is opened once more, and a socket is asked whether something is there: so no thread stands in read(2), with which this
 * process would not end before a line comes. Neither changes what others share of it (src/cli/stdio.cts).
 */
function ownStdin(addon: Pick<Addon, 'receiveNow'>): Readable {
  try {
    const stat = fstatSync(0);
    if (stat.isFIFO()) {
      const fd = openSync('/proc/self/fd/0', constants.O_RDONLY | constants.O_NONBLOCK);
      return new Socket({ fd, readable: true, writable: false });
    }
    if (stat.isSocket()) return new Polled((bytes) => addon.receiveNow(0, bytes));
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

/** A line on standard output; names that others chose are in it. */
export function sayLine(text: string): void {
  process.stdout.write(`${plainText(text)}\n`);
}
