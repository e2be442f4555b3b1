// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a program is given by the one that starts it: the conditions that are tried, and what test/vm/programs/surroundings.c
 * tells of each. The same conditions hold natively and under callgate, and so must what is told.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PROGRAMS = fileURLToPath(new URL('../../../out/test/', import.meta.url));
export const BEGIN = `${PROGRAMS}begin`;
export const SURROUNDINGS = `${PROGRAMS}surroundings`;

/** Words that a command line must not lose, move or take for callgate's own. */
const WORDS = ['a', 'b', 'a', '-x', '1', '-x', '2', '--', '--json', '', '--policies', 'é'];

/** Conditions of begin.c, by what is tried. */
export function conditionsIn(folder: string): Readonly<Record<string, readonly string[]>> {
  return {
    'nothing of its own': [],
    'closed standard input': ['close', '0'],
    'no standard descriptor': ['close', '0', 'close', '1', 'close', '2'],
    'standard output alone': ['close', '0', 'close', '2'],
    'descriptors above 2': [
      ...['open', '3', `${folder}/three`, 'pipe', '4', 'socket', '9', 'lock', '17', `${folder}/lock`],
      ...['open', '200', `${folder}/two-hundred`],
    ],
    'ignored signals': ['ignore', '1', 'ignore', '2', 'ignore', '3', 'ignore', '13', 'ignore', '17', 'ignore', '40'],
    'blocked signals, one of them waiting': ['block', '10', 'block', '15', 'block', '45', 'pend', '12', 'pend', '1'],
    'bytes that are no text': ['bytes'],
    'a folder that was removed': ['gone'],
    'a folder whose name is no text': ['odd', folder],
    'few descriptors': ['limit', '7', '64'],
    'no room for another descriptor': ['limit', '7', '4'],
    'little memory, short files, a small stack': [
      'limit',
      '9',
      '200000000',
      'limit',
      '1',
      '1000000',
      'limit',
      '3',
      '262144',
    ],
    'a mask, a rank and a class': ['umask', '077', 'nice', '5', 'plain', 'oom', '300', 'slack', '70000'],
    'a scheduling that no child is to have': ['batch'],
    'what ends with the fork': ['alarm', '10000', 'death', '10', 'reaper'],
    'no new privileges': ['keep'],
    'a session of its own': ['session'],
    'the foreground of a terminal': ['foreground'],
    'the background of a terminal': ['background'],
    'a socket of the service manager': ['listen'],
  };
}

/** What the program told, and how it was to end with; its own number and that of the one that became callgate are SELF. */
export interface Told {
  readonly status: number | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

/**
 * Starts the program.
 *
 * @param before what stands before it on the command line: none, or callgate
 */
export function told(
  folder: string,
  conditions: readonly string[],
  before: readonly string[],
  program = SURROUNDINGS,
): Told {
  const [out, pid] = [`${folder}/out`, `${folder}/pid`];
  rmSync(out, { force: true });
  const line = [pid, ...conditions, '--', ...before, program, out, ...WORDS];
  const { status, stderr } = spawnSync(BEGIN, line, { encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL' });
  let text = '';
  try {
    text = readFileSync(out, 'utf8');
  } catch {
    // It was not run: the status says so.
  }
  const numbers = [readFileSync(pid, 'utf8'), /^self (\d+)$/m.exec(text)?.[1]];
  // The leader of a new session is another in each run; that it is one is told by its number standing twice.
  const leader =
    conditions.includes('foreground') || conditions.includes('background') ? /session (\d+)/.exec(text)?.[1] : '';
  const lines = text
    .split('\n')
    // A folder that is made anew has another inode each time.
    .filter((each) => !(conditions.includes('gone') && each.startsWith('folder-inode')))
    .map((each) =>
      each.replace(/\d+/g, (digits) => (numbers.includes(digits) ? 'SELF' : digits === leader ? 'LEADER' : digits)),
    );
  return { status, lines, stderr };
}
