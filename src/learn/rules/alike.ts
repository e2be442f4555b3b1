// SPDX-License-Identifier: GPL-2.0-only
import type { Bytes } from '../../policy/bytes.js';
import { counted, type Entry, type FolderRule, type Group, runsOf } from './folder.js';
import { SECONDS } from './made.js';
import { literal } from './name.js';

/** Names that the program made of one build, before what differs in them is taken for its own invention. */
const ALIKE_LEAST = 3;
/** So long must a part be that differs: a time or something random. A shorter one may be a word's number. */
const RANDOM_LEAST = 6;

/**
 * Names made alike: several that the program made have the same build, `1xXX92-0000g6-2V-H`, `1795928894.M285607P2616.host`: the same
 * signs between parts, and parts that have digits in all of them. Those that differ become their alphabet and length, the others
 * stay. A name alone says less: of `2V` nobody knows that it is not a word.
 */
export const alikeRule: FolderRule = {
  name: 'made alike',
  reason: 'the program made several names of one build, and will make up others',
  apply: ({ entries }) => {
    const builds = new Map<string, Entry[]>();
    for (const entry of entries) {
      const build = entry.made ? buildOf(entry.sample) : null;
      if (build !== null) builds.set(build, [...(builds.get(build) ?? []), entry]);
    }
    return [...builds.values()].flatMap((alike): Group[] => {
      const text = alike.length < ALIKE_LEAST ? null : textOf(alike.map(({ sample }) => sample));
      if (text === null) return [];
      const evidence = `${counted(alike.length, runsOf(alike).size)} that the program made of one build`;
      return [{ text, entries: alike, evidence, data: true }];
    });
  },
};

/** The signs between parts, and the parts without digits; null: it has no digits. */
function buildOf(name: Bytes): string | null {
  if (!/[0-9]/.test(name)) return null;
  return partsOf(name)
    .map((part) => (/[0-9]/.test(part) ? '\0' : part))
    .join('');
}

function partsOf(name: string): string[] {
  return name.split(/([A-Za-z0-9]+)/);
}

/** One pattern for names of one build; null: parts differ in ways that no alphabet explains, or too little. */
function textOf(names: readonly Bytes[]): string | null {
  const parts = names.map(partsOf);
  let random = false;
  const texts = (parts[0] as string[]).map((_, index): string | null => {
    const values = [...new Set(parts.map((one) => one[index] as string))];
    const [only, ...others] = values as [string, ...string[]];
    // Several names may be of one second.
    if (others.length === 0) return SECONDS.test(only) ? '[0-9]{10}' : literal(only);
    random ||= values.some(({ length }) => length >= RANDOM_LEAST);
    return numbersIn(values) ?? alphabetOf(values);
  });
  return random && texts.every((text) => text !== null) ? texts.join('') : null;
}

/** Parts that differ by their numbers alone: `M285607P2616`. */
function numbersIn(values: readonly string[]): string | null {
  const pieces = values.map((value) => value.split(/([0-9]+)/));
  const [first, ...others] = pieces as [string[], ...string[][]];
  const same = others.every(
    (one) => one.length === first.length && one.every((piece, at) => at % 2 === 1 || piece === first[at]),
  );
  if (!same) return null;
  return first
    .map((piece, at) => (at % 2 === 0 ? literal(piece) : digitsText(pieces.map((one) => (one[at] as string).length))))
    .join('');
}

/** Times keep their length, other numbers have fewer digits or more. */
function digitsText(lengths: readonly number[]): string {
  const [least, most] = [Math.min(...lengths), Math.max(...lengths)];
  return least === most && most >= 8 ? `[0-9]{${most}}` : `[0-9]{1-${Math.min(20, Math.max(6, most + 1))}}`;
}

/** Parts of one length, of letters and digits. */
function alphabetOf(values: readonly string[]): string | null {
  const { length } = values[0] as string;
  if (length < 2 || values.some((value) => value.length !== length)) return null;
  return values.every((value) => /^[0-9a-f]+$/.test(value)) ? `[0-9a-f]{${length}}` : `[0-9A-Za-z]{${length}}`;
}
