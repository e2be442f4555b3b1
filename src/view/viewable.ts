// SPDX-License-Identifier: GPL-2.0-only
/** Whether there is a terminal that the view can be shown on. Apart from it, so that whoever asks does not load it. */
import type { ReadStream, WriteStream } from 'node:tty';

/** The two ends of a terminal. */
export interface Ends {
  readonly input: ReadStream;
  readonly output: WriteStream;
}

/** Why the view cannot be shown here; null: it can. */
export function unviewable(
  { input, output }: Ends = { input: process.stdin, output: process.stdout },
  { TERM: terminal }: NodeJS.ProcessEnv = process.env,
): string | null {
  if (!input.isTTY) return 'standard input is no terminal';
  if (!output.isTTY) return 'standard output is no terminal';
  return terminal === undefined || terminal === '' || terminal === 'dumb'
    ? 'TERM names no terminal with a cursor'
    : null;
}
