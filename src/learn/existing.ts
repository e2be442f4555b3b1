// SPDX-License-Identifier: GPL-2.0-only
/** A policy that is there already: what of it is the learner's, and whether a new text of it says what it must. */
import { isDeepStrictEqual } from 'node:util';
import { PolicyError } from '../policy/errors.js';
import type { Policy, Rule } from '../policy/model.js';
import { parsePolicy } from '../policy/parse.js';
import type { Statement } from '../policy/statement.js';
import type { Surroundings } from '../policy/surroundings.js';
import type { Existing } from './input.js';
import { isSame, NOT_OWN, type Own, ownOf } from './own.js';

/** What of a policy that is there is the learner's. */
export function ownedOf(existing: Existing | null, around: Surroundings): Own {
  if (existing?.written === undefined || existing.written.text === '') return NOT_OWN;
  const { text, use } = existing.written;
  try {
    return ownOf(existing.policy, parsePolicy(text, existing.file, around), use);
  } catch (error) {
    // A user that is gone: what was written then can no longer be told from what a person wrote.
    if (error instanceof PolicyError) return NOT_OWN;
    throw error;
  }
}

/** The comments that the learner wrote above its statements. */
export function commentsOf({ written }: Existing): Set<string> {
  return new Set(
    (written?.text ?? '')
      .split('\n')
      .filter((line) => line.startsWith('  # '))
      .map((line) => line.trim()),
  );
}

/** A person's rules behind those of the learner's groups. */
export function withGroups(persons: Policy | null, fresh: Policy): Policy {
  return persons === null ? fresh : { ...persons, use: fresh.use, rules: [...fresh.rules, ...persons.rules] };
}

/** What must come of it: a person's rules in their order, and the statements where the last of the learner's stood. */
export function wantedOf(policy: Policy, own: Own, fresh: Policy, use: readonly string[]): Policy {
  const groups = own.use ? fresh.rules.filter(({ group }) => group !== undefined) : policy.rules.filter(isGroups);
  const rules = policy.rules.filter(({ group }) => group === undefined);
  const last = rules.findLastIndex((rule) => own.rules.has(rule));
  const at = last < 0 ? rules.length : last + 1;
  const persons = (some: readonly Rule[]): Rule[] => some.filter((rule) => !own.rules.has(rule));
  const made = fresh.rules.filter(({ group }) => group === undefined);
  return {
    ...policy,
    ...(own.use ? { use } : {}),
    rules: [...groups, ...persons(rules.slice(0, at)), ...made, ...persons(rules.slice(at))],
  };
}

function isGroups({ group }: Rule): boolean {
  return group !== undefined;
}

/** Those that were not there before. */
export function addedOf(
  all: readonly Statement[],
  own: Own,
  readFresh: (statements: readonly Statement[]) => Policy,
): Statement[] {
  if (own.rules.size === 0) return [...all];
  const old = [...own.rules];
  const rules = readFresh(all).rules.filter(({ group }) => group === undefined);
  return all.filter((_, index) => !old.some((rule) => isSame(rule, rules[index] as Rule)));
}

/**
 * Is the text the old policy with the new statements, and nothing else: all that it said is there, in its order, and the
 * statements behind it? What was observed is then permitted as they permit it.
 */
export function isHeld(text: string, file: string, wanted: Policy, around: Surroundings): boolean {
  let made: Policy;
  try {
    made = parsePolicy(text, file, around);
  } catch (error) {
    if (error instanceof PolicyError) return false;
    throw error;
  }
  const { rules, ...head } = made;
  const { rules: others, ...otherHead } = wanted;
  return (
    isDeepStrictEqual(head, otherHead) &&
    rules.length === others.length &&
    rules.every((rule, index) => isSame(rule, others[index] as Rule))
  );
}
