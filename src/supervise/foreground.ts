// SPDX-License-Identifier: GPL-2.0-only
/** What a shell expects of a program in its foreground: an exit status, and signals that arrive once. */
import { constants } from 'node:os';
import { statFields } from '../host/proc-stat.js';
import { isIgnored } from '../host/signals.js';
import type { Session } from '../session/session.js';
import { type SubjectProcess, signalSubjects, subjectProcesses } from '../session/subjects.js';
import type { Origin } from './supervisor.js';

/** How the program ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: number | null;
}

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
/** What the terminal sends to all of the foreground's process group by itself. */
const FROM_TERMINAL: readonly string[] = ['SIGINT', 'SIGQUIT'];

/** The shell's way to say how a program ended: its status, or 128 and the signal. */
export function exitStatus({ code, signal }: Ended): number {
  return signal === null ? (code ?? 125) : 128 + signal;
}

/** What comes of signals, beside that they are passed on. */
export interface Signalled {
  /** Has those take them that stand still until a question of theirs is answered. */
  readonly wake: () => void;
  /** It was passed on to these. */
  readonly passed: (processes: readonly SubjectProcess[], name: NodeJS.Signals) => void;
  /**
   * Ends what is left when the program itself has ended: nobody is there any more whose affair Ctrl-C is, and a shell's background jobs
   * ignore it. False: the program is there.
   */
  readonly end: () => boolean;
}

/** Signals by which a person means that it shall end. */
const ENDING: readonly string[] = ['SIGINT', 'SIGTERM'];

/** Passes signals on to every subject, those with a session of their own too. */
export function forwardSignals(session: Session, { wake, passed, end }: Signalled): { stop(): void } {
  const handler = (name: NodeJS.Signals): void => {
    if (ENDING.includes(name) && !isIgnored(name) && end()) return;
    const ours = FROM_TERMINAL.includes(name) ? foregroundGroup() : null;
    // The terminal has sent it to our process group already: a second one would be taken for a second Ctrl-C.
    const choose = (subject: SubjectProcess): boolean => ours === null || processGroup(subject.pid) !== ours;
    const subjects = subjectProcesses(session.gate, session.number);
    signalSubjects(session.host.addon, session.gate, subjects, constants.signals[name], choose);
    wake();
    passed(subjects, name);
  };
  for (const name of FORWARDED) process.on(name, handler);
  return {
    stop: () => {
      for (const name of FORWARDED) process.off(name, handler);
    },
  };
}

/** The same signals, for who does something else with them. */
export function takeSignals(take: (name: NodeJS.Signals) => void): { stop(): void } {
  for (const name of FORWARDED) process.on(name, take);
  return {
    stop: () => {
      for (const name of FORWARDED) process.off(name, take);
    },
  };
}

/** Our process group, if it is the foreground's of our terminal; else null. */
function foregroundGroup(): number | null {
  const [, , group, , terminal, foreground] = statFields('self').map(Number);
  return terminal !== 0 && group === foreground ? (group ?? null) : null;
}

function processGroup(pid: number): number | null {
  const [, , group] = statFields(pid).map(Number);
  return group ?? null;
}

/**
 * The origin, brought in once somebody is there. Where nobody comes, a signal is its end: nothing has begun that could take it.
 *
 * @param somebody false: the session was ended meanwhile
 */
export function awaiting(origin: Origin<Ended>, somebody: Promise<boolean>): Origin<Ended> {
  return {
    ...origin,
    enter: async (session) => {
      let end: (name: NodeJS.Signals) => void = () => undefined;
      const signalled = new Promise<NodeJS.Signals>((resolve) => {
        end = resolve;
      });
      for (const name of FORWARDED) process.on(name, end);
      const why = await Promise.race([somebody, signalled]);
      for (const name of FORWARDED) process.off(name, end);
      if (why === true) return origin.enter(session);
      const signal = constants.signals[why === false ? 'SIGTERM' : why];
      return { ended: Promise.resolve({ code: null, signal }) };
    },
  };
}

/** Whoever writes to the terminal beside the program. */
export interface Speaker {
  hold(): void;
  release(): void;
}

/** The origin, with nobody speaking into what the program draws: from before its start until it ended. */
export function quietly<E>(origin: Origin<E>, speakers: readonly Speaker[]): Origin<E> {
  const release = (): void => {
    for (const speaker of speakers) speaker.release();
  };
  return {
    ...origin,
    enter: async (session) => {
      for (const speaker of speakers) speaker.hold();
      try {
        const { ended } = await origin.enter(session);
        return { ended: ended.finally(release) };
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}
