// SPDX-License-Identifier: GPL-2.0-only
/** The enums of the contract as words: what stands in events and in the log under a number of the kernel half's. */
import { ENUMS } from './abi.gen.js';

export type EnumName = keyof typeof ENUMS;

type Prefix<Name extends EnumName> = Name extends 'object_type'
  ? 'OBJECT_'
  : Name extends 'event_type'
    ? 'EVENT_'
    : `${Uppercase<Name>}_`;
type Bare<Name extends EnumName, Key> = Key extends `${Prefix<Name>}${infer Rest}` ? Rest : Key;
/** The words of an enum: lower case, without the enum's own name and without its ends (_COUNT, _SLOTS). */
export type Word<Name extends EnumName> = Lowercase<
  Exclude<Bare<Name, keyof (typeof ENUMS)[Name]>, 'COUNT' | 'SLOTS' | `${string}_COUNT` | `${string}_SLOTS`> & string
>;

/** The words of an enum, by number; a number that has none is a hole. */
export function wordsOf<Name extends EnumName>(name: Name): readonly Word<Name>[] {
  const prefix = new RegExp(`^${name.replace(/_type$/, '').toUpperCase()}_`);
  const words: Word<Name>[] = [];
  for (const [key, number] of Object.entries(ENUMS[name]) as [string, number][])
    if (!/(^|_)(COUNT|SLOTS)$/.test(key)) words[number] = key.replace(prefix, '').toLowerCase() as Word<Name>;
  return words;
}
