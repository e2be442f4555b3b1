// SPDX-License-Identifier: GPL-2.0-only
/** Sets of numbers, users and runs: observations are many and their sets few, so that the same are one. */

export type Numbers = ReadonlySet<number>;

/** Sets that are shared; of more each is its own. */
const SHARED_MOST = 4_096;
const shared = new Map<string, Numbers>();

/** The set of these numbers. */
export function numbers(all: Iterable<number>): Numbers {
  const set = new Set(all);
  const key = [...set].sort((one, other) => one - other).join();
  const known = shared.get(key);
  if (known !== undefined) return known;
  if (shared.size < SHARED_MOST) shared.set(key, set);
  return set;
}

/** What either has; one of the two where it has what the other has. */
export function either(one: Numbers, other: Numbers): Numbers {
  if (one === other || isWithin(other, one)) return one;
  return isWithin(one, other) ? other : numbers([...one, ...other]);
}

/** Has the one nothing that the other lacks? */
export function isWithin(one: Numbers, other: Numbers): boolean {
  for (const number of one) if (!other.has(number)) return false;
  return true;
}
