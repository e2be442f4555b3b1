// SPDX-License-Identifier: GPL-2.0-only
/** Runs and what is learned from them, for tests: a machine of which nothing is known, and two users. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { EventRecord } from '../../src/events/record.js';
import { certify } from '../../src/learn/certificate.js';
import type { LearnInput, LearntPolicy } from '../../src/learn/input.js';
import { learnPolicies } from '../../src/learn/learn.js';
import { Observations, type Source } from '../../src/learn/observations.js';
import { NOWHERE } from '../../src/learn/places.js';
import type { Run } from '../../src/learn/run.js';
import { readSensitive } from '../../src/learn/sensitive.js';
import type { Operation } from '../../src/policy/operations.js';
import type { Surroundings } from '../../src/policy/surroundings.js';

export const PROGRAM = '/srv/bin/worker';
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const sensitive = readSensitive(readFileSync(`${ROOT}policies/sensitive.txt`, 'utf8'));
export const userName = (uid: number): string | null => ({ 0: 'root', 33: 'worker' })[uid] ?? null;

/** Knows two users, and groups by their text. */
export function aroundOf(rules: (name: string) => string | null = () => null): Surroundings {
  return {
    variable: () => null,
    user: (name) => ({ root: 0, worker: 33 })[name] ?? null,
    group: () => null,
    rules: (name) => {
      const text = rules(name);
      return text === null ? null : { file: name, text };
    },
  };
}

/** An attempt of the worker's that no rule decided. */
export function seen(
  operation: Operation | readonly Operation[],
  object: string,
  more: Partial<EventRecord> = {},
): EventRecord {
  return {
    ...{ v: 1, seq: 1, time: '2026-11-24T10:00:00.000000Z', session: 'worker-1', policy: PROGRAM, digest: '' },
    ...{ rule: null, line: null, operation: [operation].flat() as Operation[], object, verdict: 'permit' },
    ...{ enforced: false, learnt: true, pid: 812, tid: 812, ppid: 1, uid: 0, gid: 0, exe: PROGRAM, comm: 'worker' },
    ...{ count: 1, ...more },
  };
}

/** A run of these records. */
export function runOf(
  records: readonly EventRecord[],
  header: Partial<Run['header']> = {},
  source: Source = 'learnt',
): Run {
  const observations = new Observations();
  for (const record of records) observations.add(record, source);
  const session = header.session ?? 'worker-1';
  const certificate = certify({
    ...{ session, started: '2026-11-24T10:00:00.000Z', ended: '', events: records.length, repeats: 0 },
    ...{ learnt: 0, dropped: 0, unresolved: {}, skipped: 0, damaged: 0, floor: {} },
  });
  return {
    header: {
      ...{ v: 1, type: 'run', session, folder: '/etc/callgate/policies/worker', command: ['worker'], program: PROGRAM },
      ...{ user: null, cwd: '/', named: [], partial: false, of: [], certificate, ...header },
    },
    observations,
  };
}

/** What is learned from runs. */
export function learnRuns(runs: readonly Run[], more: Partial<LearnInput> = {}): LearntPolicy[] {
  const last = runs.at(-1) as Run;
  return learnPolicies({
    ...{ runs, existing: [], groups: [], sensitive, around: aroundOf(), userName, interpreter: () => undefined },
    ...{ certificate: last.header.certificate, machine: NOWHERE, strength: 'balanced', ...more },
  });
}
