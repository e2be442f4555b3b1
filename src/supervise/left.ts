// SPDX-License-Identifier: GPL-2.0-only
/** Who is still in the gate and has nobody to look after its end. */
import type { Host } from '../host/host.js';
import { processStart } from '../host/proc-stat.js';
import { findGate } from '../session/acquire.js';
import { cookieOf, isSupervised, readStates } from '../session/state.js';
import { subjectProcesses } from '../session/subjects.js';
import { tidy } from './sweep.js';

export interface Left {
  /** 0: there is somebody, who cannot be named just now. */
  readonly pid: number;
  /** Clock ticks since boot. */
  readonly start: bigint;
}

/**
 * Frees what can be freed, and takes the gate's hooks off if nobody is left.
 *
 * @returns the eldest of those whose session has no supervisor, or is over; null: there is none, or nothing is on
 */
export async function leftBehind(host: Host): Promise<Left | null> {
  await tidy(host);
  const gate = findGate(host);
  if (gate === null) return null;
  try {
    if (!gate.attached) return null;
    const supervised = readStates(host).filter(isSupervised).map(cookieOf);
    const alone = subjectProcesses(gate, 0).filter(({ cookie }) => !supervised.includes(cookie));
    const [eldest] = alone.sort((one, other) => Number(one.start - other.start));
    if (eldest !== undefined) return { pid: eldest.pid, start: processStart(eldest.pid) ?? 0n };
    // It moved while all were listed, or came to its end just now.
    return supervised.length === 0 ? { pid: 0, start: 0n } : null;
  } finally {
    gate.close();
  }
}
