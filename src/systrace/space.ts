// SPDX-License-Identifier: GPL-2.0-only
/**
 * The kinds of objects that a rule may be about, each with its own sets: paths, addresses, and what is counted one by one. The
 * converter reckons with all of them in the same way.
 */
import { contains, EVERYTHING, literalPath, meet, type Pattern } from './pattern.js';
import type { Reach } from './reach.js';
import type { Comparison } from './syntax.js';

/** How the sets of one kind are reckoned with. */
export interface Space<P> {
  readonly everything: P;
  readonly meet: (one: P, other: P) => P | null | 'unknown';
  readonly contains: (outer: P, inner: P) => boolean;
  /** What a comparison of the printed argument holds for, `neq` told as `eq`; null: the call has no such argument. */
  readonly reach: (test: Comparison) => Reach<P> | null;
  /** A word that stands for the set where it is one single object, to find it by; null: it is a pattern. */
  readonly key: (set: P) => string | null;
}

/** Paths. `reach` differs with the call. */
export function pathSpace(reach: (test: Comparison) => Reach<Pattern> | null): Space<Pattern> {
  return { everything: EVERYTHING, meet, contains, reach, key: literalPath };
}

/** Sets of things that are counted: numbers in ascending order. */
export type Points = readonly number[];

/** Things that are counted. `holds` tells for which a comparison holds; null: the call has no such argument. */
export function pointSpace(
  count: number,
  holds: (test: Comparison) => ((point: number) => boolean | null) | null,
): Space<Points> {
  const everything = Array.from({ length: count }, (_, index) => index);
  return {
    everything,
    meet: (one, other) => {
      const both = one.filter((point) => other.includes(point));
      return both.length === 0 ? null : both;
    },
    contains: (outer, inner) => inner.every((point) => outer.includes(point)),
    reach: (test) => {
      const answer = holds(test);
      if (answer === null) return null;
      const answers = everything.map(answer);
      const under = everything.filter((point) => answers[point] === true);
      const over = everything.filter((point) => answers[point] !== false);
      const sets = (points: Points): Points[] => (points.length === 0 ? [] : [points]);
      return { under: sets(under), over: sets(over), remark: answers.includes(null) ? 'argument' : null };
    },
    key: () => null,
  };
}
