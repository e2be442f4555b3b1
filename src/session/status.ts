// SPDX-License-Identifier: GPL-2.0-only
/** What is there: the gate, its sessions, their subjects and counters. Reads only. */

import { FLOORS, REASONS } from '../events/names.js';
import type { Counters } from '../events/record.js';
import { bootTime } from '../host/clock.js';
import type { Host } from '../host/host.js';
import type { Waiting } from '../kernel/asking.js';
import type { Gate } from '../kernel/gate.js';
import type { SessionCounters, Whole } from '../kernel/records.js';
import { counted } from '../policy/counted.js';
import { OPERATIONS } from '../policy/operations.js';
import { lookWell } from './living.js';
import { cookieOf, isSupervised, lives, readStates, type SessionState } from './state.js';
import { processesOf } from './subjects.js';

export interface SubjectStatus {
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly comm: string;
  readonly threads: number;
  readonly stopped: boolean;
  /** Since when a thread of it waits for an answer; null: none does. */
  readonly waits: string | null;
  /** Programs whose policies hold for it. */
  readonly policies: readonly string[];
}

export interface SessionStatus {
  readonly name: string;
  readonly kind: 'learn' | 'run';
  readonly command: readonly string[];
  readonly folder: string;
  readonly user: string | null;
  readonly started: string;
  readonly log: string;
  /** Processes that ran before it and were taken in; null: its program was started. */
  readonly entered: readonly number[] | null;
  /** The cgroup whose members are taken in; null: none. */
  readonly cgroup: string | null;
  /** Null: its supervisor is gone; what it did keeps being enforced, nobody reports it. */
  readonly supervisor: number | null;
  /** Who would take the gate's hooks off behind a supervisor that is killed; null: nobody, until the next command. */
  readonly watcher: number | null;
  readonly policies: readonly {
    readonly program: string;
    readonly mode: string;
    readonly digest: string;
    readonly generation: number;
  }[];
  readonly subjects: readonly SubjectStatus[];
  /** Threads that the kernel half counts and no walk over all tasks met: they move, or their ends are not collected yet. */
  readonly unlisted: number;
  readonly counters: Counters;
}

export interface Status {
  /** Null: no gate is loaded. */
  readonly gate: null | {
    readonly pins: string;
    /** Its hooks are on. They are off, and cost nobody anything, where it is only kept for the next session. */
    readonly attached: boolean;
    /** Programs of the gate, and how often the kernel skipped one: anything but 0 is an access nobody judged. */
    readonly programs: number;
    readonly skipped: number;
    /** Attempts refused because the subject's session is over; and who made the last. Anything but 0 was an end mistaken. */
    readonly strays: number;
    readonly stray: Whole['stray'];
  };
  readonly sessions: readonly SessionStatus[];
}

/** The status of everything; sessions of which something stands still come first, then those whose supervisor died. */
export function status(host: Host, gate: Gate | null): Status {
  if (gate === null) return { gate: null, sessions: [] };
  const programs = gate.native.programs();
  const { strays, stray } = gate.whole();
  const waiting = gate.questions.waiting();
  const sessions = readStates(host).map((state) => sessionStatus(gate, state, waiting));
  // What stands still comes first, then what nobody supervises.
  const unattended = ({ supervisor, subjects }: SessionStatus): number =>
    (subjects.some(({ waits }) => waits !== null) ? 0 : 2) + (supervisor === null ? 0 : 1);
  return {
    gate: {
      ...{ pins: host.pins, attached: gate.attached, programs: programs.length },
      ...{ skipped: gate.skipped(), strays, stray },
    },
    sessions: sessions.sort((a, b) => unattended(a) - unattended(b) || a.name.localeCompare(b.name)),
  };
}

/** What is to be said of strays; null: there were none. */
export function strayLine({ strays, stray }: Pick<Whole, 'strays' | 'stray'>): string | null {
  if (strays === 0) return null;
  const last = stray === null ? '' : ` (the last by ${stray.comm}, ${stray.pid})`;
  return `${counted(strays, 'attempt')} REFUSED of processes that outlived their session${last}`;
}

function sessionStatus(gate: Gate, state: SessionState, waiting: readonly Waiting[]): SessionStatus {
  const cookie = cookieOf(state);
  const since = (pid: number): string | null => {
    const own = waiting.filter((one) => one.pid === pid && one.cookie === cookie).map((one) => one.since);
    const [first, ...more] = own;
    if (first === undefined) return null;
    const least = more.reduce((least, one) => (one < least ? one : least), first);
    return new Date(Number((least + bootTime()) / 1_000_000n)).toISOString();
  };
  const programOf = (policy: number): string =>
    state.policies.find(({ number }) => number === policy)?.program ?? `policy ${policy}`;
  const { name, kind, command, folder, user, started, log, entered = null, cgroup = null } = state;
  const { tasks, missed } = lookWell(gate, state.number);
  return {
    ...{ name, kind, command, folder, user, started, log, entered, cgroup },
    supervisor: isSupervised(state) ? state.supervisor.pid : null,
    watcher: state.watcher && lives(state.watcher) ? state.watcher.pid : null,
    policies: state.policies.map(({ number, program, digest, generation }) => ({
      ...{ program, digest, generation },
      mode: gate.slot(number)?.mode ?? 'missing',
    })),
    subjects: processesOf(tasks).map(({ pid, ppid, uid, comm, threads, stopped, policies }) => ({
      ...{ pid, ppid, uid, comm, threads, stopped, waits: stopped ? since(pid) : null },
      policies: policies.map(programOf),
    })),
    unlisted: missed,
    counters: countersOf(gate.session(state.number)),
  };
}

/** The counters by name, zeros of the long lists left out. */
export function countersOf(counters: SessionCounters | null): Counters {
  const zero = { events: 0, dropped: 0, repeats: 0, denied: 0, complained: 0, learnt: 0, silent: 0 };
  if (counters === null) return { ...zero, unresolved: {}, floor: {}, deniedBy: {} };
  const { events, dropped, repeats, denied, complained, learnt, silent } = counters;
  return {
    ...{ events, dropped, repeats, denied, complained, learnt, silent },
    unresolved: named(counters.unresolved, REASONS),
    floor: named(counters.floor, FLOORS),
    deniedBy: named(counters.deniedBy, OPERATIONS),
  };
}

function named(values: readonly number[], names: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    values.flatMap((value, index): [string, number][] => (value === 0 ? [] : [[names[index] ?? String(index), value]])),
  );
}
