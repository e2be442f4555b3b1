// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a supervisor that was killed left standing still: each call that waits is denied and goes on. The kernel half denies it, since
 * nobody attends, and writes the event, which is saved with the rest of the session's (salvage.ts).
 */
import { constants } from 'node:os';
import { codeOf } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import type { SubjectTask } from '../kernel/records.js';
import { cookieOf, isSupervised, readStates, type SessionState } from '../session/state.js';
import { processesOf, signalSubjects, subjectProcesses } from '../session/subjects.js';

export interface Settled {
  readonly session: string;
  /** Processes that went on. */
  readonly continued: readonly { readonly pid: number; readonly comm: string }[];
}

/** Settles a session that nobody attends to. One that has a supervisor is its supervisor's. */
export function settle(host: Host, gate: Gate, state: SessionState): Settled {
  const { name, number } = state;
  const cookie = cookieOf(state);
  if (isSupervised(state)) return { session: name, continued: [] };
  const waiting = gate.questions.waiting().filter((one) => one.cookie === cookie);
  if (waiting.length === 0) return { session: name, continued: [] };
  // Whoever asks from now on is denied at once; the lease of the one that died may not be over.
  gate.questions.attend(number, cookie, 0n);
  const pids = new Set(waiting.map(({ pid }) => pid));
  const processes = subjectProcesses(gate, number).filter(({ pid }) => pids.has(pid));
  for (const { tid } of waiting) gate.questions.forget(tid);
  signalSubjects(host.addon, gate, processes, constants.signals.SIGCONT);
  return { session: name, continued: processes.map(({ pid, comm }) => ({ pid, comm })) };
}

/** The same of all sessions that nobody attends to. */
export function settleAll(host: Host, gate: Gate): Settled[] {
  return readStates(host)
    .map((state) => settle(host, gate, state))
    .filter(({ continued }) => continued.length > 0);
}

/** For a person. */
export function settledText({ session, continued }: Settled): string {
  const names = continued.map(({ comm, pid }) => `${comm} (${pid})`).join(', ');
  return `${session}: its supervisor was gone and ${names} stood still: what was asked is denied, and they go on`;
}

/**
 * Takes hold of those that wait for an answer.
 *
 * @returns what lets them go on, once nothing is asked any more
 */
export function stoodStill(host: Host, gate: Gate, tasks: readonly SubjectTask[]): () => void {
  const waiting = new Set(gate.questions.waiting().map(({ pid }) => pid));
  const pidfds = processesOf(tasks).flatMap(({ pid }) => {
    if (!waiting.has(pid)) return [];
    try {
      return [host.addon.openPidfd(pid)];
    } catch (error) {
      if (codeOf(error) === 'ESRCH') return [];
      throw error;
    }
  });
  return () => {
    for (const pidfd of pidfds) {
      try {
        host.addon.sendSignal(pidfd, constants.signals.SIGCONT);
      } catch (error) {
        if (codeOf(error) !== 'ESRCH') throw error;
      } finally {
        host.addon.closeFd(pidfd);
      }
    }
  };
}
