// SPDX-License-Identifier: GPL-2.0-only
/** Conditions on the owner of what has none. */
import { basename } from 'node:path';
import { SORT_TEXTS, type Sort, sortOf } from '../policy/operations.js';
import type { Application } from './application.js';

/** What belongs to nobody: addresses, and what of the kernel is named by a number. */
const OWNERLESS: readonly Sort[] = ['socket', 'capability', 'user', 'group', 'namespace', 'kernel'];

/** A sentence for each rule of these files that looks at an owner where there is none: `if` never holds then, and `unless` excepts nothing. */
export function missingOwners({ policies }: Pick<Application, 'policies'>, files: readonly string[]): string[] {
  const names = files.map((file) => basename(file));
  return policies
    .filter(({ file }) => names.includes(basename(file)))
    .flatMap(({ policy }) => policy.rules)
    .flatMap(({ operations, place, if: holds, unless }) => {
      // The operations of one rule are about one thing.
      const [sort] = operations.map(sortOf);
      if (sort === undefined || !OWNERLESS.includes(sort)) return [];
      const told = (means: string): string => `${place.file}:${place.line}: nobody owns ${SORT_TEXTS[sort]}: ${means}`;
      return [
        ...(holds?.owner === undefined ? [] : [told('the rule never holds, leave owner: self out of its if')]),
        ...(unless?.owner === undefined ? [] : [told('its unless excepts nothing, leave it out')]),
      ];
    });
}
