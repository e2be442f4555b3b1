// SPDX-License-Identifier: GPL-2.0-only
/**
 * A condition as a list of sets: the first that an object is in says whether the condition holds for it. So a list of rules,
 * of which the first that matches decides, can say what `and`, `or` and `not` say.
 */
import type { Remark } from './reach.js';
import type { Space } from './space.js';
import type { Comparison, Expression } from './syntax.js';

export interface Case<P> {
  readonly set: P;
  readonly holds: boolean;
}

/** Where it cannot be said exactly: not for more than is meant (of a permit), or not for less (of a denial). */
export type Side = 'under' | 'over';

/** More of them are not followed. */
const CASES_MAX = 512;

/** The cases of a condition, the last of which is everything. `remarks` gets what was not taken over as it is. */
export function casesOf<P>(condition: Expression, space: Space<P>, side: Side, remarks: Set<Remark>): Case<P>[] {
  const reader = new CaseReader(space, remarks);
  return reader.shortened(reader.of(condition, side));
}

class CaseReader<P> {
  constructor(
    readonly space: Space<P>,
    readonly remarks: Set<Remark>,
  ) {}

  of(expression: Expression, side: Side): Case<P>[] {
    switch (expression.kind) {
      case 'true':
        return [this.#rest(true)];
      case 'test':
        return this.#test(expression, side);
      case 'not':
        return turned(this.of(expression.of, other(side)));
      case 'and':
      case 'or':
        return this.#both(
          this.of(expression.left, side),
          () => this.of(expression.right, side),
          expression.kind === 'or',
          side,
        );
    }
  }

  #test(test: Comparison, side: Side): Case<P>[] {
    const negative = test.operator === 'neq' || test.operator === 'nsub';
    const positive: Comparison = negative ? { ...test, operator: test.operator === 'neq' ? 'eq' : 'sub' } : test;
    const reach = this.space.reach(positive);
    // What is not there is equal to nothing and differs from nothing.
    if (reach === null) return [this.#rest(false)];
    const within = negative ? other(side) : side;
    if (reach.remark !== null && !(reach.unmeant === true && within === 'under')) this.remarks.add(reach.remark);
    const sets = within === 'under' ? reach.under : reach.over;
    const cases = [...sets.map((set) => ({ set, holds: true })), this.#rest(false)];
    return negative ? turned(cases) : cases;
  }

  /** `or` where `settled` is true: what the left side says yes to; `and`: what it says no to. */
  #both(left: readonly Case<P>[], right: () => Case<P>[], settled: boolean, side: Side): Case<P>[] {
    if (left.every(({ holds }) => holds === settled)) return [this.#rest(settled)];
    const others = this.shortened(right());
    const cases: Case<P>[] = [];
    for (const one of left) {
      if (one.holds === settled) cases.push(one);
      else for (const two of others) this.#add(cases, one.set, two, side);
      if (cases.length > CASES_MAX) {
        this.remarks.add('common');
        return [this.#rest(side === 'over')];
      }
    }
    return this.shortened(cases);
  }

  #add(cases: Case<P>[], within: P, { set, holds }: Case<P>, side: Side): void {
    const met = this.space.meet(within, set);
    if (met === null) return;
    if (met !== 'unknown') {
      cases.push({ set: met, holds });
      return;
    }
    this.remarks.add('common');
    // What cannot be said is left out, or said of more, whichever is on the safe side.
    if (holds === (side === 'over')) cases.push({ set: within, holds });
  }

  /** Without what stands behind a case of everything, and without the cases before the last that say what it says. */
  shortened(cases: readonly Case<P>[]): Case<P>[] {
    const all = cases.findIndex(({ set }) => set === this.space.everything);
    const reached = all < 0 ? cases : cases.slice(0, all + 1);
    const last = reached.at(-1);
    const differs = reached.findLastIndex(({ holds }) => holds !== last?.holds);
    return last === undefined ? [] : [...reached.slice(0, differs + 1), last];
  }

  #rest(holds: boolean): Case<P> {
    return { set: this.space.everything, holds };
  }
}

function turned<P>(cases: readonly Case<P>[]): Case<P>[] {
  return cases.map(({ set, holds }) => ({ set, holds: !holds }));
}

function other(side: Side): Side {
  return side === 'under' ? 'over' : 'under';
}
