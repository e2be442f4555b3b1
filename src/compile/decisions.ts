// SPDX-License-Identifier: GPL-2.0-only
/** The tables of answers, decisions, conditions and ranges. */

import { errnoNumber } from '../policy/errno.js';
import type { Policy, Verdict } from '../policy/model.js';
import { FIRST_OPERATIONS, MASK_BITS, operationBit } from '../policy/operations.js';
import { type Answer, type Chain, isUnconditional } from './answers.js';
import type { Applies, Test } from './conditions.js';
import { policyError, ruleError } from './errors.js';
import type { Ranked } from './grants.js';
import { CONDITION_OWNER_SELF, DECISION_DEFAULT, DECISION_LOG, TRANSITIONS } from './layout.js';

export interface DecisionEntry {
  readonly verdict: Verdict;
  readonly transition: number;
  /** Of a denial; also of a question, for whoever must refuse because nobody can be asked. */
  readonly errnum: number;
  readonly flags: number;
  readonly rule: number;
  readonly onlyIf: number;
  readonly unless: number;
  readonly otherwise: number;
}

export interface ConditionEntry {
  readonly flags: number;
  readonly uidFirst: number;
  readonly uidCount: number;
  readonly gidFirst: number;
  readonly gidCount: number;
}

export interface AnswerEntry {
  /** By the bit of an operation, an index into the decisions. */
  readonly decisions: readonly number[];
  /** Number of the application's program whose path this is; 0: none. */
  readonly program: number;
  /** The classes by which places are compared when something is moved: as a file, and as a folder in the upper half. */
  readonly grants: number;
}

export interface AnswerTableInput {
  readonly policy: Policy;
  readonly ranked: readonly Ranked[];
  /** By order; null: the rule never applies. */
  readonly applies: readonly (Applies | null)[];
}

const EXEC = operationBit('exec');

/** Answers, decisions, conditions and ranges, each once, numbered as they come. */
export class AnswerTable {
  readonly answers: AnswerEntry[] = [];
  readonly decisions: DecisionEntry[] = [];
  readonly conditions: ConditionEntry[] = [{ flags: 0, uidFirst: 0, uidCount: 0, gidFirst: 0, gidCount: 0 }];
  readonly ranges: { first: number; last: number }[] = [];
  readonly #answerIds = new Map<string, number>();
  readonly #decisionIds = new Map<string, number>();
  readonly #conditionIds = new Map<string, number>();
  readonly #ruleIds = new Map<string, number>();
  readonly #closed: number;

  /** `dead`: the grants of the dead state, whose answer is number 0. */
  constructor(
    private readonly input: AnswerTableInput,
    dead: number,
  ) {
    const { policy } = input;
    const errnum = errnoNumber(policy.errno);
    if (errnum === undefined) throw policyError('unknown-errno', policy, { name: policy.errno });
    const last = (verdict: Verdict): DecisionEntry => ({
      verdict,
      transition: 0,
      errnum: verdict === 'permit' ? 0 : errnum,
      flags: DECISION_DEFAULT | (verdict === 'permit' ? 0 : DECISION_LOG),
      rule: 0,
      onlyIf: 0,
      unless: 0,
      otherwise: 0,
    });
    this.#decision(last(policy.default));
    this.#answer(new Array<number>(MASK_BITS).fill(0), 0, dead);
    this.#closed = this.#decision(last('deny'));
  }

  /** The number of an answer. `closed`: what no rule decides is denied, whatever the default. */
  of({ chains, program, closed: shut }: Answer, grants = 0, closed = false): number {
    const last = (bit: number): number =>
      (closed && bit < FIRST_OPERATIONS.length) || (shut & (1 << bit)) !== 0 ? this.#closed : 0;
    const decisions = chains.map((chain, bit) => this.#chain(chain, bit === EXEC, last(bit)));
    return this.#answer(decisions, program, grants);
  }

  /** The answer of a closed kind that no rule names. */
  closed(): number {
    const decisions = Array.from({ length: MASK_BITS }, (_, bit) => (bit < FIRST_OPERATIONS.length ? this.#closed : 0));
    return this.#answer(decisions, 0, 0);
  }

  /** The decision that denies what no rule decides, whatever the default. */
  get closedDecision(): number {
    return this.#closed;
  }

  #chain(chain: Chain, exec: boolean, last: number): number {
    let next = last;
    for (let index = chain.length - 1; index >= 0; index--) next = this.#rule(chain[index] as number, exec, next);
    return next;
  }

  /** The decision by which a rule gives way to `otherwise`. */
  #rule(order: number, exec: boolean, otherwise: number): number {
    const key = `${order}|${exec}|${otherwise}`;
    const known = this.#ruleIds.get(key) ?? this.#make(order, exec, otherwise);
    this.#ruleIds.set(key, known);
    return known;
  }

  #make(order: number, exec: boolean, otherwise: number): number {
    const { rule, number } = this.input.ranked[order] as Ranked;
    const applies = this.input.applies[order] as Applies;
    const name = rule.errno ?? this.input.policy.errno;
    const errnum = errnoNumber(name);
    if (errnum === undefined) throw ruleError('unknown-errno', rule, { name });
    return this.#decision({
      verdict: rule.verdict,
      transition: exec && rule.verdict === 'permit' ? TRANSITIONS.indexOf(rule.transition ?? 'own') : 0,
      errnum: rule.verdict === 'permit' ? 0 : errnum,
      flags: (rule.log ?? rule.verdict !== 'permit') ? DECISION_LOG : 0,
      rule: number,
      onlyIf: this.#condition(applies.onlyIf),
      unless: this.#condition(applies.unless),
      otherwise: isUnconditional(applies) ? 0 : otherwise,
    });
  }

  #condition(test: Test | null): number {
    if (test === null) return 0;
    const key = JSON.stringify(test);
    const known = this.#conditionIds.get(key);
    if (known !== undefined) return known;
    const uidFirst = test.uids === null ? 0 : this.#list(test.uids);
    const gidFirst = test.gids === null ? 0 : this.#list(test.gids);
    const id = this.conditions.length;
    this.conditions.push({
      flags: test.owner ? CONDITION_OWNER_SELF : 0,
      uidFirst,
      uidCount: test.uids?.length ?? 0,
      gidFirst,
      gidCount: test.gids?.length ?? 0,
    });
    this.#conditionIds.set(key, id);
    return id;
  }

  #list(ranges: NonNullable<Test['uids']>): number {
    const first = this.ranges.length;
    this.ranges.push(...ranges.map(({ first, last }) => ({ first, last })));
    return first;
  }

  #answer(decisions: number[], program: number, grants: number): number {
    const key = `${program}|${grants}|${decisions.join()}`;
    return intern(this.#answerIds, this.answers, { decisions, program, grants }, key);
  }

  #decision(entry: DecisionEntry): number {
    return intern(this.#decisionIds, this.decisions, entry, Object.values(entry).join());
  }
}

function intern<T>(ids: Map<string, number>, entries: T[], entry: T, key: string): number {
  const known = ids.get(key);
  if (known !== undefined) return known;
  ids.set(key, entries.length);
  entries.push(entry);
  return entries.length - 1;
}
