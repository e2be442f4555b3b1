// SPDX-License-Identifier: GPL-2.0-only
/** Why an attempt comes to its verdict, and what would change it. */
import type { Access, Decision, Policy, Rule, Transition, Verdict } from '../policy/model.js';
import { isFloor } from '../policy/numbers.js';
import type { Operation } from '../policy/operations.js';
import { type Reason, type Settled, settledOf } from '../policy/settled.js';
import { type Change, smallestChange } from './change.js';
import { covers } from './cover.js';
import { decide, governs, isClosed, judge, rulesInOrder } from './decide.js';
import { makesKernelAct } from './kernel-acts.js';
import { nearestMisses, type Obstacle } from './miss.js';
import { objectDescription, patternText } from './text.js';

/** How many rules that nearly decided are named. */
const MOST_MISSES = 5;

/** A rule by what a reader needs to find it. Plain data, as all of an explanation is. */
export interface RuleReference {
  /** From 1, in its own file; 0 is the rule that `interpreter:` stands for. */
  readonly number: number;
  readonly file: string;
  readonly line: number;
  readonly group?: string;
  readonly verdict: Verdict;
  readonly operations: readonly Operation[];
  readonly objects: readonly string[];
}

/** A rule that would have come to another verdict, and what kept it from deciding. */
export interface NearRule {
  readonly rule: RuleReference;
  readonly obstacles: readonly Obstacle[];
}

/** What decided one operation. `implied`: a permit that does not list the operation itself. */
export interface OperationExplanation {
  readonly operation: Operation;
  readonly verdict: Verdict;
  readonly errno?: string;
  readonly log: boolean;
  readonly transition?: Transition;
  readonly by: 'rule' | 'implied' | 'interpreter' | 'default' | 'closed' | 'kernel' | 'floor' | 'version' | 'settled';
  /** Of what the kernel half settles, whatever the policy says: why. */
  readonly settled?: Reason;
  /** Null where no rule decided; then `nearest` names those that nearly did, at most five. */
  readonly rule: RuleReference | null;
  readonly nearest: readonly NearRule[];
}

/** The answer to "why, and what would change it". */
export interface Explanation {
  readonly program: string;
  readonly file: string;
  /** Under complain nothing of this is enforced. */
  readonly mode: Policy['mode'];
  readonly object: string;
  readonly verdict: Verdict;
  readonly errno?: string;
  readonly operations: readonly OperationExplanation[];
  /** Null where no statement can change the answer: `interpreter:` grants before any rule. */
  readonly change: Change | null;
}

/**
 * Decides the attempt and says why.
 *
 * @param asked the kernel half asked the policy, as an event shows: it settled nothing by itself
 * @throws RangeError when it has no operation
 */
export function explain(policy: Policy, access: Access, asked = false): Explanation {
  const settled = asked ? null : settledOf(access.object);
  const outcome = settled === null ? decide(policy, access) : judge(policy, access);
  return {
    program: policy.program,
    file: policy.file,
    mode: policy.mode,
    object: objectDescription(access.object),
    verdict: outcome.verdict,
    ...(outcome.errno === undefined ? {} : { errno: outcome.errno }),
    operations: outcome.decisions.map((decision) => explainOperation(policy, access, decision, settled)),
    change: settled === null ? smallestChange(policy, access, outcome) : null,
  };
}

function explainOperation(
  policy: Policy,
  access: Access,
  decision: Decision,
  settled: Settled | null,
): OperationExplanation {
  const { operation, verdict, errno, log, transition, rule } = decision;
  const others = rulesInOrder(policy).filter((other) => other.verdict !== verdict);
  const misses = rule === null && settled === null ? nearestMisses(others, operation, access, MOST_MISSES) : [];
  return {
    operation,
    verdict,
    ...(errno === undefined ? {} : { errno }),
    log,
    ...(transition === undefined ? {} : { transition }),
    ...(settled === null
      ? { by: decidedBy(policy, decision, access) }
      : { by: 'settled' as const, settled: settled.reason }),
    rule: rule === null ? null : referenceTo(rule),
    nearest: misses.map((miss) => ({ rule: referenceTo(miss.rule), obstacles: miss.obstacles })),
  };
}

function decidedBy(policy: Policy, { rule, operation }: Decision, { object }: Access): OperationExplanation['by'] {
  if (!governs(policy, operation)) return 'version';
  if (rule === null && isFloor(operation, object)) return 'floor';
  if (rule === null && makesKernelAct(operation, object)) return 'kernel';
  if (rule === null) return isClosed(object) ? 'closed' : 'default';
  if (rule.number === 0) return 'interpreter';
  return covers(rule, operation, object) === 'implied' ? 'implied' : 'rule';
}

function referenceTo(rule: Rule): RuleReference {
  return {
    number: rule.number,
    file: rule.place.file,
    line: rule.place.line,
    ...(rule.group === undefined ? {} : { group: rule.group }),
    verdict: rule.verdict,
    operations: rule.operations,
    objects: rule.objects.map(patternText),
  };
}
