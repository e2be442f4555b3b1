// SPDX-License-Identifier: GPL-2.0-only
import type { Bytes } from '../../policy/bytes.js';
import { counted, type Entry, type FolderRule, type FolderView, type Group, runsOf } from './folder.js';
import { literal } from './name.js';

/** Names of one run that differ by a number before the number is taken for one of many. */
const SIBLINGS = 3;
/** Where each was new in another run, two tell. */
const SIBLINGS_OVER_RUNS = 2;
/** Hexadecimal names of so many digits: of two, as the folders of object stores are named, it takes more of them. */
const HEX_SIBLINGS = 4;

/**
 * Series: names that differ by their numbers alone, `log.1`, `week-20261124.db`, `cpu0`. A number becomes as many digits as
 * there may be, and never anything but digits, so that `host1` says nothing about `host1.key`; a date keeps its length.
 */
export const seriesRule: FolderRule = {
  name: 'series',
  reason: 'the names differ by their numbers alone',
  apply: (view) => {
    const hex = hexadecimal(view);
    const taken = new Set(hex.flatMap(({ entries }) => entries));
    return [...hex, ...numbered({ ...view, entries: view.entries.filter((entry) => !taken.has(entry)) })];
  },
};

function numbered(view: FolderView): Group[] {
  const byRest = new Map<string, Entry[]>();
  for (const entry of view.entries) {
    if (entry.name === null || !/[0-9]/.test(entry.name)) continue;
    const rest = entry.name.replace(/\d+/g, '\0');
    const alike = byRest.get(rest);
    if (alike === undefined) byRest.set(rest, [entry]);
    else alike.push(entry);
  }
  return [...byRest.values()].flatMap((entries): Group[] => {
    if (!isSeries(entries, view)) return [];
    const text = numberText(entries.map(({ name }) => name as Bytes));
    const evidence = `${counted(entries.length, runsOf(entries).size)} that differ by their numbers alone`;
    return [{ text, entries, evidence, data: false }];
  });
}

function isSeries(entries: readonly Entry[], { strength }: FolderView): boolean {
  if (strength === 'exact') return false;
  if (entries.length >= SIBLINGS) return true;
  const over = runsOf(entries).size >= 2 && new Set(entries.map(({ runs }) => Math.min(...runs))).size >= 2;
  return entries.length >= SIBLINGS_OVER_RUNS && (over || strength === 'broad');
}

/** The names as one pattern: numbers that are the same in all stay. */
function numberText(names: readonly Bytes[]): string {
  const parts = names.map((name) => name.split(/(\d+)/));
  return (parts[0] as string[])
    .map((part, index) => {
      if (index % 2 === 0) return literal(part);
      const numbers = [...new Set(parts.map((one) => one[index] as string))];
      return numbers.length === 1 ? part : shape(numbers);
    })
    .join('');
}

function shape(numbers: readonly string[]): string {
  const lengths = numbers.map(({ length }) => length);
  const [least, most] = [Math.min(...lengths), Math.max(...lengths)];
  const fixed = least === most && (most >= 6 || (most >= 2 && numbers.some((number) => number.startsWith('0'))));
  return fixed ? `[0-9]{${most}}` : `[0-9]{1-${Math.min(20, Math.max(3, most + 2))}}`;
}

function hexadecimal({ entries, strength }: FolderView): Group[] {
  if (strength === 'exact') return [];
  const byLength = new Map<number, Entry[]>();
  for (const entry of entries) {
    const { name } = entry;
    if (name === null || name.length < 2 || !/^[0-9a-f]+$/.test(name)) continue;
    const alike = byLength.get(name.length);
    if (alike === undefined) byLength.set(name.length, [entry]);
    else alike.push(entry);
  }
  return [...byLength].flatMap(([length, alike]): Group[] => {
    const letters = alike.filter(({ name }) => /[a-f]/.test(name as string)).length;
    // Words of these letters are few (`cafe`), and numbers are no words.
    const enough = length >= 8 ? alike.length >= 2 : alike.length >= HEX_SIBLINGS && alike.some(({ made }) => made);
    const digits = alike.filter(({ name }) => /[0-9]/.test(name as string)).length;
    if (!enough || letters === 0 || digits * 2 < alike.length) return [];
    const evidence = `${counted(alike.length, runsOf(alike).size)} of ${length} hexadecimal digits`;
    return [{ text: `[0-9a-f]{${length}}`, entries: alike, evidence, data: false }];
  });
}
