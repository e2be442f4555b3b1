// SPDX-License-Identifier: GPL-2.0-only
/**
 * The written rules for generalising: what may be named by a pattern where one name was seen, and why. Each works on one
 * path of one program; none reaches over a slash. A rule that would be wrong somewhere is narrowed here, not argued about:
 * what no rule takes stays literal.
 */

import type { Bytes } from '../policy/bytes.js';
import { literalText } from '../policy/glob.js';
import type { Operation } from '../policy/operations.js';

/** What a rule may look at. */
export interface Sighting {
  readonly operation: Operation;
  /** Names of the path's components, as bytes. */
  readonly names: readonly Bytes[];
  /** Was the path up to and with this component made by the program itself? */
  readonly made: (upTo: number) => boolean;
  /** Was it removed (or renamed away) by the program itself? */
  readonly removed: (upTo: number) => boolean;
  /** Is this number the id of a process that did it? */
  readonly pid: (number: string) => boolean;
  /** How many numbers were seen in this component's place with all else the same. */
  readonly numbers: (component: number) => number;
}

export interface GeneralisingRule {
  /** As it stands in a learned policy. */
  readonly name: string;
  readonly reason: string;
  /** Pattern texts by component; what is left out stays literal. */
  readonly apply: (sighting: Sighting) => ReadonlyMap<number, string>;
}

const NUMBER = '[0-9]*';
/** Siblings that differ by a number before the number is taken for one of many. */
const SIBLINGS = 3;

/** In the order in which they are tried; the first that says something about a component is heard. */
export const GENERALISING_RULES: readonly GeneralisingRule[] = [
  {
    name: 'process',
    reason: 'processes have other numbers every time; those of the program itself are /proc/self already',
    apply: ({ names }) => {
      const found = new Map<number, string>();
      if (names[0] !== 'proc') return found;
      if (/^\d+$/.test(names[1] ?? '')) found.set(1, NUMBER);
      if (/^(fd|fdinfo|task)$/.test(names[2] ?? '') && /^\d+$/.test(names[3] ?? '')) found.set(3, NUMBER);
      return found;
    },
  },
  {
    name: 'library version',
    reason: 'an update of a library changes what stands behind .so, and nothing else',
    apply: ({ names, operation }) => {
      const last = names.length - 1;
      const stem = /^(.+\.so)\.[0-9][0-9.]*$/.exec(names[last] ?? '')?.[1];
      const wanted = stem !== undefined && (operation === 'load' || operation === 'read' || operation === 'stat');
      return new Map(wanted ? [[last, `${literalText(stem as Bytes)}.*`]] : []);
    },
  },
  {
    name: 'random name',
    reason: 'the program made the name up (mkstemp and the like) and will make up another of the same length',
    apply: (sighting) =>
      each(sighting, (name, index) => (sighting.made(index) ? randomName(name, sighting.removed(index)) : undefined)),
  },
  {
    name: 'process number',
    reason: 'the program named a file of its own after the number of its process',
    apply: (sighting) =>
      each(sighting, (name, index) => {
        if (!sighting.made(index)) return undefined;
        const parts = name.split(/(\d+)/);
        if (!parts.some((part, at) => at % 2 === 1 && sighting.pid(part))) return undefined;
        return parts.map((part, at) => (at % 2 === 1 && sighting.pid(part) ? NUMBER : literal(part))).join('');
      }),
  },
  {
    name: 'numbered leaving',
    reason: 'the program made a file with a long number at its end, and took it away again',
    apply: (sighting) =>
      each(sighting, (name, index) => {
        const stem = /^(.*[^0-9])[0-9]{4,}$/.exec(name)?.[1];
        if (stem === undefined || !sighting.made(index) || !sighting.removed(index)) return undefined;
        return `${literal(stem)}${NUMBER}`;
      }),
  },
  {
    name: 'numbers',
    reason: `at least ${SIBLINGS} siblings were used that differ by their number alone`,
    apply: (sighting) =>
      each(sighting, (name, index) =>
        /[0-9]/.test(name) && sighting.numbers(index) >= SIBLINGS ? numberless(name, NUMBER) : undefined,
      ),
  },
];

function each(
  { names }: Sighting,
  pattern: (name: Bytes, index: number) => string | undefined,
): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  names.forEach((name, index) => {
    const text = pattern(name, index);
    if (text !== undefined) found.set(index, text);
  });
  return found;
}

/** A name with `sign` in the place of each of its numbers; other parts as a pattern has them. */
export function numberless(name: string, sign: string): string {
  return name
    .split(/(\d+)/)
    .map((part, index) => (index % 2 === 1 ? sign : literal(part)))
    .join('');
}

/**
 * The name with `?` for each sign of its random part; undefined for a name that somebody chose. mkstemp(3) puts six random
 * letters and digits at the end, Python's tempfile eight behind `tmp`, mktemp(1) ten behind a dot, git and others long
 * hexadecimal numbers.
 *
 * @param removed the program took it away again, which it would not do with a name that means something
 */
export function randomName(name: string, removed: boolean): string | undefined {
  let found = false;
  const text = name
    .split(/([A-Za-z0-9_]+)/)
    .map((run, index) => {
      if (index % 2 === 0) return literal(run);
      const kept = keptOf(run, removed);
      if (kept === undefined) return literal(run);
      found = true;
      return literal(run.slice(0, kept)) + '?'.repeat(run.length - kept);
    })
    .join('');
  return found ? text : undefined;
}

/** How many signs at the front of a run are no random ones; undefined: none is random. */
function keptOf(run: string, removed: boolean): number | undefined {
  if (run.length >= 16 && /^[0-9a-f]+$/.test(run) && /[a-f]/.test(run) && /[0-9]/.test(run)) return 0;
  if (/^tmp[a-z0-9_]{8}$/.test(run) && (removed || changes(run.slice(3)) >= 2)) return 3;
  // An underscore joins words (x86_64); of the makers of names only Python's uses it.
  if (run.includes('_')) return undefined;
  const front = run.length - 6;
  if (front >= 0 && changes(run.slice(front)) >= 2 && changes(run.slice(0, front)) === 0) return front;
  if (run.length >= 8 && changes(run) >= 4) return 0;
  return undefined;
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

function literal(text: string): string {
  return literalText(text as Bytes);
}

/** The number of an autobound abstract socket (unix(7): five hexadecimal digits). */
export function autobound(name: Bytes): string | undefined {
  return /^[0-9a-f]{5}$/.test(name) ? '[0-9a-f]'.repeat(5) : undefined;
}
