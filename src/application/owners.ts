// SPDX-License-Identifier: GPL-2.0-only
/** Conditions on the owner of what has none. */
import type { Policy } from '../policy/model.js';
import { OWNERLESS, SORT_TEXTS, sortOf } from '../policy/operations.js';

/** A sentence for each rule that looks at an owner where there is none: `if` never holds then, and `unless` excepts nothing. */
export function missingOwners({ rules }: Policy): string[] {
  return rules.flatMap(({ operations, place, if: holds, unless }) => {
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
