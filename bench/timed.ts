// SPDX-License-Identifier: GPL-2.0-only
/** Runs commands and says what they took (bench/timed.c). */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const TIMED = fileURLToPath(new URL('../../out/bench/timed', import.meta.url));

export interface Took {
  /** Microseconds, user and system, of the command and of those it waited for. */
  readonly processor: number;
  /** Microseconds from start to end. */
  readonly wall: number;
  /** KiB. */
  readonly resident: number;
}

/**
 * @param words the command and its words
 * @throws Error where it ends with another status than 0
 */
export function timed(words: readonly string[]): Took {
  // What the caller gives Node (a certificate to load, for one) costs it more than the rest of its start; callgate leaves it out.
  const env = { PATH: process.env.PATH, HOME: process.env.HOME ?? '/root', LANG: 'C.UTF-8' };
  const [took] = readTimed(
    execFileSync(TIMED, words, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] }),
    words.join(' '),
  );
  if (took === undefined) throw new Error(`${words.join(' ')}: nothing was measured`);
  return took;
}

/** What the program said, a line for each time. @throws Error where the command ended with another status than 0 */
export function readTimed(output: string, command = 'the command that is measured'): Took[] {
  return output
    .trim()
    .split('\n')
    .map((line) => {
      const [processor = 0, wall = 0, resident = 0, ended] = line.split(' ').map(Number);
      if (ended !== 0) throw new Error(`${command}: ended with ${ended} (${line})`);
      return { processor, wall, resident };
    });
}

/** Each command so many times, in turn, so that what else the machine does falls on all of them alike. */
export function interleaved(commands: readonly (readonly string[])[], turns: number): Took[][] {
  const took: Took[][] = commands.map(() => []);
  for (let turn = 0; turn < turns; turn++) commands.forEach((words, at) => took[at]?.push(timed(words)));
  return took;
}
