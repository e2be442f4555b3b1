// SPDX-License-Identifier: GPL-2.0-only
import type { Operation } from '../../policy/operations.js';
import { dateIn } from './made.js';
import { each, literal, type NameRule } from './name.js';

/** What is run, mapped, linked or made as a device is named by its name, whatever day is in it. */
const NEVER: ReadonlySet<Operation> = new Set(['exec', 'load', 'link', 'mknod']);

/**
 * Dated names: a file that whoever ran the program named, with a day in its name, `patch -i week-20261103.patch`, is that of another
 * day next time. Only the day, and only digits; what stands around it stays. What the program made is a made name's.
 */
export const datedRule: NameRule = {
  name: 'dated name',
  reason: 'whoever ran the program named the file of a day, and next time it is that of another',
  apply: (sighting) =>
    each(sighting, (name, index) => {
      if (index < sighting.names.length - 1 || NEVER.has(sighting.operation) || !sighting.named(index))
        return undefined;
      const date = dateIn(name);
      return date === null ? undefined : `${literal(date.front)}${date.text}${literal(date.back)}`;
    }),
};
