// SPDX-License-Identifier: GPL-2.0-only
/** What the floor refuses, whatever the policy says: shown under one that permits everything, and done by no subject. */
import type { Test } from 'tap';
import type { Version } from '../../src/policy/operations.js';
import type { Checks } from './checks.js';
import { free, type RuleText, type Run, told } from './confined.js';

/** Everything the language can permit of paths. */
export const ALL: readonly RuleText[] = [
  { permit: ['read', 'list', 'write', 'create', 'delete', 'stat', 'exec', 'load', 'receive'], path: '/***' },
];
export const EVERYTHING = { default: 'permit', rules: ALL } as const;

/** What an act comes to by no subject; several where kernels differ in what they were built with. */
export type Outcome = string | readonly string[];

export interface Item {
  /** The events, in their order: `floor mount`, `floor capability CAP_SYS_ADMIN`. */
  readonly floor: string | readonly string[];
  readonly acts: readonly string[];
  /** What the last act comes to for the subject; EPERM where absent. */
  readonly errno?: string;
  /** What the last act comes to for no subject; `ok` where absent. */
  readonly free?: Outcome;
  /** Undoes it for no subject. */
  readonly undo?: string;
  /** In a mount namespace of their own, so that the machine keeps its root. */
  readonly apart?: boolean;
}

const NEWNS = 0x20000;

/** Each item refused to a subject, and done by others. */
export async function refusedItems(t: Test, checks: Checks, items: Readonly<Record<string, Item>>): Promise<void> {
  for (const [name, { floor, acts, errno, free: outcome = 'ok', undo, apart }] of Object.entries(items)) {
    await refusedByFloor(t, checks, name, typeof floor === 'string' ? [floor] : floor, acts, { errno });
    const others = apart ? [`call,272,${NEWNS}`, ...acts] : acts;
    const came = (await free(others)).at(-1);
    t.ok([outcome].flat().includes(came ?? ''), `${name}: done by others (${came})`);
    if (undo !== undefined) await free([undo]);
  }
}

/** The last act is refused by this part of the floor, counted and told; those before it succeed. */
export async function refusedByFloor(
  t: Test,
  { confined }: Checks,
  name: string,
  floor: readonly string[],
  acts: readonly string[],
  rest: {
    errno?: string | undefined;
    stdin?: number;
    mode?: 'enforce' | 'complain' | 'learn';
    version?: Version;
  } = {},
): Promise<void> {
  const { errno = 'EPERM', ...confinement } = rest;
  const { results, events, counts } = await confined.run(acts, { ...EVERYTHING, ...confinement });
  t.same(
    {
      results,
      events: told(events),
      counted: counts.floor.reduce((sum, count) => sum + count, 0),
      denied: counts.denied,
      enforced: events.every((event) => event.enforced),
    },
    {
      results: [...acts.slice(0, -1).map(() => 'ok'), errno],
      events: floor,
      counted: floor.length,
      denied: 0,
      enforced: true,
    },
    `${name}: refused`,
  );
}

/** All acts come to this (`ok` where nothing is said) for a subject, and the floor says nothing. */
export async function letThrough(
  t: Test,
  { confined }: Checks,
  name: string,
  acts: readonly string[],
  last = 'ok',
): Promise<Run> {
  const run = await confined.run(acts, EVERYTHING);
  t.same(
    {
      results: run.results,
      events: told(run.events),
      counted: run.counts.floor.reduce((sum, count) => sum + count, 0),
    },
    { results: [...acts.slice(0, -1).map(() => 'ok'), last], events: [], counted: 0 },
    `${name}: let through`,
  );
  return run;
}
