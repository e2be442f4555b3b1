// SPDX-License-Identifier: GPL-2.0-only
/**
 * -p: a program that runs already. As systrace had it, the one process is taken, and what it starts from then on; its children
 * that are there already are not, and what it has open stays open. Linux can do so where the process has one thread: the kernel
 * half's storage is reached by a pidfd, and before 6.9 no pidfd names another thread than the first.
 */
import { setTimeout } from 'node:timers/promises';
import { codeOf, Failure, Refusal } from '../host/failure.js';
import { statFields } from '../host/proc-stat.js';
import { lookAt, type Running } from '../host/running.js';
import { shellWord } from '../host/shell.js';
import { encodeSubject } from '../kernel/records.js';
import { nativeFailure } from '../session/acquire.js';
import type { Session } from '../session/session.js';
import { isSupervised, type SessionState } from '../session/state.js';
import type { Ended } from '../supervise/foreground.js';
import type { Origin } from '../supervise/supervisor.js';

const SIGSTOP = 19;
const SIGCONT = 18;
/** How long a process may take to stand still: in a system call that nothing interrupts (a disk's) it takes none. */
const STILL_MS = 2000;
const LOOK_MS = 5;

/**
 * Throws a Refusal that says why the process cannot be taken, and what to do instead.
 *
 * @param start the command line that starts it under systrace
 */
export function requireTakable({ pid, threads, tracer, exe, rings }: Running, own: number, start: string): void {
  const instead = `end it, and start it under systrace: ${start}`;
  if (pid === own) throw new Refusal(`${pid} is this systrace itself`, 'systrace -p PID PROGRAM');
  if (pid === 1) throw new Refusal('1 is init: everything would hang on what it is denied', instead);
  if (exe === null) throw new Refusal(`${pid} is the kernel's own: it runs no program`, 'ps ax');
  if (tracer !== 0)
    throw new Refusal(`${pid} is traced by ${tracer}, which acts in its place`, `end ${tracer}, or ${instead}`);
  if (rings) throw new Refusal(`${pid} has an io_uring: it could act through it unjudged`, instead);
  if (threads !== 1)
    throw new Refusal(
      `${pid} has ${threads} threads: Linux lets a running program be put under a policy one thread at a time, and what the others do meanwhile would be judged by nobody`,
      instead,
    );
}

/** The command that asks about what a process under a policy is denied. */
const asked = (pid: number): string => `callgate attach ${pid} --ask`;

/**
 * Throws a Refusal where the process supervises a session. Some were taught to give the number of systrace itself: its program is held
 * already, and that number is as good to `attach`.
 */
export function requireNoSupervisor(pid: number, states: readonly SessionState[]): void {
  const held = states.find((state) => state.supervisor.pid === pid && isSupervised(state));
  if (held === undefined) return;
  const { name, kind, command } = held;
  throw new Refusal(
    `${pid} is the supervisor of ${name}: ${command[0]} is under a policy already`,
    kind === 'run' ? asked(pid) : 'callgate status',
  );
}

/**
 * A running process as the session's origin. How it ended is told to its parent alone, by the kernel: of it we know only that it has, and
 * that is no failure of ours. systrace ended with 0, too.
 */
export function taking(policy: number, pid: number, program: string): Origin<Ended> {
  return {
    name: program.split('/').at(-1) ?? program,
    enter: async (session) => {
      const { addon } = session.host;
      const pidfd = addon.openPidfd(pid);
      try {
        await take(session, pidfd, policy, pid, program);
      } catch (error) {
        addon.closeFd(pidfd);
        throw error;
      }
      const { done } = addon.waitPidfd(pidfd);
      return { ended: done.then(() => ({ code: 0, signal: null })) };
    },
  };
}

/** Stopped, made a subject, let go on: there is no instruction in between that could fork or make a thread. */
async function take(session: Session, pidfd: number, policy: number, pid: number, program: string): Promise<void> {
  const { addon } = session.host;
  const before = lookAt(pid);
  try {
    if (!before.stopped) {
      addon.sendSignal(pidfd, SIGSTOP);
      await standsStill(pid);
    }
    // It may have made a thread until it stood.
    requireTakable(lookAt(pid), process.pid, `systrace -a ${shellWord(program)}`);
    mark(session, pidfd, policy, pid);
  } finally {
    if (!before.stopped) addon.sendSignal(pidfd, SIGCONT);
  }
}

function mark(session: Session, pidfd: number, policy: number, pid: number): void {
  const { host, gate, number, cookie } = session;
  try {
    host.addon.mark(gate.native, pidfd, encodeSubject(policy, number, cookie));
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new Refusal(`${pid} is under a policy already`, asked(pid), error);
    throw nativeFailure(error, `${pid} could not be made a subject`);
  }
}

async function standsStill(pid: number): Promise<void> {
  const end = Date.now() + STILL_MS;
  for (;;) {
    const [state] = statFields(pid);
    if (state === 'T' || state === 't') return;
    if (Date.now() > end)
      throw new Failure(`${pid} does not stand still (it is in state ${state})`, 'try again when it waits for no disk');
    await setTimeout(LOOK_MS);
  }
}
