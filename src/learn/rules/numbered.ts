// SPDX-License-Identifier: GPL-2.0-only
import { each, literal, type NameRule } from './name.js';

/**
 * Numbered names: what the program made under a name that whoever ran it chose, and that has a number of its own in it, has another
 * number next time: `-o out/program-1`, `-L server-1`. Only the number between signs, and only digits; a date is a made name's.
 */
export const numberedRule: NameRule = {
  name: 'numbered name',
  reason: 'whoever ran the program chose the name, and with it the number',
  apply: (sighting) =>
    each(sighting, (name, index) => {
      if (!sighting.made(index) || !sighting.chosen(index)) return undefined;
      const [, front, number, back] = /^(.*[^0-9][-_.#])(\d{1,5})(\.[A-Za-z][\w.-]*)?$/s.exec(name) ?? [];
      // What stands behind .so is the interface of a library, and 3.11 a version.
      if (front === undefined || number === undefined || /\.so\.$|\d\.$/.test(front)) return undefined;
      return `${literal(front)}[0-9]{1-${Math.max(3, number.length + 1)}}${literal(back ?? '')}`;
    }),
};
