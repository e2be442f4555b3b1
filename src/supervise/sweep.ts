/**
 * Behind supervisors that were killed: their sessions hold on while a subject lives, and are freed by the next command
 * once none does. A learner's records are put into its journal first.
 */

import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import { Session } from '../session/session.js';
import { isSupervised, readStates, type SessionState } from '../session/state.js';
import { freeSession } from './salvage.js';

/** Sessions that nobody attends to and that hold nobody. */
export function deadSessions(host: Host, gate: Gate): SessionState[] {
  return readStates(host).filter((state) => !isSupervised(state) && Session.found(host, gate, state).isOver);
}

/** Frees them. Call under the lock. Returns the names of the sessions that were freed. */
export function sweep(host: Host, gate: Gate): string[] {
  return deadSessions(host, gate).map((state) => {
    freeSession(host, gate, state);
    return state.name;
  });
}
