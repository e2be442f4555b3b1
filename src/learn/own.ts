// SPDX-License-Identifier: GPL-2.0-only
/** Which rules of a policy are the learner's own: those that stand there as it last wrote them. All others are a person's. */
import { isDeepStrictEqual } from 'node:util';
import type { Policy, Rule } from '../policy/model.js';

export interface Own {
  /** The rules, as they stand in the policy. */
  readonly rules: ReadonlySet<Rule>;
  /** The groups it uses are those that the learner chose. */
  readonly use: boolean;
}

/** A policy of which nothing is the learner's. */
export const NOT_OWN: Own = { rules: new Set(), use: false };

/**
 * @param policy as it stands now
 * @param written what the learner last wrote of it, as a policy of those rules alone
 * @param use the groups that it chose then; null: they were a person's
 */
export function ownOf(policy: Policy, written: Policy, use: readonly string[] | null): Own {
  const last = written.rules;
  const own = policy.rules.filter((rule) => rule.group === undefined && last.some((other) => isSame(rule, other)));
  const others = policy.rules.filter((rule) => rule.group === undefined && !own.includes(rule));
  // What stands in front of a denial that a person wrote is there because of it: it stays.
  const denial = policy.rules.findLastIndex((rule) => others.includes(rule) && rule.verdict !== 'permit');
  const free = own.filter((rule) => policy.rules.indexOf(rule) > denial);
  return { rules: new Set(free), use: use !== null && isDeepStrictEqual(policy.use, use) };
}

/** The policy without what is the learner's: what a person says. */
export function withoutOwn(policy: Policy, { rules, use }: Own): Policy {
  if (rules.size === 0 && !use) return policy;
  const kept = policy.rules.filter((rule) => !rules.has(rule) && !(use && rule.group !== undefined));
  return { ...policy, ...(use ? { use: [] } : {}), rules: kept };
}

/** Do they say the same? Where they stand does not matter. */
export function isSame(one: Rule, other: Rule): boolean {
  const { objects, place: _place, number: _number, ...rest } = one;
  const { objects: others, place: _otherPlace, number: _otherNumber, ...otherRest } = other;
  return (
    isDeepStrictEqual(rest, otherRest) &&
    objects.length === others.length &&
    objects.every((object, index) => isDeepStrictEqual(object, others[index]))
  );
}
