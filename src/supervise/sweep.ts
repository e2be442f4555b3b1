// SPDX-License-Identifier: GPL-2.0-only
/**
 * Behind supervisors that were killed: their sessions hold on while a subject lives, and are freed by the next command
 * once none does. What they left unwritten is written first (salvage.ts).
 */

import { messageOf } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import { clearRest, findGate, locked, pinned, releaseGate } from '../session/acquire.js';
import { Session } from '../session/session.js';
import { isSupervised, readStates, type SessionState } from '../session/state.js';
import { freeSession } from './salvage.js';

/** Sessions that nobody attends to and that hold nobody. */
export function deadSessions(host: Host, gate: Gate): SessionState[] {
  return readStates(host).filter((state) => !isSupervised(state) && Session.found(host, gate, state).isOver);
}

/**
 * Frees them. Call under the lock. One that cannot be freed is told and stays; it keeps no other command from its work.
 *
 * @returns the names of the sessions that were freed
 */
export function sweep(host: Host, gate: Gate): string[] {
  return deadSessions(host, gate).flatMap((state) => {
    try {
      freeSession(host, gate, state);
      return [state.name];
    } catch (error) {
      process.emitWarning(`${state.name}: not freed: ${messageOf(error)}`);
      return [];
    }
  });
}

/**
 * The same for a command that only looks: takes the lock where there is something to free, and takes the gate's hooks off where
 * nobody is left in it then.
 */
export async function tidy(host: Host): Promise<void> {
  if (!untidy(host)) return;
  await locked(host, () => {
    const now = findGate(host);
    if (now === null) return clearRest(host);
    sweep(host, now);
    if (!releaseGate(host, now)) now.close();
  });
}

/** Is there a session to be freed, or are hooks on for nobody? */
function untidy(host: Host): boolean {
  const gate = findGate(host);
  if (gate === null) return pinned(host);
  try {
    const idle = gate.attached && gate.sessions().length === 0 && readStates(host).length === 0;
    return idle || deadSessions(host, gate).length > 0;
  } finally {
    gate.close();
  }
}
