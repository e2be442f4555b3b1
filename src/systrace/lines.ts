// SPDX-License-Identifier: GPL-2.0-only
/**
 * The rules that a right looks at, in the order in which systrace did: what the kernel's table had (rules without a condition),
 * then the rules of the call's own name, then those of its alias.
 */
import { type Alias, isAlias, isAliased, plainName } from './calls.js';
import type { Line } from './engine.js';
import type { Way } from './rights.js';
import type { Space } from './space.js';
import type { ClassicRule, Emulation } from './syntax.js';

/**
 * @param alias whose rules come last
 * @param make how a rule of a way, or of the alias, speaks of objects
 */
export function linesFor<P>(
  rules: readonly ClassicRule[],
  emulation: Emulation,
  ways: readonly Way[],
  alias: Alias | null,
  make: (way: Way, alias: boolean) => Space<P>,
): Line<P>[] {
  const table: Line<P>[] = [];
  const own: Line<P>[] = [];
  const aliased: Line<P>[] = [];
  const spaces = ways.map((way) => make(way, false));
  const [first] = ways;
  const ofAlias = first === undefined ? undefined : make(first, true);
  for (const rule of rules) {
    if (isAlias(rule.call)) {
      const bits = rule.call === alias ? bitsWhere(ways, ({ call }) => isAliased(call, alias, emulation)) : 0;
      if (bits !== 0 && ofAlias !== undefined) aliased.push({ rule, space: ofAlias, ways: bits });
      continue;
    }
    const call = plainName(rule.call);
    ways.forEach((way, index) => {
      if (way.call !== call) return;
      const line = { rule, space: spaces[index] as Space<P>, ways: bitsWhere(ways, (other) => other.call === call) };
      (rule.condition === null ? table : own).push(line);
    });
  }
  // Of two that disagree the later one stood in the table; the denial is on the safe side.
  const denied = table.filter(({ rule }) => rule.action.verdict !== 'permit');
  return [...denied, ...table.filter((line) => !denied.includes(line)), ...own, ...aliased];
}

function bitsWhere(ways: readonly Way[], wanted: (way: Way) => boolean): number {
  return ways.reduce((bits, way, index) => (wanted(way) ? bits | (1 << index) : bits), 0);
}
