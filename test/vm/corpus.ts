// SPDX-License-Identifier: GPL-2.0-only
/** The corpus, attempted by a real process through the hooks. */
import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import type { Test } from 'tap';
import type { Image } from '../../src/compile/compile.js';
import { makesKernelAct } from '../../src/decide/kernel-acts.js';
import { textOf } from '../../src/policy/bytes.js';
import { KERNEL_OPERATIONS } from '../../src/policy/kernel-acts.js';
import type { Access } from '../../src/policy/model.js';
import { type Version, versionOf } from '../../src/policy/operations.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { around, type Case, type CaseFile, loadCases } from '../cases.js';
import { type Impossible, Place, PROBE } from './attempts.js';
import { ACT, type Confined, type RuleText } from './confined.js';
import type { LaterAttempt } from './later-attempts.js';
import { mountsOutside } from './own-root.js';
import { Serving } from './serving.js';
import { PROGRAM, Tree } from './tree.js';
import { compiledAnew, compilerOf, TARGET_ERRNO, tryOut } from './trying.js';

/** What a subject that serves is under between attempts: all of this is permitted, and what `default: permit` opens. */
export interface Free {
  readonly version: Version;
  readonly rules: readonly RuleText[];
  /** The programs of its application, where there are others. */
  readonly programs: readonly string[];
}

/** The program that it is a policy of. */
export const FREE_PROGRAM = '/free';

/** Under which attempts are prepared, and those that shall be permitted are made first, to see what comes of them then. */
const FREE: readonly RuleText[] = [
  { permit: 'exec', path: '/***', policy: 'inherit' },
  { permit: 'exec', kind: ['memfd', 'deleted', 'foreign'], policy: 'inherit' },
  { permit: ['read', 'write'], kind: ['deleted', 'detached', 'foreign', 'unreachable'] },
];

/** Is it an attempt at what version 2 has besides? */
export function isLater({ operations }: Access): boolean {
  return operations.some((operation) => versionOf(operation) > 1);
}

/** The corpus but for the files with such attempts, which later-corpus.ts makes. */
export function firstCases(): CaseFile[] {
  return loadCases().filter(({ cases }) => !cases.some(({ access }) => isLater(access)));
}

/** And what only a rule that names it in full permits: all of it that the corpus tries. */
function firstFree(): Free {
  const acts = firstCases().flatMap(({ cases }) =>
    cases.flatMap(({ access: { object, operations } }) =>
      object.type === 'path' && operations.some((one) => makesKernelAct(one, object)) ? [textOf(object.path)] : [],
    ),
  );
  const rule = { permit: KERNEL_OPERATIONS, path: [...new Set(acts)] };
  return { version: 1, rules: [...FREE, rule], programs: [] };
}

/** What tells the next policy of an exec that leads to its `own` from the free one. */
const DENIAL: RuleText = { deny: 'create', path: `/${PROBE}`, errno: TARGET_ERRNO };

/** Cases that no process can bring about, by the reason. Everything else is attempted. */
const IMPOSSIBLE: Readonly<Record<string, number>> = {
  'ICMP and raw sockets have no ports': 1,
  'a folder is not opened for reading or writing': 2,
  'no system call attempts read+load of one path at once': 1,
  'what is sent over TCP to an address is a connect (fast open)': 1,
  'the number of a thread is the kernel’s to give': 1,
  'no system call attempts write+create of one path at once': 2,
  'no system call attempts read+create of one path at once': 1,
  'no system call attempts read+write+create of one path at once': 1,
  'no system call attempts delete+link of one path at once': 1,
  'no system call attempts chmod+chown of one path at once': 1,
  'no system call attempts read+stat of one path at once': 1,
  'a socket without a name is no place to connect to': 1,
  'what goes through a pair of sockets is not judged': 1,
  'what a process holds it may look at': 1,
  'the kernel’s files are for root to write': 3,
  'the kernel makes its own files': 2,
  'a file of the kernel’s that is not there, or never written': 3,
  'a packet socket that is made does not tell its protocol': 2,
};

/** The root of a test's own: how this process reaches it, and a process of another mount namespace. */
export interface Own {
  readonly root: string;
  readonly outsider: number;
}

/** A subject in the root of its own, and how to arrange what it meets. */
export async function serveIn(
  confined: Confined,
  own: Own,
  { version, rules, programs }: Free = firstFree(),
): Promise<{ readonly serving: Serving; readonly place: Place; readonly tree: Tree }> {
  copyFileSync(ACT, `${own.root}/${PROGRAM}`);
  const [free, target] = [rules, [DENIAL, ...rules]].map((rules) => {
    const text = JSON.stringify({ version, program: FREE_PROGRAM, default: 'permit', rules });
    return compiledAnew(parsePolicy(text, 'free.yaml', around), programs);
  }) as [Image, Image];
  const serving = await Serving.start(confined, free, target, own.root);
  const tree = new Tree(own.root);
  return { serving, place: new Place(tree, own.outsider, mountsOutside), tree };
}

/** How many cases there are, and in how many of them the hooks agree; which were tried at all. */
export interface Agreement {
  readonly total: number;
  readonly agreed: number;
  readonly tried: readonly Case[];
}

export async function corpus(t: Test, confined: Confined, own: Own): Promise<Agreement> {
  // Not built in, and not loaded for a subject: that is floor.
  execFileSync('modprobe', ['sctp']);
  const { serving, place } = await serveIn(confined, own);
  t.teardown(() => serving.stop());
  return attempted(t, serving, firstCases(), (access) => firstAttempt(place, access), IMPOSSIBLE);
}

/** One of what version 1 has. */
export function firstAttempt(place: Place, access: Access): LaterAttempt | Impossible {
  const attempt = place.attemptOf(access);
  if ('reason' in attempt) return attempt;
  const begin = () => {
    attempt.arrange();
    return attempt;
  };
  // A descriptor does not come; the message does.
  return access.operations.includes('receive') ? { begin, refused: 'lost' } : { begin };
}

/** Makes all attempts of the files; those that no process can make are `impossible`, counted by their reasons. Null: of some files, which are not counted. */
export async function attempted(
  t: Test,
  serving: Serving,
  files: readonly CaseFile[],
  attemptOf: (access: Access) => LaterAttempt | Impossible,
  impossible: Readonly<Record<string, number>> | null,
): Promise<Agreement> {
  const reasons: Record<string, number> = {};
  const tried: Case[] = [];
  let agreed = 0;
  for (const file of files)
    await t.test(file.name, async (t) => {
      const compiled = compilerOf(file);
      for (const one of file.cases) {
        const attempt = attemptOf(one.access);
        if ('reason' in attempt) {
          reasons[attempt.reason] = (reasons[attempt.reason] ?? 0) + 1;
          t.comment(`${one.where} is no attempt of a process: ${attempt.reason}`);
          continue;
        }
        tried.push(one);
        if (tryOut(t, serving, one, attempt, compiled)) agreed++;
      }
    });
  if (impossible !== null) t.strictSame(reasons, impossible, 'what no process can do is known');
  const total = files.flatMap(({ cases }) => cases).length;
  t.comment(`no process can do ${Object.values(reasons).reduce((sum, count) => sum + count, 0)} of ${total}`);
  return { total, agreed, tried };
}
