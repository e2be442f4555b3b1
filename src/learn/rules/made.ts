// SPDX-License-Identifier: GPL-2.0-only
import { each, literal, type NameRule, PROCESS_NUMBER } from './name.js';

/**
 * Made names: the program made the name up (mkstemp and the like) and will make up another of the same shape. What is random
 * becomes its alphabet and its length, what stands before and behind it stays, and a date any date. Only of names that the program
 * made; the surer where it also took them away again, which it would not do with a name that means something, and, of parts that are
 * no word, where it made them with O_EXCL. That alone says little: tar and cp make every file so.
 */
export const madeRule: NameRule = {
  name: 'made name',
  reason: 'the program made the name up, and will make up another of the same shape',
  apply: (sighting) =>
    each(sighting, (name, index) =>
      sighting.made(index)
        ? madeName(name, { removed: sighting.removed(index), exclusive: sighting.exclusive(index) }, sighting.pid)
        : undefined,
    ),
};

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;
const UUID_TEXT = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** A day of this century, with or without signs between, and what may say the time behind it. */
const DATE =
  /(?<![0-9])20[0-9]{2}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])|-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))(?:[-_T]?[0-9]{6})?(?![0-9])/;

/** The day in a name, as a pattern for any day, and what stands around it; null: there is none. */
export function dateIn(name: string): { readonly front: string; readonly text: string; readonly back: string } | null {
  const date = DATE.exec(name);
  if (date === null) return null;
  const text = date[0].replace(/[0-9]+/g, (digits) => `[0-9]{${digits.length}}`);
  return { front: name.slice(0, date.index), text, back: name.slice(date.index + date[0].length) };
}

/** What says that a name was made up. */
interface How {
  /** The program took it away again. */
  readonly removed: boolean;
  /** It made it with O_EXCL. */
  readonly exclusive: boolean;
}

/**
 * The name with a pattern for its random part; undefined for a name that somebody chose.
 *
 * @param pid is this the number of the process?
 */
export function madeName(name: string, how: How, pid: (number: string) => boolean): string | undefined {
  const uuid = UUID.exec(name);
  if (uuid !== null) {
    const [front, back] = [name.slice(0, uuid.index), name.slice(uuid.index + uuid[0].length)];
    return `${madeName(front, how, pid) ?? literal(front)}${UUID_TEXT}${madeName(back, how, pid) ?? literal(back)}`;
  }
  const date = dateIn(name);
  if (date !== null) {
    const { front, back } = date;
    return `${madeName(front, how, pid) ?? literal(front)}${date.text}${madeName(back, how, pid) ?? literal(back)}`;
  }
  let found = false;
  const runs = name.split(/([A-Za-z0-9_]+)/);
  const text = runs
    .map((run, index) => {
      if (index % 2 === 0) return literal(run);
      const pattern = shapeOf(run, how, pid);
      if (pattern === undefined) return literal(run);
      found = true;
      return pattern;
    })
    .join('');
  return found ? text : undefined;
}

/** A run of letters and digits as the pattern of what made it. */
function shapeOf(run: string, { removed, exclusive }: How, pid: (number: string) => boolean): string | undefined {
  const sure = removed || exclusive;
  if (/^\d+$/.test(run)) {
    if (pid(run)) return PROCESS_NUMBER;
    return removed && run.length >= 4 ? digits(run) : undefined;
  }
  const mixed = /[0-9]/.test(run) && /[a-f]/i.test(run);
  if (run.length >= (sure ? 8 : 16) && mixed && /^[0-9a-f]+$/.test(run)) return `[0-9a-f]{${run.length}}`;
  if (run.length >= (sure ? 8 : 16) && mixed && /^[0-9A-F]+$/.test(run)) return `[0-9A-F]{${run.length}}`;
  if (/^tmp[a-z0-9_]{8}$/.test(run) && (removed || changes(run.slice(3)) >= (exclusive ? 1 : 2)))
    return 'tmp[a-z0-9_]{8}';
  // An address of the process's memory, as a name for its own (GnuPG's locks).
  const [, stemOfAddress, address] = /^(.*0x)([0-9a-f]{8,16})$/.exec(run) ?? [];
  if (removed && stemOfAddress !== undefined && address !== undefined)
    return `${literal(stemOfAddress)}[0-9a-f]{${address.length}}`;
  const [, numberInFront, behind] = /^(\d+)([A-Za-z]+)$/.exec(run) ?? [];
  if (numberInFront !== undefined && pid(numberInFront)) return `${PROCESS_NUMBER}${behind}`;
  const number = /^(.*[^0-9])([0-9]+)$/.exec(run);
  if (number !== null) {
    const [, stem, tail] = number as unknown as [string, string, string];
    if (pid(tail)) return `${literal(stem)}${PROCESS_NUMBER}`;
    if (removed && tail.length >= 4 && changes(stem) === 0) return `${literal(stem)}${digits(tail)}`;
  }
  // An underscore joins words (x86_64); of the makers of names only Python's uses it.
  if (run.includes('_')) {
    const at = run.lastIndexOf('_') + 1;
    const tail = run.slice(at);
    return removed && tail.length === 6 && isMixed(tail) ? `${literal(run.slice(0, at))}[0-9A-Za-z]{6}` : undefined;
  }
  const front = run.length - 6;
  if (front === 0 && removed && isMixed(run)) return '[0-9A-Za-z]{6}';
  if (front >= 0 && changes(run.slice(front)) >= 2 && changes(run.slice(0, front)) === 0)
    return `${literal(run.slice(0, front))}[0-9A-Za-z]{6}`;
  if (front > 0 && removed && /^[a-z]+$/.test(run.slice(0, front)) && isMixed(run.slice(front)))
    return `${literal(run.slice(0, front))}[0-9A-Za-z]{6}`;
  if (run.length >= 8 && changes(run) >= (sure ? 3 : 4)) return `[0-9A-Za-z]{${run.length}}`;
  return undefined;
}

/** Seconds since 1970 as they are from 2017 on. */
export const SECONDS = /^(?:1[5-9]|2[0-9])[0-9]{8}$/;

/** Short numbers may be of any length, and so may those of 32 bits by chance (`PostgreSQL.3141592653`); times have theirs. */
function digits(number: string): string {
  if (number.length <= 7) return PROCESS_NUMBER;
  return number.length > 10 || SECONDS.test(number) ? `[0-9]{${number.length}}` : '[0-9]{1-10}';
}

/** Neither a word nor a number. */
function isMixed(run: string): boolean {
  return /[0-9A-Z]/.test(run) && !/^[0-9]+$/.test(run) && !/^[A-Z]?[a-z]+$/.test(run);
}

/** Changes between small letters, capitals and digits. A capital and the small letters behind it are one word. */
function changes(run: string): number {
  const words = run
    .replace(/[A-Z][a-z]{2,}/g, 'w')
    .replace(/[a-z]+/g, 'a')
    .replace(/[A-Z]+/g, 'A')
    .replace(/[0-9]+/g, '0');
  return Math.max(0, words.length - 1);
}
