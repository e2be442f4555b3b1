// SPDX-License-Identifier: GPL-2.0-only
/**
 * What two policies say of one operation on one object, for every caller there can be: callers that no condition tells apart
 * are one.
 */
import { type Chain, isUnconditional } from '../compile/answers.js';
import type { Meaning } from '../compile/automata.js';
import type { Applies, Test } from '../compile/conditions.js';
import { errnoFor } from '../decide/decide.js';
import type { Access, Policy, Rule, Transition, Verdict } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';

/** What an operation comes to. */
export interface Effect {
  readonly verdict: Verdict;
  /** Of a denial. */
  readonly errno?: string;
  readonly log: boolean;
  /** Of a permitted exec. */
  readonly transition?: Transition;
}

/** Who decides what. `order`: the rule's place in the order of decision; null: no rule. */
export interface Judgement extends Effect {
  readonly order: number | null;
}

export type Caller = Pick<Access, 'uid' | 'gid' | 'owner'>;

/** A caller for whom the two differ. */
export interface Disagreement {
  readonly caller: Caller;
  readonly first: Judgement;
  readonly second: Judgement;
}

/** A policy and what was made of it. */
export interface Side {
  readonly policy: Policy;
  readonly meaning: Meaning;
}

/** What decides one operation at one place. */
export interface Turn {
  readonly side: Side;
  readonly chain: Chain;
  /** No default opens it. */
  readonly closed: boolean;
  readonly operation: Operation;
  /** The policy's version has the operation. */
  readonly governed: boolean;
}

const LAST_ID = 0xffffffff;
/** Who reads best: root, then the first user of a machine. */
const WELL_KNOWN = [0, 1000];

/** All that the two disagree on: for each pair of rules that decide, the first caller. `owned`: the object may have an owner. */
export function disagreements(first: Turn, second: Turn, owned: boolean): Disagreement[] {
  const found = new Map<string, Disagreement>();
  for (const caller of callersOf([...testsOf(first), ...testsOf(second)], owned)) {
    const [one, other] = [judged(first, caller), judged(second, caller)];
    const key = `${one.order}/${other.order}`;
    if (!sameEffect(one, other) && !found.has(key)) found.set(key, { caller, first: one, second: other });
  }
  return [...found.values()];
}

/** Do both come to the same? */
export function sameEffect(one: Effect, other: Effect): boolean {
  return (
    one.verdict === other.verdict &&
    one.errno === other.errno &&
    one.log === other.log &&
    one.transition === other.transition
  );
}

/** What a policy comes to whose version has no such operation. */
const UNGOVERNED: Judgement = { order: null, verdict: 'permit', log: false };
const UNGOVERNED_FLOOR: Judgement = { order: null, verdict: 'deny', log: true, errno: 'EPERM' };

function judged({ side, chain, closed, operation, governed }: Turn, caller: Caller): Judgement {
  if (!governed) return closed ? UNGOVERNED_FLOOR : UNGOVERNED;
  const { policy, meaning } = side;
  const order = chain.find((at) => holds(meaning.applies[at] as Applies, caller)) ?? null;
  const rule: Rule | null = order === null ? null : (meaning.ranked[order]?.rule ?? null);
  const verdict = rule?.verdict ?? (closed ? 'deny' : policy.default);
  return {
    order,
    verdict,
    log: rule?.log ?? verdict !== 'permit',
    ...(verdict === 'deny' ? { errno: errnoFor(operation, rule?.errno ?? policy.errno) } : {}),
    ...(verdict === 'permit' && operation === 'exec' ? { transition: rule?.transition ?? 'own' } : {}),
  };
}

function holds(applies: Applies, caller: Caller): boolean {
  return (
    isUnconditional(applies) ||
    ((applies.onlyIf === null || passes(applies.onlyIf, caller)) &&
      (applies.unless === null || !passes(applies.unless, caller)))
  );
}

function passes({ uids, gids, owner }: Test, caller: Caller): boolean {
  const within = (ranges: Test['uids'], id: number): boolean =>
    ranges === null || ranges.some(({ first, last }) => id >= first && id <= last);
  return within(uids, caller.uid) && within(gids, caller.gid) && (!owner || caller.owner === caller.uid);
}

function testsOf({ side, chain }: Turn): Test[] {
  return chain.flatMap((order) => {
    const applies = side.meaning.applies[order] as Applies;
    return [applies.onlyIf, applies.unless].filter((test) => test !== null);
  });
}

/** One of each kind of callers that these conditions tell apart. */
function callersOf(tests: readonly Test[], owned: boolean): Caller[] {
  const uids = oneOfEach(tests.map((test) => test.uids));
  const gids = oneOfEach(tests.map((test) => test.gids));
  const owners = owned && tests.some((test) => test.owner);
  return uids.flatMap((uid) =>
    gids.flatMap((gid): Caller[] => {
      if (!owned) return [{ uid, gid }];
      const other = { uid, gid, owner: uid === 0 ? 1000 : 0 };
      return owners ? [{ uid, gid, owner: uid }, other] : [{ uid, gid, owner: uid }];
    }),
  );
}

/** An id of each stretch between the ends of ranges; those who are known first. */
function oneOfEach(lists: readonly Test['uids'][]): number[] {
  const begins = new Set([0]);
  for (const { first, last } of lists.flatMap((ranges) => ranges ?? [])) {
    begins.add(first);
    if (last < LAST_ID) begins.add(last + 1);
  }
  const sorted = [...begins].sort((one, other) => one - other);
  const ids = sorted.map((begin, index) => {
    const end = (sorted[index + 1] ?? LAST_ID + 1) - 1;
    return WELL_KNOWN.find((id) => id >= begin && id <= end) ?? begin;
  });
  return [...WELL_KNOWN.filter((id) => ids.includes(id)), ...ids.filter((id) => !WELL_KNOWN.includes(id))];
}
