// SPDX-License-Identifier: GPL-2.0-only
/** Conditions made simple: lists sorted and joined, and those told apart that always or never hold. */
import type { Condition, IdRange, Rule } from '../policy/model.js';
import { ruleError } from './errors.js';
import { RANGES_MAX } from './layout.js';

/** A condition that may hold or not. `null` for a list: any id. */
export interface Test {
  readonly uids: readonly IdRange[] | null;
  readonly gids: readonly IdRange[] | null;
  readonly owner: boolean;
}

/** When a rule applies. Both null: always. */
export interface Applies {
  readonly onlyIf: Test | null;
  readonly unless: Test | null;
  /** Equal for rules that apply at the same times. */
  readonly key: string;
}

const LAST_ID = 0xffffffff;

/** When a rule applies; null: never. Throws CompileError where a list needs too many ranges. */
export function appliesOf(rule: Rule): Applies | null {
  const onlyIf = rule.if === undefined ? 'always' : simplify(rule.if, rule);
  const unless = rule.unless === undefined ? 'never' : simplify(rule.unless, rule);
  if (onlyIf === 'never' || unless === 'always') return null;
  const tests = { onlyIf: onlyIf === 'always' ? null : onlyIf, unless: unless === 'never' ? null : unless };
  return { ...tests, key: JSON.stringify([tests.onlyIf, tests.unless]) };
}

function simplify(condition: Condition, rule: Rule): Test | 'always' | 'never' {
  const uids = join(condition.uids, 'user', rule);
  const gids = join(condition.gids, 'group', rule);
  if (uids?.length === 0 || gids?.length === 0) return 'never';
  if (uids === null && gids === null && condition.owner === undefined) return 'always';
  return { uids, gids, owner: condition.owner === 'self' };
}

/** Sorted ranges with gaps between them; null where every id is in them. */
function join(ranges: readonly IdRange[] | undefined, list: 'user' | 'group', rule: Rule): IdRange[] | null {
  if (ranges === undefined) return null;
  const joined: { first: number; last: number }[] = [];
  const sorted = ranges.filter(({ first, last }) => first <= last).sort((left, right) => left.first - right.first);
  for (const { first, last } of sorted) {
    const end = joined.at(-1);
    if (end !== undefined && first <= end.last + 1) end.last = Math.max(end.last, last);
    else joined.push({ first, last });
  }
  if (joined.length > RANGES_MAX)
    throw ruleError('too-many-ranges', rule, { list, ranges: joined.length, most: RANGES_MAX });
  if (joined.length === 1 && joined[0]?.first === 0 && joined[0].last >= LAST_ID) return null;
  return joined;
}
