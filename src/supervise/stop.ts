// SPDX-License-Identifier: GPL-2.0-only
/** Ending a session: its subjects are asked to end, or made to. */
import { constants } from 'node:os';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import { releaseGate } from '../session/acquire.js';
import { Session } from '../session/session.js';
import { cookieOf, isSupervised, readState, type SessionState } from '../session/state.js';
import { signalSubjects, subjectProcesses, subjectsGone } from '../session/subjects.js';
import { namesOf } from './lingering.js';
import { freeSession } from './salvage.js';

export interface Stopped {
  readonly session: string;
  /** Processes that were there and have ended. */
  readonly ended: readonly { readonly pid: number; readonly comm: string }[];
  readonly signal: 'SIGTERM' | 'SIGKILL';
}

/** How long processes have to end after SIGTERM. */
const PATIENCE_MS = 10_000;
/** How long SIGKILL is sent to whoever is met: nobody is born meanwhile, so only who sleeps in the kernel outlasts it. */
const KILL_MS = 20_000;

/**
 * Ends every process of the session and waits for it.
 *
 * @throws Failure naming the processes that would not end
 */
export async function stopSession(host: Host, gate: Gate, state: SessionState, kill: boolean): Promise<Stopped> {
  const before = subjectProcesses(gate, state.number);
  const signal = kill ? 'SIGKILL' : 'SIGTERM';
  if (kill) await killAll(host, gate, state);
  else {
    // Once, to those there are: whom a program starts to end in good order is its own affair, and may be forked.
    signalSubjects(host.addon, gate, before, constants.signals.SIGTERM);
    // A stopped process takes its SIGTERM only once it goes on.
    signalSubjects(host.addon, gate, before, constants.signals.SIGCONT, (process) => process.stopped);
    if (!(await subjectsGone(host.addon, gate, state.number, AbortSignal.timeout(PATIENCE_MS)))) {
      const left = subjectProcesses(gate, state.number);
      throw new Failure(
        `${state.name}: still running after ${PATIENCE_MS / 1000} s: ${namesOf(left)}`,
        `callgate stop ${state.name} --kill`,
      );
    }
  }
  return { session: state.name, ended: before.map(({ pid, comm }) => ({ pid, comm })), signal };
}

/** Frees the session if its supervisor is gone and nobody of it is left; one that lives does it itself. Call under the lock. */
export function sweepSession(host: Host, gate: Gate, name: string): boolean {
  const state = readState(host, name);
  if (state === undefined || isSupervised(state) || !Session.found(host, gate, state).isOver) return false;
  freeSession(host, gate, state);
  releaseGate(host, gate);
  return true;
}

/** Forks are refused first: then each pass leaves fewer, and a chain of forks cannot run ahead of the signal. */
async function killAll(host: Host, gate: Gate, state: SessionState): Promise<void> {
  gate.setEnding(state.number, cookieOf(state), 'killed');
  for (const end = Date.now() + KILL_MS; Date.now() < end; ) {
    signalSubjects(host.addon, gate, subjectProcesses(gate, state.number), constants.signals.SIGKILL);
    if (await subjectsGone(host.addon, gate, state.number, AbortSignal.timeout(100))) return;
  }
  throw new Failure(
    `${state.name}: not ended by SIGKILL within ${KILL_MS / 1000} s: ${namesOf(subjectProcesses(gate, state.number))}`,
    'it stays confined and can start nothing; what sleeps in the kernel shows in /proc/PID/stack',
  );
}
