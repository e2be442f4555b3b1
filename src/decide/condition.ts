// SPDX-License-Identifier: GPL-2.0-only
/** Conditions of a rule: who calls, and whose the object is. */
import type { Access, Condition, IdRange, Rule } from '../policy/model.js';

type Caller = Pick<Access, 'uid' | 'gid' | 'owner'>;

/** Does `if` hold, and `unless` not? A rule without either always applies. */
export function applies(rule: Rule, caller: Caller): boolean {
  return (
    (rule.if === undefined || holds(rule.if, caller)) && (rule.unless === undefined || !holds(rule.unless, caller))
  );
}

/** Does all of the condition hold? An object without an owner is nobody's, so `owner: self` does not hold for it. */
export function holds(condition: Condition, { uid, gid, owner }: Caller): boolean {
  return (
    (condition.uids === undefined || within(condition.uids, uid)) &&
    (condition.gids === undefined || within(condition.gids, gid)) &&
    (condition.owner === undefined || owner === uid)
  );
}

/** Is the id in one of the ranges? */
export function within(ranges: readonly IdRange[], id: number): boolean {
  return ranges.some(({ first, last }) => id >= first && id <= last);
}
