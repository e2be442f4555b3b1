// SPDX-License-Identifier: GPL-2.0-only
/**
 * How much a state grants, in terms that can be compared: rule numbers, errnos and logging forgotten, and what conditions
 * come to told for every kind of caller they tell apart.
 */
import { CLOSED_KINDS, type Kind, type Policy } from '../policy/model.js';
import { FIRST_OPERATIONS, operationBit } from '../policy/operations.js';
import { type Answer, isUnconditional } from './answers.js';
import type { Applies, Test } from './conditions.js';
import type { Ranked } from './grants.js';
import { CALLERS_MAX } from './limits.js';

/** Whose eyes: of a policy in force, or of a learner, who takes what no rule decides for permitted. */
export type View = 'enforce' | 'learn';
export const VIEWS: readonly View[] = ['enforce', 'learn'];

/** What one operation comes to for one caller. From OWN on: exec under the policy of the program with this number. */
export type Level = number;
const DENY = 0;
const ASK = 1;
const PERMIT = 2;
const DEFAULT = 3;
/** No rule decides, and no default opens it. */
const CLOSED = 4;
const INHERIT = 5;
const UNCONFINED = 6;
const OWN = 7;

/** What one operation comes to: by caller, or (where there are too many kinds of callers) all that it may come to. */
export interface Grant {
  readonly id: number;
  readonly levels: readonly Level[];
}

/** What all operations come to at one state; the same value for states that grant the same. */
export interface Own {
  readonly id: number;
  /** By operation. */
  readonly grants: readonly Grant[];
}

interface Caller {
  readonly uid: number;
  readonly gid: number;
  /** The object belongs to the caller. */
  readonly self: boolean;
}

export interface LevelsInput {
  readonly policy: Policy;
  readonly ranked: readonly Ranked[];
  /** By order; null: the rule never applies. */
  readonly applies: readonly (Applies | null)[];
}

const EXEC = operationBit('exec');
const STAT = operationBit('stat');

/** All grants of one compilation, each once. */
export class Levels {
  readonly #callers: readonly Caller[] | null;
  readonly #grants = new Map<string, Grant>();
  readonly #owns = new Map<string, Own>();
  readonly #answers = new Map<string, Own>();

  constructor(private readonly input: LevelsInput) {
    this.#callers = callersOf(input.applies);
  }

  /** What the state of a path grants. */
  of(answer: Answer): Own {
    return this.#own(`${answer.id}`, (bit) => this.#grant(answer, bit, DEFAULT));
  }

  /**
   * What an object without a path grants. Whoever holds one may look at it by its descriptor, so `stat` counts as
   * permitted.
   */
  ofKind(kind: Kind, answer: Answer): Own {
    const otherwise = CLOSED_KINDS.includes(kind) ? DENY : DEFAULT;
    const looked = (bit: number): Grant =>
      bit === STAT ? this.#intern([PERMIT]) : this.#grant(answer, bit, otherwise);
    return this.#own(`${answer.id}|${otherwise}`, looked);
  }

  /** Do the operations of `mask` come to no more at the new place than at the old, whoever calls? */
  within(mask: number, view: View, before: Own, after: Own): boolean {
    if (before === after) return true;
    for (let bit = 0; bit < FIRST_OPERATIONS.length; bit++)
      if ((mask & (1 << bit)) !== 0 && !this.#less(view, before.grants[bit] as Grant, after.grants[bit] as Grant))
        return false;
    return true;
  }

  /** Are all of these operations permitted, whoever calls? */
  free(mask: number, view: View, own: Own): boolean {
    return own.grants.every(
      ({ levels }, bit) => (mask & (1 << bit)) === 0 || levels.every((level) => this.#resolved(view, level) === PERMIT),
    );
  }

  /** May one of the operations be permitted or asked, to some caller? */
  mayDo(mask: number, view: View, own: Own): boolean {
    return own.grants.some(
      ({ levels }, bit) => (mask & (1 << bit)) !== 0 && levels.some((level) => this.#rank(view, level) > DENY),
    );
  }

  #own(key: string, grantOf: (bit: number) => Grant): Own {
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const grants = FIRST_OPERATIONS.map((_, bit) => grantOf(bit));
    const content = grants.map(({ id }) => id).join();
    const own = this.#owns.get(content) ?? { id: this.#owns.size, grants };
    this.#owns.set(content, own);
    this.#answers.set(key, own);
    return own;
  }

  #grant({ chains, program, closed }: Answer, bit: number, fallback: Level): Grant {
    const chain = chains[bit] ?? [];
    const otherwise = (closed & (1 << bit)) !== 0 ? CLOSED : fallback;
    const last =
      bit === EXEC && otherwise === DEFAULT && this.input.policy.default === 'permit' ? OWN + program : otherwise;
    const levelOf = (order: number): Level => {
      const { rule } = this.input.ranked[order] as Ranked;
      if (rule.verdict !== 'permit') return rule.verdict === 'deny' ? DENY : ASK;
      if (bit !== EXEC) return PERMIT;
      if (rule.transition === 'inherit') return INHERIT;
      return rule.transition === 'unconfined' ? UNCONFINED : OWN + program;
    };
    if (this.#callers === null) {
      const applies = chain.map((order) => this.input.applies[order] as Applies);
      const ends = applies.some(({ onlyIf, unless }) => onlyIf === null && unless === null);
      return this.#intern([...chain.map(levelOf), ...(ends ? [] : [last])], applies.map(({ key }) => key).join());
    }
    const levels = this.#callers.map((caller): Level => {
      const order = chain.find((order) => meets(this.input.applies[order] as Applies, caller));
      return order === undefined ? last : levelOf(order);
    });
    return this.#intern(levels.every((level) => level === levels[0]) ? levels.slice(0, 1) : levels);
  }

  #intern(levels: readonly Level[], conditions = ''): Grant {
    const key = `${levels.join()}|${levels.length > 1 ? conditions : ''}`;
    const grant = this.#grants.get(key) ?? { id: this.#grants.size, levels };
    this.#grants.set(key, grant);
    return grant;
  }

  #less(view: View, before: Grant, after: Grant): boolean {
    if (before === after) return true;
    if (this.#callers !== null && before.levels.length > 1 && after.levels.length > 1)
      return after.levels.every((level, caller) => this.#lower(view, before.levels[caller] as Level, level));
    return after.levels.every((level) => before.levels.every((old) => this.#lower(view, old, level)));
  }

  #lower(view: View, before: Level, after: Level): boolean {
    const [old, now] = [this.#resolved(view, before), this.#resolved(view, after)];
    return old === now || this.#rank(view, now) < this.#rank(view, old) || this.#rank(view, now) === DENY;
  }

  #resolved(view: View, level: Level): Level {
    // A learner permits what no rule decides, and finds out later what a program runs under.
    if (view === 'learn') return level >= PERMIT ? PERMIT : level;
    // What has no policy of its own in the application does not run.
    if (level === OWN || level === CLOSED) return DENY;
    if (level !== DEFAULT) return level;
    const { default: otherwise } = this.input.policy;
    return otherwise === 'permit' ? PERMIT : otherwise === 'deny' ? DENY : ASK;
  }

  /** Running under one's own policy and keeping the caller's cannot be compared: neither is less than the other. */
  #rank(view: View, level: Level): number {
    const resolved = this.#resolved(view, level);
    if (resolved <= ASK) return resolved;
    return resolved === PERMIT || resolved === UNCONFINED ? 3 : 2;
  }
}

/** One of each kind of callers that the conditions tell apart; null: there are too many. */
function callersOf(applies: readonly (Applies | null)[]): Caller[] | null {
  const uids = new Set([0]);
  const gids = new Set([0]);
  const add = (ids: Set<number>, ranges: Test['uids']): void => {
    for (const { first, last } of ranges ?? []) for (const id of [first, last + 1]) if (id < 0xffffffff) ids.add(id);
  };
  let owned = false;
  for (const rule of applies) {
    if (isUnconditional(rule)) continue;
    for (const test of [rule?.onlyIf, rule?.unless]) {
      add(uids, test?.uids ?? null);
      add(gids, test?.gids ?? null);
      owned ||= test?.owner === true;
    }
  }
  const selves = owned ? [false, true] : [false];
  if (uids.size * gids.size * selves.length > CALLERS_MAX) return null;
  return [...uids].flatMap((uid) => [...gids].flatMap((gid) => selves.map((self) => ({ uid, gid, self }))));
}

function meets({ onlyIf, unless }: Applies, caller: Caller): boolean {
  return (onlyIf === null || holds(onlyIf, caller)) && (unless === null || !holds(unless, caller));
}

function holds({ uids, gids, owner }: Test, caller: Caller): boolean {
  const within = (ranges: Test['uids'], id: number): boolean =>
    ranges === null || ranges.some(({ first, last }) => id >= first && id <= last);
  return within(uids, caller.uid) && within(gids, caller.gid) && (!owner || caller.self);
}
