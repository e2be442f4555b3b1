// SPDX-License-Identifier: GPL-2.0-only
/** The smallest statement that would change an answer, and where it must stand to do so. */
import type { Access, Outcome, Place, Policy, Rule, Verdict } from '../policy/model.js';
import { isNever } from '../policy/numbers.js';
import { objectText, type Statement } from '../policy/statement.js';
import { decide, governs } from './decide.js';
import { exactly, keyOf, whichOf } from './exact.js';

/** At the end of a policy's rules, or before a rule that would decide otherwise; that rule may stand in a group's file. */
export type Position =
  | { readonly at: 'end'; readonly file: string }
  | { readonly at: 'before'; readonly place: Place; readonly rule: number; readonly group?: string };

/** A statement, where it must stand, and what the attempt then comes to: decided again, not guessed. */
export interface Change {
  readonly statement: Statement;
  readonly position: Position;
  readonly verdict: Verdict;
}

/**
 * A permit of what was not permitted, or a denial of what was. Null where no statement can change the answer: what
 * `interpreter:` grants is granted before any rule, and some of the floor no rule permits.
 */
export function smallestChange(policy: Policy, access: Access, outcome: Outcome): Change | null {
  const wanted: Verdict = outcome.verdict === 'permit' ? 'deny' : 'permit';
  // One denied operation denies the attempt; to permit it, all must be.
  const changed =
    wanted === 'deny' ? [outcome.deciding] : outcome.decisions.filter(({ verdict }) => verdict !== 'permit');
  const operations = changed.map(({ operation }) => operation);
  const deciding = changed.map(({ rule }) => (rule === null ? policy.rules.length : policy.rules.indexOf(rule)));
  const index = Math.min(...deciding);
  if (index < 0) return null;
  // Such a statement could not be read.
  if (
    wanted === 'permit' &&
    operations.some((operation) => isNever(operation, access.object) || !governs(policy, operation))
  )
    return null;

  const before = policy.rules[index];
  const place = before?.place ?? { file: policy.file, line: 1, column: 1 };
  const object = exactly(access.object, operations);
  const rule: Rule = { verdict: wanted, operations, objects: [object], place, number: 0 };
  const rules = [...policy.rules.slice(0, index), rule, ...policy.rules.slice(index)];
  const { verdict } = decide({ ...policy, rules }, access);
  if (verdict !== wanted) return null;

  const statement: Statement = {
    verdict: wanted,
    operations,
    key: keyOf(object),
    objects: [objectText(object)],
    ...whichOf(object),
  };
  if (before === undefined) return { statement, position: { at: 'end', file: policy.file }, verdict };
  const group = before.group === undefined ? {} : { group: before.group };
  return { statement, position: { at: 'before', place, rule: before.number, ...group }, verdict };
}
