// SPDX-License-Identifier: GPL-2.0-only
/** The command line in two: callgate's own words, for oclif, and the program's, which oclif never sees. */
import { requireCaller } from './caller.js';
import { type FlagShape, splitCommand } from './words.js';

/** Place of the program's first word on the command line, from 0 for callgate's own name; null: no program is run. */
let program: number | null = null;

/** Commands below `learn`: they run no program. */
const LEARN_COMMANDS: readonly string[] = ['status', 'merge', 'intersect', 'forget'];

/**
 * The words for whoever parses the command's own. Those of a program are left out, and found again by programWords().
 *
 * @param flags of the command, where it runs a program; null for the others
 */
export function ownWords(words: readonly string[], flags: Readonly<Record<string, FlagShape>> | null): string[] {
  const [command, ...rest] = words;
  // `callgate learn -- status` runs a program of that name.
  if (command === 'learn' && LEARN_COMMANDS.includes(rest[0] ?? '')) return [...words];
  if (command === undefined || flags === null) return [...words];
  const split = splitCommand(rest, flags);
  program = 2 + split.program;
  return [command, ...rest.slice(0, split.own)];
}

/** The program's command line, byte for byte as it was given; empty where none is named. */
export function programWords(): readonly Buffer[] {
  return program === null ? [] : requireCaller().words.slice(program);
}
