// SPDX-License-Identifier: GPL-2.0-only
/**
 * The processes of a session: listing them, signalling them, and waiting until the last is gone. No pid is trusted: a process
 * is its pid and the start that the kernel half tells, and a signal goes by pidfd to that one or to none.
 */
import { setTimeout } from 'node:timers/promises';

import { codeOf } from '../host/failure.js';
import type { Addon } from '../kernel/addon.js';
import type { Gate } from '../kernel/gate.js';
import type { SubjectTask } from '../kernel/records.js';
import { look, lookWell } from './living.js';

/** How soon a look that met nobody is repeated, and how late at last. */
const SOON_MS = 2;
const LATE_MS = 200;

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
  readonly cookie: bigint;
  readonly start: bigint;
}

/** The processes of a session (0: of all), those that have ended left out. */
export function subjectProcesses(gate: Gate, session: number): SubjectProcess[] {
  return processesOf(lookWell(gate, session).tasks);
}

/** The processes from the records of their threads. */
export function processesOf(tasks: readonly SubjectTask[]): SubjectProcess[] {
  const processes = new Map<string, SubjectTask[]>();
  for (const task of tasks) {
    const threads = processes.get(key(task));
    if (threads === undefined) processes.set(key(task), [task]);
    else threads.push(task);
  }
  return [...processes.values()].map((threads) => {
    const leader = threads.find(({ pid, tid }) => tid === pid) ?? (threads[0] as SubjectTask);
    const { pid, ppid, uid, comm, session, cookie, start } = leader;
    return {
      ...{ pid, ppid, uid, comm, session, cookie, start },
      threads: threads.length,
      stopped: threads.some((thread) => thread.stopped),
      policies: [...new Set(threads.map((thread) => thread.policy))],
    };
  });
}

/**
 * Sends a signal to each process for which `choose` says so; returns how many took it. A process that is gone is no
 * failure, and none that has its number by now is sent anything: the pidfd is opened first, then the kernel half says who
 * has that number, and who has had it since the listing has been it all the time.
 */
export function signalSubjects(
  addon: Addon,
  gate: Gate,
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
      if (!gate.subjectsOf(pidfd).some((task) => key(task) === key(process))) continue;
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
 * Resolves when nobody of the session is left, as src/session/living.ts proves it. Waits for the processes it meets; where
 * it meets none and the count says otherwise, it looks again a little later: the kernel frees who was collected within
 * moments, and who dodges the walk is met at last, or outlasts it.
 *
 * @param stop resolves earlier, with false
 */
export async function subjectsGone(addon: Addon, gate: Gate, session: number, stop?: AbortSignal): Promise<boolean> {
  const stopped = stop === undefined ? [] : [aborted(stop)];
  for (let pause = SOON_MS; stop?.aborted !== true; ) {
    const { over, tasks } = look(gate, session);
    // A gate that was taken off counts no more: what is listed of it is all that can be known.
    if (over || (tasks.length === 0 && gate.whole().off)) return true;
    const waits = processesOf(tasks).flatMap(({ pid }) => {
      const pidfd = open(addon, pid);
      return pidfd === null ? [] : [{ pidfd, wait: addon.waitPidfd(pidfd) }];
    });
    if (waits.length > 0) {
      await Promise.race([...waits.map(({ wait }) => wait.done.catch(() => undefined)), ...stopped]);
      for (const { wait, pidfd } of waits) {
        wait.cancel();
        addon.closeFd(pidfd);
      }
      pause = SOON_MS;
    }
    await Promise.race([setTimeout(pause), ...stopped]);
    pause = Math.min(2 * pause, LATE_MS);
  }
  return false;
}

/** Names a process for good. */
function key({ pid, start, cookie }: Pick<SubjectTask, 'pid' | 'start' | 'cookie'>): string {
  return `${pid} ${start} ${cookie}`;
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
