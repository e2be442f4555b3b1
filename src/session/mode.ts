/** Switching a living session between enforce and complain. */

import { Failure, Refusal } from '../host/failure.js';
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
 * @throws Failure and Refusal as switchSession does
 */
export function switchMode(host: Host, gate: Gate, word: string, mode: 'enforce' | 'complain'): ModeChange {
  return switchSession(Session.found(host, gate, findSession(host, gate, word)), mode);
}

/**
 * Switches every policy of the session. Call under the lock.
 *
 * @throws Failure for a learner: its policies are not finished
 * @throws Refusal to enforce with hooks that are skipped now and then
 */
export function switchSession(session: Session, mode: 'enforce' | 'complain'): ModeChange {
  const { gate, state } = session;
  if (state.kind === 'learn')
    throw new Failure(
      `${state.name} is learning: it permits what no rule decides`,
      `callgate stop ${state.name}, then callgate run`,
    );
  if (mode === 'enforce' && gate.attach() !== 'lsm' && !state.bestEffort)
    throw new Refusal(
      `${state.name}: hooks are attached by fmod_ret here, which the kernel skips now and then: nothing could be promised`,
      'callgate doctor says what mends it; callgate run --best-effort enforces all the same',
    );
  const was = state.policies.map(({ number }) => gate.slot(number)?.mode ?? 'missing');
  session.setMode(mode);
  return { session: state.name, mode, was, policies: state.policies.map(({ program }) => program) };
}
