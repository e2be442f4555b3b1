// SPDX-License-Identifier: GPL-2.0-only
/** Lines of a person, or of what stands in a person's place. */
import { createInterface } from 'node:readline';
import type { Host } from '../host/host.js';
import { ownStdin } from '../host/own-stdin.js';
import { plain as plainText } from '../host/plain.js';

type Addon = Host['addon'];

/** Lines of standard input. To be read to their end, or let go by closing what is returned. */
export function typedLines(addon: Pick<Addon, 'receiveNow' | 'duplicate'>): TypedLines {
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

/** A line on standard output; names that others chose are in it. */
export function sayLine(text: string): void {
  process.stdout.write(`${plainText(text)}\n`);
}
