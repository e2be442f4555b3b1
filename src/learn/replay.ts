// SPDX-License-Identifier: GPL-2.0-only
/** Observations held against a policy: what it would refuse of them, and which of its rules none of them needed. */
import { decide } from '../decide/decide.js';
import type { Policy, Rule } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';
import type { Observation } from './observation.js';

export interface Refused {
  readonly operation: Operation;
  /** As events print it. */
  readonly object: string;
  readonly count: number;
  readonly uid: number;
  /** The rule that refuses; null: the default. */
  readonly rule: Rule | null;
}

export interface Replayed {
  readonly observations: number;
  readonly refused: readonly Refused[];
  /** Rules of the policy itself that decided nothing. */
  readonly unused: readonly Rule[];
}

/** Judges what one program was seen to do by its policy. */
export function replay(policy: Policy, observations: Iterable<Observation>): Replayed {
  const used = new Set<Rule>();
  const refused: Refused[] = [];
  let all = 0;
  for (const { operation, object, text, count, uids, owners } of observations) {
    all++;
    const outcomes = [...uids].flatMap((uid) =>
      (owners.size === 0 ? [undefined] : [...owners]).map((owner) => {
        const whose = owner === undefined ? {} : { owner };
        return { uid, decision: decide(policy, { operations: [operation], object, uid, gid: uid, ...whose }).deciding };
      }),
    );
    for (const { decision } of outcomes) if (decision.rule !== null) used.add(decision.rule);
    const no = outcomes.find(({ decision }) => decision.verdict !== 'permit');
    if (no !== undefined) refused.push({ operation, object: text, count, uid: no.uid, rule: no.decision.rule });
  }
  const unused = policy.rules.filter((rule) => rule.group === undefined && !used.has(rule));
  return { observations: all, refused, unused };
}
