// SPDX-License-Identifier: GPL-2.0-only
/** What a state answers: for each operation the rules that decide it, in order, until one always applies. */
import type { Verdict } from '../policy/model.js';
import { MASK_BITS, operationBit } from '../policy/operations.js';
import type { Applies } from './conditions.js';
import { ruleError } from './errors.js';
import type { Mark, Ranked } from './grants.js';
import { CHAIN_MAX } from './layout.js';

/** The rules that get their turn for one operation, as orders; the default follows unless the last always applies. */
export type Chain = readonly number[];

export interface Answer {
  readonly id: number;
  /** By the bit of an operation; empty: the default. */
  readonly chains: readonly Chain[];
  readonly program: number;
  /** The operations that no default opens; 0 where the default is to deny. */
  readonly closed: number;
}

const NOTHING: Chain = [];

/** All answers of one compilation, each once. Number 0 is the default for everything. */
export class Answers {
  readonly all: Answer[] = [];
  readonly #ids = new Map<string, number>();

  /** `applies` by order; null: the rule never applies. */
  constructor(
    private readonly ranked: readonly Ranked[],
    private readonly applies: readonly (Applies | null)[],
    private readonly fallback: Verdict,
  ) {
    this.of([], 0);
  }

  /** The answer of these marks, in order of decision; `shut`: operations that no default opens. Throws CompileError where a chain of conditions is too long. */
  of(marks: readonly Mark[], program: number, shut = 0): Answer {
    const closed = this.fallback === 'deny' ? 0 : shut;
    let open = 0;
    for (const { mask } of marks) open |= mask;
    let key = `${program}/${closed}`;
    const chains = Array.from({ length: MASK_BITS }, (_, bit): Chain => {
      if ((open & (1 << bit)) === 0) return NOTHING;
      const chain = this.#chain(marks, bit);
      if (chain.length > 0) key += `|${bit}:${chain.join()}`;
      return chain;
    });
    const known = this.#ids.get(key);
    if (known !== undefined) return this.all[known] as Answer;
    const answer: Answer = { id: this.all.length, chains, program, closed };
    this.#ids.set(key, answer.id);
    this.all.push(answer);
    return answer;
  }

  #chain(marks: readonly Mark[], bit: number): Chain {
    const chain: number[] = [];
    const seen: string[] = [];
    for (const { order, mask } of marks) {
      if ((mask & (1 << bit)) === 0 || chain.at(-1) === order) continue;
      const applies = this.applies[order];
      // A rule that applies only when an earlier one of the chain does never gets its turn.
      if (applies === undefined || applies === null || seen.includes(applies.key)) continue;
      chain.push(order);
      if (isUnconditional(applies)) return chain;
      seen.push(applies.key);
      // The default is the last decision of this chain and is tried like the others.
      if (chain.length === CHAIN_MAX) {
        const { rule } = this.ranked[order] as Ranked;
        const operation = rule.operations.find((one) => operationBit(one) === bit) ?? 'stat';
        throw ruleError('chain-too-long', rule, { operation, most: CHAIN_MAX - 1 });
      }
    }
    return chain;
  }
}

/** Does it hold whoever calls? */
export function isUnconditional(applies: Applies | null): boolean {
  return applies !== null && applies.onlyIf === null && applies.unless === null;
}
