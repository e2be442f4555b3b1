// SPDX-License-Identifier: GPL-2.0-only
/** One case of the corpus, tried: the attempt made under the free policy and under the case's, and all that comes of it held against what is written. */
import type { Test } from 'tap';
import { compilePolicy, type Image } from '../../src/compile/compile.js';
import { decide, governs } from '../../src/decide/decide.js';
import { objectDescription } from '../../src/decide/text.js';
import type { KernelEvent } from '../../src/events/decode.js';
import { textOf } from '../../src/policy/bytes.js';
import { errnoName } from '../../src/policy/errno.js';
import type { Access, Policy, Rule } from '../../src/policy/model.js';
import { isNever } from '../../src/policy/numbers.js';
import { isOperation, OPERATIONS, type Version, versionOf } from '../../src/policy/operations.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { around, type Case, type CaseFile } from '../cases.js';
import { PROBE, SCRATCH } from './attempts.js';
import { mkdir } from './calls.js';
import { type RuleText, told } from './confined.js';
import type { LaterAttempt } from './later-attempts.js';
import type { Outcome, Serving } from './serving.js';

const DIGEST = new Uint8Array(32);
/** Of what an exec leads to where the next policy is its `own`: nothing but the probe tells it from the free one. */
export const TARGET_ERRNO = 'ENXIO';
let generation = 0n;

/** Compiles a policy as one that was not there before. */
export function compiledAnew(policy: Policy, programs: readonly string[]): Image {
  return compilePolicy(policy, { programs }, ++generation, DIGEST);
}

/** What else an attempt of two objects needs, behind all rules: the other end of a link or rename, the file of a socket. */
const BESIDES: Readonly<Record<'ends' | 'file', readonly RuleText[]>> = {
  ends: [{ permit: ['create', 'delete'], path: `/${SCRATCH}/*` }],
  file: [{ permit: 'create', path: '/***' }],
};

/** As rules that stand behind all others. A policy governs no operation that its version has not, so such a rule is none. */
function rulesBesides(besides: readonly RuleText[], version: Version): readonly Rule[] {
  const isGoverned = ({ permit, deny }: RuleText): boolean =>
    [permit ?? deny].flat().every((word) => isOperation(String(word)) && versionOf(word as never) <= version);
  const rules = besides.filter(isGoverned);
  if (rules.length === 0) return [];
  const text = JSON.stringify({ version, program: '/x', rules });
  return parsePolicy(text, 'besides.yaml', around).rules.map((rule) => ({ ...rule, number: 9999 }));
}

/** Has all permits logged, so that an event says which rule it was. */
function loud(policy: Policy): Policy {
  const rules = policy.rules.map((rule): Rule => (rule.verdict === 'permit' ? { ...rule, log: true } : rule));
  return { ...policy, rules };
}

interface Compiled {
  readonly policy: Policy;
  readonly image: Image;
}

/** Compiles each form of a file's policy that its cases need, once. */
export function compilerOf({ policyText, file, cases }: CaseFile): (one: Case, attempt: LaterAttempt) => Compiled {
  const plain = parsePolicy(policyText, file, around);
  const targets = cases.flatMap(({ access: { object, operations } }) =>
    object.type === 'path' && operations.includes('exec') ? [textOf(object.path)] : [],
  );
  const programs = [plain.program, ...new Set(targets.filter((target) => target !== plain.program))];
  const made = new Map<string, Compiled>();
  return ({ access: { operations, object }, log }, attempt) => {
    const ends = operations.includes('link') || (operations.includes('create') && operations.includes('delete'));
    const besides = [
      ...(attempt.besides ?? []),
      ...(ends ? BESIDES.ends : object.type === 'unix' && operations.includes('bind') ? BESIDES.file : []),
    ];
    const key = `${log === undefined} ${JSON.stringify(besides)}`;
    const before = made.get(key);
    if (before !== undefined) return before;
    const said = log === undefined ? loud(plain) : plain;
    const policy = { ...said, rules: [...said.rules, ...rulesBesides(besides, plain.version)] };
    const compiled = { policy, image: compiledAnew(policy, programs) };
    made.set(key, compiled);
    return compiled;
  };
}

/** An event of an attempt, but for what is the machine's own. */
interface Told {
  readonly operations: string;
  readonly object: string;
  readonly verdict: Case['verdict'];
  readonly errno: string | undefined;
  readonly rule: Case['rule'];
}

/** What is told of an attempt where it is logged. */
function expectedOf(
  { operations, object }: Pick<Access, 'operations' | 'object'>,
  rest: Omit<Told, 'operations' | 'object'>,
): Told {
  const ordered = OPERATIONS.filter((operation) => operations.includes(operation)).join('+');
  return { operations: ordered, object: objectDescription(object), ...rest };
}

/** What the policy tells of what the kernel asks for before the attempt itself. */
function askedFirst(policy: Policy, { access }: Case, { asks = [] }: LaterAttempt): Told[] {
  return asks.flatMap((asked) => {
    const { verdict, errno, deciding } = decide(policy, { ...asked, uid: access.uid, gid: access.gid });
    const rest = { verdict, errno, rule: deciding.rule?.number ?? ('default' as const) };
    return deciding.log ? [expectedOf(asked, rest)] : [];
  });
}

/** Has the attempt made once, and these acts behind it: under the policy that `hold` puts in place, or the free one where it is null. */
export function madeOnce(
  serving: Serving,
  attempt: LaterAttempt,
  hold: (() => void) | null,
  behind: readonly string[] = [],
): Outcome {
  const { before, act, meanwhile, end } = attempt.begin();
  try {
    return serving.attempt(before, [act, ...behind], hold, meanwhile);
  } finally {
    end?.();
  }
}

/** Whether the hook does what the case says; told as one assertion. */
export function tryOut(
  t: Test,
  serving: Serving,
  one: Case,
  attempt: LaterAttempt,
  compiledFor: (one: Case, attempt: LaterAttempt) => Compiled,
): boolean {
  const { policy, image } = compiledFor(one, attempt);
  const { access, verdict, rule, transition } = one;
  const denied = verdict !== 'permit';
  // Nobody attends, so that what is asked is denied as the policy denies.
  const errno = verdict === 'ask' ? policy.errno : one.errno;
  const leads = transition !== undefined && !denied;
  const native = denied ? null : madeOnce(serving, attempt, null);
  const { before, results, events } = madeOnce(serving, attempt, serving.prepare(image), leads ? [mkdir(PROBE)] : []);
  // The C library's start-up looks at its own name, in the folder that this test's root is in.
  const own: readonly string[] = [`/${PROBE}`, '/.old/proc/self/exe'];
  const isProbe = ({ object }: KernelEvent): boolean => object?.type === 'path' && own.includes(object.path);
  const said = events
    .filter((event) => event.type !== 'exec' && !isProbe(event))
    .map((event) =>
      event.type === 'access'
        ? {
            operations: event.operations.join('+'),
            object: event.object === null ? '?' : objectDescription(event.object),
            verdict: event.verdict,
            errno: event.verdict === 'deny' ? errnoName(event.errnum) : undefined,
            rule: ruleOf(event.rule, image),
          }
        : (told([event])[0] ?? event.type),
    );
  const logged = one.log ?? decide(policy, access).deciding.log;
  // What a policy has no word for, and no rule can permit, is the floor's to tell.
  const floored = access.operations.some((one) => !governs(policy, one) || isNever(one, access.object));
  const expected = expectedOf(access, { verdict: denied ? 'deny' : 'permit', errno, rule });
  // What an exec leads to shows in who judges the probe: the target's policy, this one, or nobody.
  const probed = { own: TARGET_ERRNO, inherit: 'EPERM', unconfined: 'ok' };
  return t.strictSame(
    { before: before.filter((result) => result !== 'ok'), results, told: said },
    {
      before: [],
      results: [...(native?.results ?? [attempt.refused ?? errno]), ...(leads ? [probed[transition]] : [])],
      told: [...askedFirst(policy, one, attempt), ...(logged ? [floored ? `floor ${attempt.floor}` : expected] : [])],
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
