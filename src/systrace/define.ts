// SPDX-License-Identifier: GPL-2.0-only
/**
 * Templates: `${WRKDIR}` as OpenBSD's ports had it, `@@RW_DIR@@` as MirOS. They were filled in by sed before systrace read the
 * file, so a value is put in as it is, wherever it stands.
 */
import { SystraceFault } from './problem.js';

/** A line with its variables filled in. `origin` tells where in the line before a place in it was. */
export interface Filled {
  readonly text: string;
  readonly origin: (index: number) => number;
}

/**
 * Fills in the variables of one line.
 *
 * @throws SystraceFault for one without a value, with its index
 */
export function fillIn(line: string, values: ReadonlyMap<string, string>): Filled {
  if (!line.includes('${') && !line.includes('@@')) return { text: line, origin: (index) => index };
  const shifts: { at: number; from: number; length: number }[] = [];
  let text = '';
  let from = 0;
  for (const match of line.matchAll(/\$\{([A-Za-z_]\w*)\}|@@([A-Za-z_]\w*)@@/g)) {
    const name = match[1] ?? (match[2] as string);
    const value = values.get(name);
    if (value === undefined) throw new SystraceFault('variable-undefined', { name }, match.index);
    text += line.slice(from, match.index);
    shifts.push({ at: text.length, from: match.index, length: value.length });
    text += value;
    from = match.index + match[0].length;
    shifts.push({ at: text.length, from, length: Number.POSITIVE_INFINITY });
  }
  text += line.slice(from);
  return {
    text,
    origin: (index) => {
      const shift = shifts.findLast(({ at }) => at <= index);
      if (shift === undefined) return index;
      return shift.length === Number.POSITIVE_INFINITY ? shift.from + index - shift.at : shift.from;
    },
  };
}
