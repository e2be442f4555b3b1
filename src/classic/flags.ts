// SPDX-License-Identifier: GPL-2.0-only
/** The command line of systrace, as getopt(3) read it: flags to the first word that is none, then the program's own words. */

export interface Flags {
  /** -a: what no rule matches is denied. */
  readonly automatic: boolean;
  /** -A: what no rule matches is permitted and becomes a rule. */
  readonly learn: boolean;
  /** -i: who runs another program keeps the policy. */
  readonly inherit: boolean;
  /** -t: questions are asked at the terminal. */
  readonly text: boolean;
  /** -u: rules are by the names of calls, none by those that stand for several. */
  readonly unaliased: boolean;
  /** -U: the policies of the system alone; nothing is written. */
  readonly systemOnly: boolean;
  /** -C: one UI for all that a user runs. */
  readonly cradle: boolean;
  /** -e: what is logged goes to standard error. */
  readonly toStderr: boolean;
  /** -E: and to this file. */
  readonly logFile: string | null;
  /** -c: as whom the program runs, `user:group`. */
  readonly runAs: string | null;
  /** -d: folder of the user's policies. */
  readonly folder: string | null;
  /** -f: a file with more of them. */
  readonly file: string | null;
  /** -g: another GUI. */
  readonly gui: string | null;
  /** -p: a program that runs already. */
  readonly pid: number | null;
  /** -V */
  readonly version: boolean;
}

/** What is wrong with a command line, in a line. The usage stands behind it. */
export class UsageError extends Error {}

/** As systrace printed it. */
export const USAGE = `Usage: systrace [-AaCeitUuV] [-c user:group] [-d policydir] [-E logfile]
\t [-f file] [-g gui] [-p pid] command ...`;

const BOOLEAN: Readonly<Record<string, keyof Flags>> = {
  a: 'automatic',
  A: 'learn',
  i: 'inherit',
  t: 'text',
  u: 'unaliased',
  U: 'systemOnly',
  C: 'cradle',
  e: 'toStderr',
  V: 'version',
};
const WITH_VALUE: Readonly<Record<string, keyof Flags>> = {
  E: 'logFile',
  c: 'runAs',
  d: 'folder',
  f: 'file',
  g: 'gui',
  p: 'pid',
};

const NONE: Flags = {
  automatic: false,
  learn: false,
  inherit: false,
  text: false,
  unaliased: false,
  systemOnly: false,
  cradle: false,
  toStderr: false,
  logFile: null,
  runAs: null,
  folder: null,
  file: null,
  gui: null,
  pid: null,
  version: false,
};

/**
 * Reads the words behind `systrace`. launcher/callgate.c reads them the same way, to know what to become.
 *
 * @returns the flags, and how many words are not the program's
 * @throws UsageError
 */
export function parseFlags(words: readonly string[]): { readonly flags: Flags; readonly own: number } {
  const found: Record<string, unknown> = { ...NONE };
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] as string;
    if (word === '--') {
      at++;
      break;
    }
    if (!word.startsWith('-') || word === '-') break;
    for (let index = 1; index < word.length; index++) {
      const letter = word[index] as string;
      const boolean = BOOLEAN[letter];
      if (boolean !== undefined) {
        found[boolean] = true;
        continue;
      }
      const name = WITH_VALUE[letter];
      if (name === undefined) throw new UsageError(`unknown option -- ${letter}`);
      // Behind the letter, or the next word, whatever that is.
      const value = index + 1 < word.length ? word.slice(index + 1) : words[++at];
      if (value === undefined) throw new UsageError(`option requires an argument -- ${letter}`);
      found[name] = name === 'pid' ? pidOf(value) : value;
      break;
    }
  }
  const flags = found as unknown as Flags;
  check(flags, words.slice(at));
  return { flags, own: at };
}

function pidOf(value: string): number {
  if (!/^[1-9]\d{0,9}$/.test(value)) throw new UsageError(`bad pid: ${value}`);
  return Number(value);
}

function check(flags: Flags, command: readonly string[]): void {
  if (flags.version) return;
  if (flags.automatic && flags.learn) throw new UsageError('-a and -A exclude each other: enforce, or learn');
  if (flags.pid !== null && flags.runAs !== null)
    throw new UsageError('-c and -p exclude each other: a program that runs has its user');
  const [program] = command;
  if (program === undefined) throw new UsageError('no command is named');
  if (flags.pid !== null && !program.startsWith('/'))
    throw new UsageError(`${program}: with -p the command is the absolute path of the program that runs`);
}
