/** The processes of a session: listing them, signalling them, and waiting until the last is gone. No pid is trusted: a process is named by its pidfd. */

import { codeOf } from '../host/failure.js';
import type { Addon } from '../kernel/addon.js';
import type { Gate } from '../kernel/gate.js';
import { SUBJECT_FREE, type SubjectTask } from '../kernel/records.js';

/** A process under a policy. */
export interface SubjectProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly comm: string;
  readonly threads: number;
  readonly stopped: boolean;
  /** Policy numbers of its threads; more than one only while an exec is under way. */
  readonly policies: readonly number[];
  readonly session: number;
  readonly start: bigint;
}

/** The processes of a session (0: of all), from the records of their threads. Those an `unconfined` exec set free are left out. */
export function subjectProcesses(gate: Gate, session: number): SubjectProcess[] {
  const processes = new Map<number, SubjectTask[]>();
  for (const task of gate.subjects(session)) {
    if ((task.flags & SUBJECT_FREE) !== 0) continue;
    const threads = processes.get(task.pid);
    if (threads === undefined) processes.set(task.pid, [task]);
    else threads.push(task);
  }
  return [...processes].map(([pid, threads]) => {
    const leader = threads.find((thread) => thread.tid === pid) ?? (threads[0] as SubjectTask);
    return {
      pid,
      ppid: leader.ppid,
      uid: leader.uid,
      comm: leader.comm,
      threads: threads.length,
      stopped: threads.some((thread) => thread.stopped),
      policies: [...new Set(threads.map((thread) => thread.policy))],
      session: leader.session,
      start: leader.start,
    };
  });
}

/** Sends a signal to each process for which `choose` says so; returns how many took it. A process that is gone is no failure. */
export function signalSubjects(
  addon: Addon,
  processes: readonly SubjectProcess[],
  signal: number,
  choose: (process: SubjectProcess) => boolean = () => true,
): number {
  let sent = 0;
  for (const process of processes) {
    if (!choose(process)) continue;
    const pidfd = open(addon, process.pid);
    if (pidfd === null) continue;
    try {
      addon.sendSignal(pidfd, signal);
      sent++;
    } catch (error) {
      if (codeOf(error) !== 'ESRCH') throw error;
    } finally {
      addon.closeFd(pidfd);
    }
  }
  return sent;
}

/**
 * Resolves when no process of the session is left. A listing that finds nobody new is repeated once: a child that was
 * forked behind the listing's back by a process that ended in front of it is found by the second.
 *
 * @param stop resolves earlier, with false
 */
export async function subjectsGone(addon: Addon, gate: Gate, session: number, stop?: AbortSignal): Promise<boolean> {
  // Ended but still listed: a zombie that its parent has not collected is nobody any more.
  const ended = new Set<string>();
  for (let empty = 0; empty < 2; ) {
    if (stop?.aborted === true) return false;
    const waits = subjectProcesses(gate, session)
      .filter((process) => !ended.has(key(process)))
      .flatMap((process) => {
        const pidfd = open(addon, process.pid);
        if (pidfd !== null) return [{ process, pidfd, wait: addon.waitPidfd(pidfd) }];
        ended.add(key(process));
        return [];
      });
    if (waits.length === 0) {
      empty++;
      continue;
    }
    empty = 0;
    const finished = waits.map(({ process, wait }) =>
      wait.done.then(
        () => void ended.add(key(process)),
        () => undefined,
      ),
    );
    await Promise.race([...finished, ...(stop === undefined ? [] : [aborted(stop)])]);
    for (const { wait, pidfd } of waits) {
      wait.cancel();
      addon.closeFd(pidfd);
    }
  }
  return true;
}

function key(process: SubjectProcess): string {
  return `${process.pid} ${process.start}`;
}

function open(addon: Addon, pid: number): number | null {
  try {
    return addon.openPidfd(pid);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return null;
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
