// SPDX-License-Identifier: GPL-2.0-only
/** Switching a living session between enforce and complain. */

import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import { Session } from './session.js';
import { findSession } from './target.js';

export interface ModeChange {
  readonly session: string;
  readonly mode: 'enforce' | 'complain';
  /** Mode of each policy before. */
  readonly was: readonly string[];
  /** Programs of the policies that were switched. */
  readonly policies: readonly string[];
}

/**
 * Switches every policy of a session that nobody attends to. Call under the lock.
 *
 * @throws Failure as switchSession does
 */
export function switchMode(host: Host, gate: Gate, word: string, mode: 'enforce' | 'complain'): ModeChange {
  return switchSession(Session.found(host, gate, findSession(host, gate, word)), mode);
}

/**
 * Switches every policy of the session. Call under the lock.
 *
 * @throws Failure for a learner: its policies are not finished
 */
export function switchSession(session: Session, mode: 'enforce' | 'complain'): ModeChange {
  const { gate, state } = session;
  if (state.kind === 'learn')
    throw new Failure(
      `${state.name} is learning: it permits what no rule decides`,
      `callgate stop ${state.name}, then callgate run`,
    );
  const was = state.policies.map(({ number }) => gate.slot(number)?.mode ?? 'missing');
  session.setMode(mode);
  return { session: state.name, mode, was, policies: state.policies.map(({ program }) => program) };
}
