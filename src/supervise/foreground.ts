// SPDX-License-Identifier: GPL-2.0-only
/** What a shell expects of a program in its foreground: an exit status, and signals that arrive once. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
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

/** Passes signals on to every subject, those with a session of their own too. */
export function forwardSignals(session: Session): { stop(): void } {
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
    name: origin.name,
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
