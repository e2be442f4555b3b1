// SPDX-License-Identifier: GPL-2.0-only
/** What is wrong with a classic policy: a fault where it is found, a problem with its place where that is known. */
import type { Place } from '../policy/model.js';
import { type Facts, MESSAGES, type SystraceCode } from './messages.js';

/** One thing that is wrong with the text. */
export interface SystraceProblem {
  readonly code: SystraceCode;
  readonly message: string;
  readonly remedy: string;
  readonly place: Place;
  /** The line it stands in, as it is in the file. */
  readonly sourceLine: string;
}

/** Thrown within a line; `index` counts bytes from where the reader began. */
export class SystraceFault<C extends SystraceCode = SystraceCode> extends Error {
  override readonly name = 'SystraceFault';

  constructor(
    readonly code: C,
    readonly facts: Facts[C],
    readonly index: number,
  ) {
    super(MESSAGES[code].message(facts));
  }
}

/** A fault with its place. */
export function problemOf<C extends SystraceCode>(
  { code, facts }: SystraceFault<C>,
  place: Place,
  sourceLine: string,
): SystraceProblem {
  return { code, message: MESSAGES[code].message(facts), remedy: MESSAGES[code].remedy(facts), place, sourceLine };
}
