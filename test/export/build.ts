// SPDX-License-Identifier: GPL-2.0-only
/** Records, logs and receivers for the tests of exports. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { Test } from 'tap';
import type { EventRecord, LogRecord, NoteRecord } from '../../src/events/record.js';
import { type Exported, type ExportOptions, exportLog } from '../../src/export/export.js';
import { parseTarget } from '../../src/export/target.js';
import { addon } from '../../src/kernel/addon.js';

export function event(seq: number, more: Partial<EventRecord> = {}): EventRecord {
  return {
    v: 1,
    seq,
    time: '2026-11-29T08:00:00.000001Z',
    session: 's-1',
    policy: '/usr/bin/cat',
    digest: `sha256:${'0'.repeat(64)}`,
    rule: null,
    line: null,
    operation: ['read'],
    object: `/etc/${seq}`,
    verdict: 'deny',
    enforced: true,
    errno: 'EPERM',
    pid: 7,
    tid: 7,
    ppid: 1,
    uid: 0,
    gid: 0,
    exe: '/usr/bin/cat',
    comm: 'cat',
    count: 1,
    ...more,
  };
}

export const SESSION: NoteRecord = {
  ...{ v: 1, type: 'session', time: '2026-11-29T08:00:00.000Z', session: 's-1', kind: 'run' },
  command: ['cat'],
  folder: '/p',
};

export const text = (records: readonly LogRecord[]): string =>
  records.map((one) => `${JSON.stringify(one)}\n`).join('');
export const events = (from: number, to: number, more: Partial<EventRecord> = {}): EventRecord[] =>
  Array.from({ length: to - from + 1 }, (_, index) => event(from + index, more));

export function folder(t: Test): string {
  const made = mkdtempSync(join(tmpdir(), 'callgate-export-'));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** Exports a log; what is said is in `said`. */
export async function run(
  file: string,
  to: string,
  more: Partial<ExportOptions> = {},
): Promise<Exported & { readonly said: readonly string[] }> {
  const said: string[] = [];
  const result = await exportLog({
    ...{ session: 's-1', file, to: parseTarget(to, '/'), cursor: null, follow: false },
    sessions: () => new Set(),
    ...{ most: 10_000, enough: new AbortController().signal, stop: new AbortController().signal, addon },
    ...{ stdout: process.stdout, talk: (line: string) => void said.push(line) },
    ...more,
  });
  return { ...result, said };
}

/** Waits for what another process brings about. */
export async function until(reached: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (reached()) return;
    await after(20);
  }
  throw new Error(`in vain waited for ${what}`);
}
