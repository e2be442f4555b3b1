// SPDX-License-Identifier: GPL-2.0-only
/**
 * What one policy says and another does not: exactly, by the product of their automata, with a witness for each difference.
 * A witness is an attempt that the two judge differently.
 */
import type { Answer } from '../compile/answers.js';
import { meaningOf } from '../compile/automata.js';
import { governs, interpreterRule } from '../decide/decide.js';
import { objectDescription, patternText } from '../decide/text.js';
import type { Access, ObjectPattern, Policy, Rule } from '../policy/model.js';
import { isFloor } from '../policy/numbers.js';
import { OPERATIONS, type Operation, operationBit } from '../policy/operations.js';
import { settledOf } from '../policy/settled.js';
import { type Disagreement, disagreements, type Effect, type Judgement, type Side, type Turn } from './judge.js';
import { type Meeting, meetingsOf } from './meetings.js';
import { type Setting, settingsApart } from './settings.js';

/** Who decides in one of the policies. */
export interface Decider {
  /** In its own file; 0: what `interpreter:` stands for. */
  readonly number: number;
  readonly file: string;
  readonly line: number;
  readonly group?: string;
  /** The pattern of the rule that matches. */
  readonly pattern: string;
}

/** One side of a difference. */
export interface Said extends Effect {
  /** Null: no rule matches. */
  readonly rule: Decider | null;
}

/** `permitted`, `refused`: by the second, and not by the first; `otherwise`: neither or both permit, in another way. */
export type Direction = 'permitted' | 'refused' | 'otherwise';

/** An attempt that the two policies judge differently. */
export interface Difference {
  readonly direction: Direction;
  readonly operations: readonly Operation[];
  readonly object: string;
  readonly uid: number;
  readonly gid: number;
  readonly owner?: number;
  readonly first: Said;
  readonly second: Said;
}

/** All that two policies differ in. */
export interface Comparison {
  readonly settings: readonly Setting[];
  readonly differences: readonly Difference[];
}

/** The attempt that a difference tells of. */
export interface Witness {
  readonly difference: Difference;
  readonly access: Access;
}

/**
 * Compares two policies, the first taken for the older one.
 *
 * Throws CompileError where a policy is beyond what can be compiled, TooManyPairs where both together are.
 */
export function compare(first: Policy, second: Policy): Comparison {
  return {
    settings: settingsApart(first, second),
    differences: witnessesOf(first, second).map(({ difference }) => difference),
  };
}

/** The differences with their attempts. Throws as compare() does. */
export function witnessesOf(first: Policy, second: Policy): Witness[] {
  const [one, other] = [sideOf(first), sideOf(second)];
  const candidates = new Map<string, Candidate[]>();
  const known = new Map<string, readonly Candidate[]>();
  for (const meeting of meetingsOf(one, other)) {
    // Whatever they say comes to the same.
    if (settledOf(meeting.object) !== null) continue;
    const said = meeting.operations.map((operation) => `${operation} ${isFloor(operation, meeting.object)}`);
    const key = `${meeting.first.id}/${meeting.second.id}/${meeting.closed}/${meeting.owned}/${said.join()}`;
    const differ = known.get(key) ?? candidatesOf(meeting, one, other);
    known.set(key, differ);
    for (const { disagreement, operations } of differ) {
      const group = `${meeting.object.type}|${disagreement.first.order}|${disagreement.second.order}|${sayKey(disagreement)}`;
      const grouped = candidates.get(group) ?? [];
      candidates.set(group, grouped);
      // Of those with the same operations the first is the shortest.
      if (!grouped.some((known) => operations.every((operation) => known.operations.includes(operation))))
        grouped.push({ disagreement, operations, object: meeting.object });
    }
  }
  const chosen = [...candidates.values()].flatMap(fewest);
  return chosen.sort(inOrder).map((candidate) => witnessOf(candidate, one, other));
}

/** Operations that two policies differ in at one object for one caller. */
interface Candidate {
  readonly disagreement: Disagreement;
  readonly operations: readonly Operation[];
  readonly object: Access['object'];
}

/** Each pattern a rule of its own, so that each has its witness; the meaning is the same. */
function sideOf(policy: Policy): Side {
  const rules = policy.rules.flatMap((rule) => rule.objects.map((object): Rule => ({ ...rule, objects: [object] })));
  const apart = { ...policy, rules };
  return { policy: apart, meaning: meaningOf(apart) };
}

function candidatesOf(meeting: Meeting, one: Side, other: Side): Candidate[] {
  const { operations, owned, object } = meeting;
  const turn = (side: Side, answer: Answer, operation: Operation): Turn => ({
    side,
    chain: answer.chains[operationBit(operation)] ?? [],
    // A kind that no default opens is none of a policy that does not govern the operation.
    closed:
      isFloor(operation, object) ||
      (governs(side.policy, operation) && (meeting.closed || (answer.closed & (1 << operationBit(operation))) !== 0)),
    governed: governs(side.policy, operation),
    operation,
  });
  const found = new Map<string, { disagreement: Disagreement; operations: Operation[] }>();
  for (const operation of operations)
    for (const disagreement of disagreements(
      turn(one, meeting.first, operation),
      turn(other, meeting.second, operation),
      owned,
    )) {
      const key = JSON.stringify(disagreement);
      const same = found.get(key);
      if (same === undefined) found.set(key, { disagreement, operations: [operation] });
      else same.operations.push(operation);
    }
  return [...found.values()].map((each) => ({ ...each, object }));
}

function sayKey({ first, second }: Disagreement): string {
  const text = ({ verdict, errno, log, transition }: Judgement): string => [verdict, errno, log, transition].join();
  return `${text(first)}|${text(second)}`;
}

/** As few of them as name all their operations; each operation is named once. */
function fewest(candidates: readonly Candidate[]): Candidate[] {
  const open = new Set(candidates.flatMap(({ operations }) => operations));
  const chosen: Candidate[] = [];
  const gain = ({ operations }: Candidate): number => operations.filter((operation) => open.has(operation)).length;
  while (open.size > 0) {
    const best = candidates.reduce((one, other) => (gain(other) > gain(one) ? other : one));
    chosen.push({ ...best, operations: best.operations.filter((operation) => open.delete(operation)) });
  }
  return chosen;
}

/** By the rules of the first policy, then by those of the second; defaults last. */
function inOrder({ disagreement: one }: Candidate, { disagreement: other }: Candidate): number {
  const at = ({ order }: Judgement): number => order ?? Number.MAX_SAFE_INTEGER;
  return at(one.first) - at(other.first) || at(one.second) - at(other.second);
}

function witnessOf({ disagreement, operations, object }: Candidate, one: Side, other: Side): Witness {
  const { caller, first, second } = disagreement;
  const access: Access = { operations: OPERATIONS.filter((each) => operations.includes(each)), object, ...caller };
  const difference: Difference = {
    direction:
      second.verdict === 'permit'
        ? first.verdict === 'permit'
          ? 'otherwise'
          : 'permitted'
        : first.verdict === 'permit'
          ? 'refused'
          : 'otherwise',
    operations: access.operations,
    object: objectDescription(object),
    ...caller,
    first: saidOf(first, one),
    second: saidOf(second, other),
  };
  return { difference, access };
}

function saidOf({ order, ...effect }: Judgement, { meaning, policy }: Side): Said {
  const rule = order === null ? undefined : meaning.ranked[order]?.rule;
  if (rule === undefined) return { ...effect, rule: null };
  const { number, place, group } = rule;
  const pattern =
    number === 0 ? (interpreterRule(policy)?.objects[0] as ObjectPattern) : (rule.objects[0] as ObjectPattern);
  return {
    ...effect,
    rule: {
      number,
      file: place.file,
      line: place.line,
      ...(group === undefined ? {} : { group }),
      pattern: patternText(pattern),
    },
  };
}
