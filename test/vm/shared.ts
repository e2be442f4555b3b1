// SPDX-License-Identifier: GPL-2.0-only
/** The gate of all checks of one process: loading it takes longer than most tests. */
import t from 'tap';
import { Confined } from './confined.js';

let confined: Confined | null = null;

/** Loads it when it is first asked for; it is taken off when all tests are over. */
export function sharedGate(): Confined {
  if (confined === null) {
    const opened = Confined.open();
    t.teardown(() => opened.close());
    confined = opened;
  }
  return confined;
}
