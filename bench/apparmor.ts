// SPDX-License-Identifier: GPL-2.0-only
/** A learned application as one AppArmor profile: the same paths, what AppArmor has for the same operations, children inherit. */
import { patternText } from '../src/decide/text.js';
import type { Policy } from '../src/policy/model.js';
import type { Operation } from '../src/policy/operations.js';

const LETTERS: Readonly<Partial<Record<Operation, string>>> = {
  // A lock is asked for by itself there, and goes with reading and writing here.
  ...{ read: 'rk', list: 'r', write: 'wk', create: 'w', delete: 'w', mknod: 'w', chmod: 'w', chown: 'w' },
  ...{ link: 'l', exec: 'ix' },
  // What may be loaded may be read, in callgate's language.
  load: 'rm',
};
const ORDER = ['r', 'w', 'l', 'k', 'm', 'ix'];

/** @param entry what the profile's program may be started as */
export function profileOf(name: string, policies: readonly Policy[], entry: string): string {
  const granted = new Map<string, Set<string>>();
  const grant = (path: string, letter: string): void => {
    granted.set(path, (granted.get(path) ?? new Set()).add(letter));
  };
  grant(entry, 'ix');
  for (const { program, rules } of policies) {
    // AppArmor asks for both of a program: callgate counts its own file as permitted.
    for (const letter of ['r', 'm', 'ix']) grant(program, letter);
    for (const { verdict, operations, objects } of rules)
      for (const object of verdict === 'permit' ? objects : []) {
        if (object.type !== 'path') continue;
        for (const operation of operations) {
          const letter = LETTERS[operation];
          if (letter === undefined) continue;
          const path = uncounted(patternText(object));
          for (const one of letter === 'ix' ? [letter] : letter) grant(path, one);
          // A folder's name ends in a slash there.
          if (operation === 'list' || operation === 'create' || operation === 'delete') grant(`${path}/`, letter);
        }
      }
  }
  return [
    `profile ${name} flags=(attach_disconnected) {`,
    ...[...granted].map(([path, letters]) => `  "${path}" ${ORDER.filter((one) => letters.has(one)).join('')},`),
    '  capability,\n  network,\n  unix,\n  signal,\n  ptrace,',
    '}',
    '',
  ].join('\n');
}

/** AppArmor has no word for how many of a set: as many as may be, which its automaton is no dearer for. */
function uncounted(pattern: string): string {
  return pattern.replace(/(\[(?:\\.|[^\]\\])+\]|\?)\{\d+(?:-\d+)?\}/g, (_, one: string) =>
    one === '?' ? '?*' : `${one}*`,
  );
}
