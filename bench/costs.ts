// SPDX-License-Identifier: GPL-2.0-only
/** Operations counted under every mechanism, in one boot of each kernel; bench/guest.ts is its half in the VM. */
import type { Figure } from './figure.js';
import { MECHANISMS, SHORT } from './mechanisms.js';
import { guestTold } from './vm.js';

const SECONDS = 1500;

/** One line of the guest. */
interface Told {
  readonly mechanism: string;
  readonly operation: string;
  /** Null where the operation failed; `least` is the errno then. */
  readonly median: number | null;
  readonly least: number;
  readonly most: number;
}

/** @throws Error where the guest ends otherwise than well */
export async function measureCosts(kernel: string, short: boolean, say: (line: string) => void): Promise<Figure[]> {
  const env: Record<string, string> = short
    ? { CALLGATE_ONLY: SHORT.join(), CALLGATE_MECHANISMS: 'nothing;callgate' }
    : { CALLGATE_SCALE: '1' };
  let last = '';
  const heard = ({ mechanism }: Told): void => {
    if (mechanism !== last) say(`${kernel}: ${mechanism}`);
    last = mechanism;
  };
  const told = await guestTold<Told>(kernel, { file: 'guest.js', seconds: SECONDS, counted: true, env }, heard);
  const bases = new Map(told.filter(({ mechanism }) => mechanism === MECHANISMS[0]).map((one) => [one.operation, one]));
  return told.flatMap(({ mechanism, operation, median, least, most }): Figure[] => {
    const base = bases.get(operation)?.median;
    if (base === undefined || base === null) return [];
    if (median === null) {
      say(`${kernel}: ${mechanism}: ${operation} failed (errno ${least})`);
      return [];
    }
    return mechanism === MECHANISMS[0]
      ? []
      : [{ kernel, part: 'costs', mechanism, operation, base, added: median - base, spread: most - least }];
  });
}
