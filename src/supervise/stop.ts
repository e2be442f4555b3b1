/** Ending a session: its subjects are asked to end, or made to. */
import { constants } from 'node:os';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import { releaseGate } from '../session/acquire.js';
import { isSupervised, readState, type SessionState } from '../session/state.js';
import { type SubjectProcess, signalSubjects, subjectProcesses, subjectsGone } from '../session/subjects.js';
import { freeSession } from './salvage.js';

export interface Stopped {
  readonly session: string;
  /** Processes that were there and have ended. */
  readonly ended: readonly { readonly pid: number; readonly comm: string }[];
  readonly signal: 'SIGTERM' | 'SIGKILL';
}

/** How long processes have to end after SIGTERM. */
const PATIENCE_MS = 10_000;
/** Passes of SIGKILL: each finds the children that were forked behind the last. */
const KILL_PASSES = 100;

/**
 * Ends every process of the session and waits for it.
 *
 * @throws Failure naming the processes that would not end
 */
export async function stopSession(host: Host, gate: Gate, state: SessionState, kill: boolean): Promise<Stopped> {
  const before = subjectProcesses(gate, state.number);
  const signal = kill ? 'SIGKILL' : 'SIGTERM';
  if (kill) await killAll(host, gate, state.number);
  else {
    signalSubjects(host.addon, before, constants.signals.SIGTERM);
    // A stopped process takes its SIGTERM only once it goes on.
    signalSubjects(host.addon, before, constants.signals.SIGCONT, (process) => process.stopped);
    if (!(await subjectsGone(host.addon, gate, state.number, AbortSignal.timeout(PATIENCE_MS)))) {
      const left = subjectProcesses(gate, state.number);
      throw new Failure(
        `${state.name}: still running after ${PATIENCE_MS / 1000} s: ${left.map(name).join(', ')}`,
        `callgate stop ${state.name} --kill`,
      );
    }
  }
  return { session: state.name, ended: before.map(({ pid, comm }) => ({ pid, comm })), signal };
}

/** Frees the session if its supervisor is gone; one that lives does it itself. Call under the lock. */
export function sweepSession(host: Host, gate: Gate, name: string): boolean {
  const state = readState(host, name);
  if (state === undefined || isSupervised(state) || subjectProcesses(gate, state.number).length > 0) return false;
  freeSession(host, gate, state);
  releaseGate(host, gate);
  return true;
}

async function killAll(host: Host, gate: Gate, session: number): Promise<void> {
  for (let pass = 0; pass < KILL_PASSES; pass++) {
    const processes = subjectProcesses(gate, session);
    if (signalSubjects(host.addon, processes, constants.signals.SIGKILL) === 0) return;
    if (await subjectsGone(host.addon, gate, session, AbortSignal.timeout(100))) return;
  }
  const left = subjectProcesses(gate, session);
  if (left.length > 0) throw new Failure(`not killed after ${KILL_PASSES} attempts: ${left.map(name).join(', ')}`);
}

function name({ comm, pid }: SubjectProcess): string {
  return `${comm} (${pid})`;
}
