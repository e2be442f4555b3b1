// SPDX-License-Identifier: GPL-2.0-only
/** What a person at a terminal is shown. */
import { createInterface } from 'node:readline';
import { plain as plainText } from '../host/plain.js';
import type { Attached } from './attached.js';
import { plain } from './plain.js';

/** Shows the questions of a session until it is over or the person leaves. Resolves with whether all could be done. */
export function view(client: Attached): Promise<boolean> {
  return plain(client, { lines: typedLines(), say: sayLine, interactive: true });
}

/** Lines of standard input. */
export function typedLines(): AsyncIterable<string> {
  return createInterface({ input: process.stdin, terminal: false, crlfDelay: Number.POSITIVE_INFINITY });
}

/** A line on standard output; names that others chose are in it. */
export function sayLine(text: string): void {
  process.stdout.write(`${plainText(text)}\n`);
}
