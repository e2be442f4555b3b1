// SPDX-License-Identifier: GPL-2.0-only
/** A number with its noun. */

/** `1 rule`, `3 rules`, `1 policy`, `2 policies`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
