// SPDX-License-Identifier: GPL-2.0-only
/** The corpus, attempted by a real process through the hooks. */
import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import type { Test } from 'tap';
import { compilePolicy, type Image } from '../../src/compile/compile.js';
import { decide } from '../../src/decide/decide.js';
import { makesKernelAct } from '../../src/decide/kernel-acts.js';
import { objectDescription } from '../../src/decide/text.js';
import type { KernelEvent } from '../../src/events/decode.js';
import { textOf } from '../../src/policy/bytes.js';
import { errnoName } from '../../src/policy/errno.js';
import { KERNEL_OPERATIONS } from '../../src/policy/kernel-acts.js';
import type { Policy, Rule } from '../../src/policy/model.js';
import { OPERATIONS, versionOf } from '../../src/policy/operations.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { around, type Case, type CaseFile, loadCases } from '../cases.js';
import { type Attempt, Place, PROBE, PROGRAM, SCRATCH } from './attempts.js';
import { mkdir } from './calls.js';
import { ACT, type Confined } from './confined.js';
import { kernelSeries } from './machine.js';
import { mountsOutside } from './own-root.js';
import { Serving } from './serving.js';

const DIGEST = new Uint8Array(32);
let generation = 0n;

/** Under which attempts are prepared, and those that shall be permitted are made first, to see what comes of them then. */
const FREE = `version: 1
program: /free
default: permit
rules:
  - permit: exec
    path: "/***"
    policy: inherit
  - permit: exec
    kind: [memfd, deleted, foreign]
    policy: inherit
  - permit: [read, write]
    kind: [deleted, detached, foreign, unreachable]
`;

/** The corpus but for version 2: later.test.ts does what that governs. */
function firstCases(): CaseFile[] {
  const isLater = ({ access }: Case): boolean => access.operations.some((operation) => versionOf(operation) > 1);
  return loadCases().filter(({ cases }) => !cases.some(isLater));
}

/** And what only a rule that names it in full permits: all of it that the corpus tries. */
function freeText(): string {
  const acts = firstCases().flatMap(({ cases }) =>
    cases.flatMap(({ access: { object, operations } }) =>
      object.type === 'path' && operations.some((one) => makesKernelAct(one, object)) ? [textOf(object.path)] : [],
    ),
  );
  const rule = { permit: KERNEL_OPERATIONS, path: [...new Set(acts)] };
  return `${FREE}  - ${JSON.stringify(rule)}\n`;
}

/** Of what an exec leads to where the next policy is its `own`: nothing but the probe tells it from the free one. */
const TARGET_ERRNO = 'ENXIO';
const DENIAL = `rules:\n  - deny: create\n    path: /${PROBE}\n    errno: ${TARGET_ERRNO}\n`;

/** What else an attempt of two objects needs, behind all rules: the other end of a link or rename, the file of a socket. */
const BESIDES = {
  ends: rulesBesides(`/${SCRATCH}/*`, '[create, delete]'),
  file: rulesBesides('/***', 'create'),
} as const;

function rulesBesides(path: string, operations: string): readonly Rule[] {
  const text = `version: 1\nprogram: /x\nrules:\n  - permit: ${operations}\n    path: "${path}"\n`;
  return parsePolicy(text, 'besides.yaml', around).rules.map((rule) => ({ ...rule, number: 9999 }));
}

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

/** Has all permits logged, so that an event says which rule it was. */
function loud(policy: Policy): Policy {
  const rules = policy.rules.map((rule): Rule => (rule.verdict === 'permit' ? { ...rule, log: true } : rule));
  return { ...policy, rules };
}

interface Compiled {
  readonly policy: Policy;
  readonly image: Image;
}

/** A subject in the root of its own, and how to arrange what it meets. */
export async function serveIn(
  confined: Confined,
  own: { readonly root: string; readonly outsider: number },
): Promise<{ readonly serving: Serving; readonly place: Place }> {
  copyFileSync(ACT, `${own.root}/${PROGRAM}`);
  const text = freeText();
  const [free, target] = [text, text.replace('rules:\n', DENIAL)].map((text) =>
    compilePolicy(parsePolicy(text, 'free.yaml', around), { programs: [] }, ++generation, DIGEST),
  ) as [Image, Image];
  const serving = await Serving.start(confined, free, target, own.root);
  return { serving, place: new Place(own.root, own.outsider, mountsOutside) };
}

export async function corpus(
  t: Test,
  confined: Confined,
  own: { readonly root: string; readonly outsider: number },
): Promise<void> {
  // Not built in, and not loaded for a subject: that is floor.
  execFileSync('modprobe', ['sctp']);
  const { serving, place } = await serveIn(confined, own);
  const files = firstCases();
  const reasons: Record<string, number> = {};
  let agreed = 0;
  for (const file of files)
    await t.test(file.name, async (t) => {
      const compiled = compilerOf(file);
      for (const one of file.cases) {
        const attempt = place.attemptOf(one.access);
        if ('reason' in attempt) {
          reasons[attempt.reason] = (reasons[attempt.reason] ?? 0) + 1;
          t.comment(`${one.where} is no attempt of a process: ${attempt.reason}`);
          continue;
        }
        if (tryOut(t, serving, one, attempt, compiled)) agreed++;
      }
    });
  await serving.stop();
  t.strictSame(reasons, IMPOSSIBLE, 'what no process can do is known');
  const total = files.flatMap(({ cases }) => cases).length;
  const impossible = Object.values(reasons).reduce((sum, count) => sum + count, 0);
  t.comment(`no process can do ${impossible} of ${total}`);
  t.comment(`cases: ${total}, ${kernelSeries()} ${agreed}`);
}

/** Compiles each form of a file's policy that its cases need, once. */
function compilerOf({ policyText, file, cases }: CaseFile): (one: Case) => Compiled {
  const plain = parsePolicy(policyText, file, around);
  const targets = cases.flatMap(({ access: { object, operations } }) =>
    object.type === 'path' && operations.includes('exec') ? [textOf(object.path)] : [],
  );
  const programs = [plain.program, ...new Set(targets.filter((target) => target !== plain.program))];
  const made = new Map<string, Compiled>();
  return ({ access: { operations, object }, log }) => {
    const ends = operations.includes('link') || (operations.includes('create') && operations.includes('delete'));
    const besides = ends ? 'ends' : object.type === 'unix' && operations.includes('bind') ? 'file' : null;
    const key = `${log === undefined} ${besides}`;
    const before = made.get(key);
    if (before !== undefined) return before;
    const said = log === undefined ? loud(plain) : plain;
    const policy = besides === null ? said : { ...said, rules: [...said.rules, ...BESIDES[besides]] };
    const compiled = { policy, image: compilePolicy(policy, { programs }, ++generation, DIGEST) };
    made.set(key, compiled);
    return compiled;
  };
}

/** Whether the hook does what the case says; told as one assertion. */
function tryOut(t: Test, serving: Serving, one: Case, attempt: Attempt, compiledFor: (one: Case) => Compiled): boolean {
  const { policy, image } = compiledFor(one);
  const { access, verdict, rule, transition } = one;
  const denied = verdict !== 'permit';
  // Asking is refused by `run` before anything starts; the kernel half holds it to a denial.
  const errno = verdict === 'ask' ? 'EPERM' : one.errno;
  const lost = access.operations.includes('receive') ? 'lost' : errno;
  const leads = transition !== undefined && !denied;
  const tried = (hold: (() => void) | null) => {
    attempt.arrange();
    const measured = leads && hold !== null ? [attempt.act, mkdir(PROBE)] : [attempt.act];
    return serving.attempt(attempt.before, measured, hold, attempt.meanwhile);
  };
  const native = denied ? null : tried(null);
  const { before, results, events } = tried(serving.prepare(image));
  // The C library's start-up looks at its own name, in the folder that this test's root is in.
  const own: readonly string[] = [`/${PROBE}`, '/.old/proc/self/exe'];
  const isProbe = ({ object }: KernelEvent): boolean => object?.type === 'path' && own.includes(object.path);
  const told = events
    .filter((event) => event.type !== 'exec' && !isProbe(event))
    .map((event) => ({
      type: event.type,
      operations: event.operations.join('+'),
      object: event.object === null ? '?' : objectDescription(event.object),
      verdict: event.verdict,
      errno: event.verdict === 'deny' ? errnoName(event.errnum) : undefined,
      rule: ruleOf(event.rule, image),
    }));
  const logged = one.log ?? decide(policy, access).deciding.log;
  const expected = {
    type: 'access',
    operations: OPERATIONS.filter((operation) => access.operations.includes(operation)).join('+'),
    object: objectDescription(access.object),
    verdict: denied ? 'deny' : 'permit',
    errno,
    rule,
  };
  // What an exec leads to shows in who judges the probe: the target's policy, this one, or nobody.
  const probed = { own: TARGET_ERRNO, inherit: 'EPERM', unconfined: 'ok' };
  return t.strictSame(
    { before: before.filter((result) => result !== 'ok'), results, told },
    {
      before: [],
      results: [...(native?.results ?? [lost]), ...(leads ? [probed[transition]] : [])],
      told: logged ? [expected] : [],
    },
    one.where,
  );
}

/** The number in the policy's own file of a rule of the image. */
function ruleOf(number: number, image: Image): Case['rule'] {
  if (number === 0) return 'default';
  const written = image.rules[number - 1]?.number;
  return written === undefined || written === 0 ? 'interpreter' : written;
}
