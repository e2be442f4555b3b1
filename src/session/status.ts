/** What is there: the gate, its sessions, their subjects and counters. Reads only. */

import { FLOORS, REASONS } from '../events/names.js';
import type { Counters } from '../events/record.js';
import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import type { SessionCounters } from '../kernel/records.js';
import { OPERATIONS } from '../policy/operations.js';
import { isSupervised, readStates, type SessionState } from './state.js';
import { subjectProcesses } from './subjects.js';

export interface SubjectStatus {
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly comm: string;
  readonly threads: number;
  readonly stopped: boolean;
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
  /** Null: its supervisor is gone; what it did keeps being enforced, nobody reports it. */
  readonly supervisor: number | null;
  readonly policies: readonly {
    readonly program: string;
    readonly mode: string;
    readonly digest: string;
    readonly generation: number;
  }[];
  readonly subjects: readonly SubjectStatus[];
  readonly counters: Counters;
}

export interface Status {
  /** Null: no gate is loaded. */
  readonly gate: null | {
    readonly pins: string;
    /** Programs of the gate, and how often the kernel skipped one: anything but 0 is an access nobody judged. */
    readonly programs: number;
    readonly skipped: number;
  };
  readonly sessions: readonly SessionStatus[];
}

/** The status of everything; sessions whose supervisor died come first, for they need someone. */
export function status(host: Host, gate: Gate | null): Status {
  if (gate === null) return { gate: null, sessions: [] };
  const programs = gate.native.programs();
  const sessions = readStates(host).map((state) => sessionStatus(gate, state));
  const unattended = (session: SessionStatus): number => (session.supervisor === null ? 0 : 1);
  return {
    gate: { pins: host.pins, programs: programs.length, skipped: gate.skipped() },
    sessions: sessions.sort((a, b) => unattended(a) - unattended(b) || a.name.localeCompare(b.name)),
  };
}

function sessionStatus(gate: Gate, state: SessionState): SessionStatus {
  const programOf = (policy: number): string =>
    state.policies.find(({ number }) => number === policy)?.program ?? `policy ${policy}`;
  const { name, kind, command, folder, user, started, log } = state;
  return {
    ...{ name, kind, command, folder, user, started, log },
    supervisor: isSupervised(state) ? state.supervisor.pid : null,
    policies: state.policies.map(({ number, program, digest, generation }) => ({
      ...{ program, digest, generation },
      mode: gate.slot(number)?.mode ?? 'missing',
    })),
    subjects: subjectProcesses(gate, state.number).map(
      ({ policies, session: _session, start: _start, ...process }) => ({
        ...process,
        policies: policies.map(programOf),
      }),
    ),
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
