// SPDX-License-Identifier: GPL-2.0-only
/** Lines of a person, or of what stands in a person's place. */
import { createInterface } from 'node:readline';
import { plain as plainText } from '../host/plain.js';

/** Lines of standard input. */
export function typedLines(): AsyncIterable<string> {
  return createInterface({ input: process.stdin, terminal: false, crlfDelay: Number.POSITIVE_INFINITY });
}

/** A line on standard output; names that others chose are in it. */
export function sayLine(text: string): void {
  process.stdout.write(`${plainText(text)}\n`);
}
