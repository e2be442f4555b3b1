// SPDX-License-Identifier: GPL-2.0-only
/** Letting go of programs that a session took in as they ran: they go on, under no policy. */
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import { letGo, type Neighbour } from '../session/enter.js';
import { cookieOf, type SessionState } from '../session/state.js';
import { stoodStill } from './settle.js';

export interface Detached {
  readonly session: string;
  /** Processes that run on, under no policy. */
  readonly left: readonly Neighbour[];
}

/** For a person. */
export function detachedText(left: readonly Neighbour[]): string {
  if (left.length === 0) return 'nobody was left to be let go';
  return `let go, and under no policy any more: ${left.map(({ comm, pid }) => `${comm} (${pid})`).join(', ')}`;
}

/** Throws a Failure for a session whose program callgate started: it is confined to its end. */
export function requireEntered({ name, entered, cgroup }: SessionState): void {
  if (entered !== undefined || cgroup !== undefined) return;
  throw new Failure(
    `${name}: its program was started under its policy, and stays so to its end`,
    `callgate stop ${name}`,
  );
}

/**
 * Lets everybody of the session go. What waits for an answer goes on, and is asked by nobody. Call under the lock.
 *
 * @throws Failure where somebody is left after all
 */
export async function detachAll(host: Host, gate: Gate, state: SessionState): Promise<Detached> {
  const { name, number } = state;
  const cookie = cookieOf(state);
  // Whoever asks from now on is denied at once, and stops no more.
  gate.questions.attend(number, cookie, 0n);
  const wake = stoodStill(host, gate, gate.subjects(number));
  try {
    return { session: name, left: await letGo(gate, number, cookie) };
  } finally {
    for (const { tid, cookie: asked } of gate.questions.waiting()) if (asked === cookie) gate.questions.forget(tid);
    wake();
  }
}
