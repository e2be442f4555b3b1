/**
 * The supervisor: starts the program as a subject, passes signals on, and stays until the last subject is gone. Driven by
 * events throughout: nothing is polled.
 */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { codeOf, ProgramNotFound, Refusal } from '../host/failure.js';
import type { Addon, LaunchOptions } from '../kernel/addon.js';
import { encodeArmedSubject } from '../kernel/records.js';
import { nativeFailure } from '../session/acquire.js';
import type { Session } from '../session/session.js';
import { type SubjectProcess, signalSubjects, subjectProcesses, subjectsGone } from '../session/subjects.js';

/** How the program ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: number | null;
}

export interface Supervision {
  readonly session: Session;
  /** Number in the gate of the policy that the program starts under. */
  readonly policy: number;
  readonly launch: LaunchOptions;
  /** Takes a batch of records as the ring buffer holds them; valid during the call only. */
  readonly deliver: (batch: Buffer, records: number) => void;
  /** Says a line to the person, never on the program's standard output. */
  readonly talk: (line: string) => void;
}

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
/** What the terminal sends to all of the foreground's process group by itself. */
const FROM_TERMINAL: readonly string[] = ['SIGINT', 'SIGQUIT'];
/** Processes that end within this time of the program itself are no background. */
const BACKGROUND_MS = 200;

/** The shell's way to say how a program ended: its status, or 128 and the signal. */
export function exitStatus({ code, signal }: Ended): number {
  return signal === null ? (code ?? 125) : 128 + signal;
}

/**
 * Runs the program until the last subject of the session is gone and the ring buffer is read to its end.
 *
 * @returns how the program itself ended
 * @throws ProgramNotFound or Refusal where it could not be started; the session is left to the caller
 */
export async function supervise(supervision: Supervision): Promise<Ended> {
  const { session, launch, talk } = supervision;
  const { addon } = session.host;
  addon.becomeSubreaper();
  const ring = session.gate.openRing(session.number, supervision.deliver);
  const signals = forwardSignals(session);
  const reap = (): void => void addon.reapOrphans();
  process.on('SIGCHLD', reap);
  try {
    const ended = await start(supervision);
    const rest = subjectsGone(addon, session.gate, session.number);
    if (!(await within(rest, BACKGROUND_MS))) {
      const running = subjectProcesses(session.gate, session.number);
      const name = launch.file.split('/').at(-1) ?? launch.file;
      if (running.length > 0) talk(`${name} runs on, pid ${running.map(({ pid }) => pid).join(', ')}`);
      await rest;
    }
    return ended;
  } finally {
    ring.drain();
    ring.stop();
    process.off('SIGCHLD', reap);
    addon.reapOrphans();
    signals.stop();
  }
}

/** Held, made a subject, let go: there is no instruction of the program that is not judged. Resolves when it ended. */
async function start({ session, policy, launch }: Supervision): Promise<Ended> {
  const { addon } = session.host;
  let child: ReturnType<Addon['hold']>;
  try {
    child = addon.hold(launch);
  } catch (error) {
    throw launchFailure(error, launch.file);
  }
  try {
    const subject = encodeArmedSubject(policy, session.number, session.cookie, child.device, child.inode);
    addon.mark(session.gate.native, child.pidfd, subject);
  } catch (error) {
    child.abandon();
    throw nativeFailure(error, `${launch.file} could not be made a subject`);
  }
  const ended = child.wait();
  // A launch that fails is told by release(); how its child ended is then nobody's question.
  ended.catch(() => undefined);
  try {
    await child.release();
  } catch (error) {
    throw launchFailure(error, launch.file);
  }
  return ended;
}

function launchFailure(error: unknown, file: string): Error {
  switch (codeOf(error)) {
    case 'ENOENT':
      return new ProgramNotFound(`${file}: no such program (or its interpreter is missing)`, undefined, error);
    case 'EACCES':
    case 'ENOEXEC':
    case 'EISDIR':
      return new Refusal(`${file}: cannot be run (${codeOf(error)})`, `ls -l ${file}`, error);
    default:
      return nativeFailure(error, `${file} could not be started`);
  }
}

/** Passes signals on to every subject, those with a session of their own too. */
function forwardSignals(session: Session): { stop(): void } {
  const handler = (name: NodeJS.Signals): void => {
    const ours = FROM_TERMINAL.includes(name) ? foregroundGroup() : null;
    // The terminal has sent it to our process group already: a second one would be taken for a second Ctrl-C.
    const choose = (subject: SubjectProcess): boolean => ours === null || processGroup(subject.pid) !== ours;
    const subjects = subjectProcesses(session.gate, session.number);
    signalSubjects(session.host.addon, session.gate, subjects, constants.signals[name], choose);
  };
  for (const name of FORWARDED) process.on(name, handler);
  return {
    stop: () => {
      for (const name of FORWARDED) process.off(name, handler);
    },
  };
}

/** Our process group, if it is the foreground's of our terminal; else null. */
function foregroundGroup(): number | null {
  const [, , group, , terminal, foreground] = statFields('self');
  return terminal !== 0 && group === foreground ? (group ?? null) : null;
}

function processGroup(pid: number): number | null {
  return statFields(String(pid))[2] ?? null;
}

/** /proc/PID/stat behind the name: state, ppid, pgrp, session, tty_nr, tpgid ... as numbers; empty if it is gone. */
function statFields(pid: string): number[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
  } catch {
    return [];
  }
}

async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
