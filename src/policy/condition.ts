// SPDX-License-Identifier: GPL-2.0-only
/** `if:` and `unless:`: who calls, and whose the object is. */
import { Fault } from './errors.js';
import type { IdRange } from './model.js';

/** (uid_t)-1 is no id: setuid(2) takes it for "leave as it is". */
const ID_MAX = 0xfffffffe;

/**
 * Reads an entry of `uid` or `gid`: a number, "n", "n-m", "<n", "<=n", ">n", ">=n".
 *
 * @throws Fault
 */
export function parseId(value: number | string, key: 'uid' | 'gid'): IdRange {
  const wrong = new Fault('id-form', { key, value: String(value) });
  if (typeof value === 'number') {
    if (!Number.isInteger(value) || value < 0 || value > ID_MAX) throw wrong;
    return { first: value, last: value };
  }
  const [, sign, low, high] = /^(<=?|>=?)?\s*(\d{1,10})(?:-(\d{1,10}))?$/.exec(value) ?? [];
  if (low === undefined || (sign !== undefined && high !== undefined)) throw wrong;
  const number = Number(low);
  if (number > ID_MAX || Number(high ?? 0) > ID_MAX) throw wrong;
  const range = rangeOf(sign, number, Number(high ?? low));
  if (range.first > range.last) throw new Fault('id-never', { value });
  return range;
}

function rangeOf(sign: string | undefined, number: number, last: number): IdRange {
  switch (sign) {
    case '<':
      return { first: 0, last: number - 1 };
    case '<=':
      return { first: 0, last: number };
    case '>':
      return { first: number + 1, last: ID_MAX };
    case '>=':
      return { first: number, last: ID_MAX };
    default:
      return { first: number, last };
  }
}

/**
 * Reads an entry of `user` or `group`.
 *
 * @throws Fault
 */
export function parseName(name: string, key: 'user' | 'group', find: (name: string) => number | null): IdRange {
  const id = find(name);
  if (id !== null) return { first: id, last: id };
  if (/^[<>=\d]/.test(name))
    throw new Fault('name-is-number', { key, instead: `${key === 'user' ? 'uid' : 'gid'}: ${name}` });
  throw new Fault(key === 'user' ? 'unknown-user' : 'unknown-group', { name });
}
