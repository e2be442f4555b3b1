// SPDX-License-Identifier: GPL-2.0-only
/** What a comparison reaches of the objects of one kind: exactly, or the nearest below and above. */
import type { Bytes } from '../policy/bytes.js';
import type { Comparison } from './syntax.js';

/** Why a comparison was not taken over as it is. */
export type Remark =
  /** It compared without regard to case. */
  | 'case'
  /** No path was ever printed like this. */
  | 'never'
  /** It is about names of which nothing is there. */
  | 'no-object'
  /** The language of policies has no pattern for it. */
  | 'pattern'
  /** callgate does not see this argument. */
  | 'argument'
  /** Both sides of an `and` have a pattern, what they have in common has none. */
  | 'common';

/** What lies in `under` is meant, what is meant lies in `over`; they are the same where nothing is remarked. */
export interface Reach<P> {
  readonly under: readonly P[];
  readonly over: readonly P[];
  readonly remark: Remark | null;
  /** What lies in `under` leaves out was never meant, so a permit that lacks it is not remarked. */
  readonly unmeant?: true;
}

export function exactly<P>(sets: readonly P[]): Reach<P> {
  return { under: sets, over: sets, remark: null };
}

/** What each operator holds for, of one kind of object, by the text that it compares with. */
export interface Readings<P> {
  readonly equal: (value: Bytes) => Reach<P>;
  readonly matching: (value: Bytes) => Reach<P>;
  readonly holding: (value: Bytes) => Reach<P>;
  /** `inpath`: what leads to the text, itself too. */
  readonly above: (value: Bytes) => Reach<P>;
  readonly regular: (value: Bytes) => Reach<P>;
}

/** The reach of comparisons. `neq` and `nsub` are told as `eq` and `sub`: whoever asks turns them round. */
export function reaching<P>(readings: Readings<P>): (test: Comparison) => Reach<P> {
  return ({ operator, value }) => {
    switch (operator) {
      case 'eq':
      case 'neq':
        return readings.equal(value);
      case 'match':
        return readings.matching(value);
      case 'sub':
      case 'nsub':
        return readings.holding(value);
      case 'inpath':
        return readings.above(value);
      case 're':
        return readings.regular(value);
    }
  };
}
