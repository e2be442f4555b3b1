// SPDX-License-Identifier: GPL-2.0-only
/** Memory, of the kernel and of processes; bench/memory-guest.ts is its half in the VM. */
import type { Figure, Unit } from './figure.js';
import { guestTold } from './vm.js';

interface Told {
  readonly operation: string;
  readonly unit: Unit;
  readonly base: number;
  readonly added: number;
  readonly spread: number;
}

/** @throws Error where the guest ends otherwise than well */
export async function measureMemory(kernel: string, say: (line: string) => void): Promise<Figure[]> {
  const guest = { file: 'memory-guest.js', seconds: 1500, counted: false };
  const told = await guestTold<Told>(kernel, guest, ({ operation, added, unit }) =>
    say(`${kernel}: ${operation}: +${added} ${unit}`),
  );
  return told.map((one) => ({ kernel, part: 'memory', mechanism: 'callgate', ...one }));
}
