// SPDX-License-Identifier: GPL-2.0-only
/** Whole programs, per unit of work; bench/programs-guest.ts is its half in the VM. */
import type { Figure, Unit } from './figure.js';
import { guestTold } from './vm.js';

type Told =
  | { readonly failed: string }
  | {
      readonly mechanism: string;
      readonly operation: string;
      readonly unit: Unit;
      readonly base: number;
      readonly added: number;
      readonly spread: number;
    };

const SECONDS = 3000;

/** @throws Error where the guest ends otherwise than well */
export async function measurePrograms(kernel: string, say: (line: string) => void): Promise<Figure[]> {
  const only = process.env.CALLGATE_ONLY;
  const env: Record<string, string> = only === undefined ? {} : { CALLGATE_ONLY: only };
  const told = await guestTold<Told>(
    kernel,
    { file: 'programs-guest.js', seconds: SECONDS, counted: true, env },
    (one) =>
      say(
        `${kernel}: ${'failed' in one ? `failed: ${one.failed}` : `${one.mechanism}: ${one.operation}: ${one.base} +${one.added}`}`,
      ),
  );
  return told.flatMap((one): Figure[] => ('failed' in one ? [] : [{ kernel, part: 'programs', ...one }]));
}
