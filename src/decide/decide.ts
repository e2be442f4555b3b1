// SPDX-License-Identifier: GPL-2.0-only
/**
 * The decision, as the text of a policy says it: rule by rule, the first that matches decides, then the default. The
 * kernel's automaton is compared with this, so nothing here is prepared, cached or shared with compile/.
 */
import { isClosedDeed } from '../policy/acts.js';
import { readText } from '../policy/bytes.js';
import {
  type Access,
  type AccessObject,
  CLOSED_KINDS,
  type Decision,
  type Outcome,
  type Policy,
  type Rule,
  type Verdict,
} from '../policy/model.js';
import { isFloor } from '../policy/numbers.js';
import { OPERATIONS, type Operation, versionOf } from '../policy/operations.js';
import { settledOf } from '../policy/settled.js';
import { applies } from './condition.js';
import { covers } from './cover.js';
import { makesKernelAct, namesInFull } from './kernel-acts.js';

/**
 * Decides one attempt: each of its operations alone, in the order of the table of operations. One denial denies, with
 * the errno of the first denied; else one ask asks; else it is permitted. The mode is not looked at: complain mode
 * comes to the same verdicts and does not enforce them.
 *
 * Throws RangeError when the attempt has no operation, because it then has no verdict.
 */
export function decide(policy: Policy, access: Access): Outcome {
  return outcomeOf(
    OPERATIONS.filter((operation) => access.operations.includes(operation)).map((operation) =>
      decideOperation(policy, operation, access),
    ),
  );
}

/** What the kernel half comes to: what it settles whatever the policy says, and else what the policy says. Throws as decide() does. */
export function judge(policy: Policy, access: Access): Outcome {
  const settled = settledOf(access.object);
  const said = decide(policy, access);
  if (settled === null) return said;
  const { verdict } = settled;
  return outcomeOf(
    said.decisions.map(({ operation }) => ({
      ...{ operation, verdict, rule: null, log: verdict === 'deny' },
      ...(verdict === 'deny' ? { errno: 'EPERM' } : {}),
    })),
  );
}

function outcomeOf(decisions: readonly Decision[]): Outcome {
  const deciding =
    decisions.find(({ verdict }) => verdict === 'deny') ??
    decisions.find(({ verdict }) => verdict === 'ask') ??
    decisions[0];
  if (deciding === undefined) throw new RangeError('an attempt must have at least one operation to be decided');
  const errno = deciding.errno === undefined ? {} : { errno: deciding.errno };
  return { verdict: deciding.verdict, ...errno, deciding, decisions };
}

/**
 * The rule that `interpreter:` stands for, null where the policy has none. It comes before all others. It is no
 * statement of the file, so its number is 0, and its place is the first line.
 */
export function interpreterRule(policy: Policy): Rule | null {
  if (policy.interpreter === undefined) return null;
  const components = policy.interpreter
    .split('/')
    .slice(1)
    .map((name) => ({ kind: 'literal' as const, name: readText(name) }));
  return {
    verdict: 'permit',
    operations: ['read', 'load'],
    objects: [{ type: 'path', pattern: { text: policy.interpreter, components, self: false } }],
    place: { file: policy.file, line: 1, column: 1 },
    number: 0,
  };
}

/** All rules in the order in which they decide, that of `interpreter:` first. */
export function rulesInOrder(policy: Policy): readonly Rule[] {
  const first = interpreterRule(policy);
  return first === null ? policy.rules : [first, ...policy.rules];
}

/** Is the object a place that no path can be told for, which no default opens? Of what is done to processes those are none. */
export function isClosed(object: AccessObject): boolean {
  return isClosedDeed(object) || (object.type === 'kind' && CLOSED_KINDS.includes(object.kind));
}

/** Does the policy's version have the operation? What it has not is permitted, but for the floor. */
export function governs(policy: Policy, operation: Operation): boolean {
  return versionOf(operation) <= policy.version;
}

function decideOperation(policy: Policy, operation: Operation, access: Access): Decision {
  const { object } = access;
  if (!governs(policy, operation)) {
    const verdict = isFloor(operation, object) ? 'deny' : 'permit';
    return {
      operation,
      verdict,
      rule: null,
      log: verdict === 'deny',
      ...(verdict === 'deny' ? { errno: 'EPERM' } : {}),
    };
  }
  const acts = makesKernelAct(operation, object);
  const rule = rulesInOrder(policy).find(
    (candidate) =>
      covers(candidate, operation, object) !== null &&
      applies(candidate, access) &&
      (!acts || candidate.verdict === 'deny' || namesInFull(candidate, object)),
  );
  const verdict = rule?.verdict ?? (isClosed(object) || acts || isFloor(operation, object) ? 'deny' : policy.default);
  return {
    operation,
    verdict,
    rule: rule ?? null,
    log: rule?.log ?? loggedUnlessSaid(verdict),
    ...(verdict === 'deny' ? { errno: errnoFor(operation, rule?.errno ?? policy.errno) } : {}),
    ...(verdict === 'permit' && operation === 'exec' ? { transition: rule?.transition ?? 'own' } : {}),
  };
}

/** Of a signal the kernel takes ESRCH for a task that went away, and tries again for ever (kernel/signal.c: kill_pid_info). */
export function errnoFor(operation: Operation, errno: string): string {
  return operation === 'signal' && errno === 'ESRCH' ? 'EPERM' : errno;
}

/** Denials are logged, and so are questions, whose answer may be one; permits are not. */
function loggedUnlessSaid(verdict: Verdict): boolean {
  return verdict !== 'permit';
}
