// SPDX-License-Identifier: GPL-2.0-only
/** The files of the corpus about version 2, attempted by a real process through the hooks. */
import { cpSync } from 'node:fs';
import type { Test } from 'tap';
import { whichNames } from '../../src/policy/acts.js';
import { CLOSED_KINDS } from '../../src/policy/model.js';
import { CAPABILITIES, CLOSED_SURFACES, isNever, NAMESPACES } from '../../src/policy/numbers.js';
import { LATER_OPERATIONS } from '../../src/policy/operations.js';
import { type CaseFile, loadCases } from '../cases.js';
import type { Place } from './attempts.js';
import { ACT, type Confined, type RuleText } from './confined.js';
import { type Agreement, attempted, FREE_PROGRAM, firstAttempt, isLater, type Own, serveIn } from './corpus.js';
import { freeDisk, newDisk } from './disks.js';
import { type Ground, laterAttemptOf } from './later-attempts.js';
import { OTHER } from './later-others.js';
import { mountsOutside } from './own-root.js';
import type { Serving } from './serving.js';

const capabilities = CAPABILITIES.filter(
  (_, value) => !isNever('capable', { type: 'number', table: 'capability', value }),
);

/** Under which attempts are prepared, and those that shall be permitted are made first: all that a rule can open and a default cannot. */
const FREE: readonly RuleText[] = [
  { permit: 'exec', path: `/${OTHER}` },
  { permit: 'exec', path: '/***', policy: 'inherit' },
  { permit: ['read', 'write'], kind: CLOSED_KINDS },
  { permit: 'chroot', path: '/***' },
  { permit: 'chroot', kind: CLOSED_KINDS },
  { permit: 'capable', capability: capabilities },
  { permit: 'namespace', namespace: NAMESPACES },
  { permit: 'kernel', kernel: CLOSED_SURFACES },
  { permit: 'ptrace', process: 'child' },
  { permit: 'ptrace', path: '/***' },
  { permit: 'ptrace', kind: CLOSED_KINDS },
  { permit: 'mount', path: '/***', type: whichNames('mount') },
  { permit: 'unmount', path: '/***' },
  { permit: ['attribute'], kind: CLOSED_KINDS },
  { permit: ['ioctl'], kind: CLOSED_KINDS },
];

/** Cases that no process can bring about, by the reason. Everything else is attempted. */
const IMPOSSIBLE: Readonly<Record<string, number>> = {
  'what asks for the capability bpf is the floor’s': 1,
  'what is no folder is taken for no root': 1,
};

const DISKS = '/tmp/later-disks';

function laterCases(): CaseFile[] {
  return loadCases().filter(({ cases }) => cases.some(({ access }) => isLater(access)));
}

/** The names of the files. */
export function laterFiles(): string[] {
  return laterCases().map(({ name }) => name);
}

/** A subject that serves under the free policy, and where attempts are made; `end` takes all of it away. */
export async function laterGround(
  confined: Confined,
  own: Own,
): Promise<{
  readonly serving: Serving;
  readonly place: Place;
  readonly ground: Ground;
  readonly end: () => Promise<void>;
}> {
  confined.gate.raiseVersion(2);
  cpSync(ACT, `${own.root}/${OTHER}`);
  const free = { version: 2, rules: FREE, programs: [FREE_PROGRAM, `/${OTHER}`] } as const;
  const { serving, place, tree } = await serveIn(confined, own, free);
  const disks = new Map<string, string>();
  const disk: Ground['disk'] = (type) => {
    const there = disks.get(type) ?? newDisk(`${DISKS}-${type}`, type);
    disks.set(type, there);
    return `.old${there}`;
  };
  const end = async (): Promise<void> => {
    await serving.stop();
    for (const device of disks.values()) freeDisk(device);
  };
  return { serving, place, ground: { tree, mounts: mountsOutside, outsider: own.outsider, disk }, end };
}

/** `some`: of these files; null: of all, so that what is impossible is counted. */
export async function laterCorpus(
  t: Test,
  confined: Confined,
  own: Own,
  some: readonly string[] | null,
): Promise<Agreement> {
  const { serving, place, ground, end } = await laterGround(confined, own);
  t.teardown(end);
  const agreement = await attempted(
    t,
    serving,
    laterCases().filter(({ name }) => some?.includes(name) ?? true),
    (access) => (isLater(access) ? laterAttemptOf(ground, access) : firstAttempt(place, access)),
    some === null ? IMPOSSIBLE : null,
  );
  // Each operation, both ways.
  if (some === null)
    for (const verdict of ['permit', 'deny'] as const) {
      const tried = agreement.tried.filter((one) => one.verdict === verdict).flatMap(({ access }) => access.operations);
      t.same(
        LATER_OPERATIONS.filter((operation) => !tried.includes(operation)),
        [],
        `each is tried: ${verdict}`,
      );
    }
  return agreement;
}
