// SPDX-License-Identifier: GPL-2.0-only
/** From observations to policies: one for each program that was seen. */
import { isDeepStrictEqual } from 'node:util';
import { makesKernelAct } from '../decide/kernel-acts.js';
import { PolicyError } from '../policy/errors.js';
import type { PathPattern, Policy, Rule } from '../policy/model.js';
import { parsePolicy } from '../policy/parse.js';
import type { Statement } from '../policy/statement.js';
import type { Surroundings } from '../policy/surroundings.js';
import type { Certificate } from './certificate.js';
import { generalise, type Written } from './generalise.js';
import { followMoves, holdMoves } from './moved.js';
import type { Move, Observation, Observations } from './observation.js';
import { Permitted } from './permitted.js';
import { statementsOf } from './statements.js';
import { extensions, type Head, writePolicy } from './write.js';

export interface Existing {
  readonly file: string;
  readonly text: string;
  readonly policy: Policy;
}

export interface Group {
  readonly name: string;
  readonly rules: readonly Rule[];
}

export interface LearnInput {
  readonly observations: Observations;
  readonly existing: readonly Existing[];
  /** Groups that a new policy may use, the most telling first. */
  readonly groups: readonly Group[];
  readonly sensitive: readonly PathPattern[];
  readonly userName: (uid: number) => string | null;
  /** The interpreter of a script; undefined for what is none. */
  readonly interpreter: (program: string) => string | undefined;
  readonly certificate: Certificate;
  readonly around: Surroundings;
}

export interface LearntPolicy {
  readonly program: string;
  /** Null: there was none. */
  readonly existing: Existing | null;
  readonly text: string;
  readonly added: readonly Statement[];
  readonly use: readonly string[];
  /** What was done and is never learned, `write /proc/sys/kernel/core_pattern`: only a person permits it. */
  readonly withheld: readonly string[];
  /** The statements could not be added to the text that is there, which stays: a policy of them alone. Null: they could. */
  readonly beside: string | null;
  /** Moves that were seen and that it refuses all the same, and why. */
  readonly refused: readonly string[];
}

/** Why what makes the kernel act is never learned. */
const KERNEL_ACTS = 'by it the kernel is made to run or load something; a rule that names it in full permits it';

/** A group is taken in where at least this many different objects that it covers were used. */
const GROUP_EVIDENCE = 2;

/** The policies of all programs that ran, in the order of their paths. */
export function learnPolicies(input: LearnInput): LearntPolicy[] {
  const byProgram = new Map<string, Observation[]>();
  for (const program of input.observations.programs()) byProgram.set(program, []);
  for (const observation of input.observations.all()) {
    const list = byProgram.get(observation.program);
    if (list === undefined) byProgram.set(observation.program, [observation]);
    else list.push(observation);
  }
  const programs = new Set([...input.existing.map(({ policy }) => policy.program), ...byProgram.keys()]);
  const moves = input.observations.moves();
  return [...byProgram]
    .filter(([program]) => program.startsWith('/'))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([program, observations]) =>
      learnProgram(
        { program, observations, moves: moves.filter((move) => move.program === program) },
        [...programs],
        input,
      ),
    );
}

/** What one program was seen to do. */
interface Seen {
  readonly program: string;
  readonly observations: readonly Observation[];
  readonly moves: readonly Move[];
}

function learnProgram(
  { program, observations: seen, moves }: Seen,
  programs: string[],
  input: LearnInput,
): LearntPolicy {
  const { certificate, sensitive, userName, around } = input;
  const existing = input.existing.find(({ policy }) => policy.program === program) ?? null;
  const interpreter = existing === null ? input.interpreter(program) : existing.policy.interpreter;
  const isAct = ({ operation, object }: Observation): boolean => makesKernelAct(operation, object);
  const [acts, plain] = partition(seen, isAct);
  const use = existing === null ? groupsFor(program, plain, input.groups) : [];
  const [movedActs, observations] = partition(followMoves(plain, moves), isAct);
  const head: Head = { program, interpreter, use };
  const readFresh = (statements: readonly Statement[]): Policy =>
    parsePolicy(writePolicy(head, statements, certificate), program, around);

  const uids = new Set(observations.flatMap((observation) => [...observation.uids]));
  const before = existing === null ? readFresh([]) : existing.policy;
  const permitted = new Permitted(before);
  const missing = generalise(observations, sensitive).filter(({ observation }) => !permitted.has(observation));
  const [main, implied] = split(missing);
  const added = statementsOf(main, uids, userName);
  // What the others grant by implication is not written: asked of the policy itself, not guessed.
  const after = implied.length === 0 ? permitted : new Permitted(withRules(before, readFresh(added)));
  const rest = implied.filter(({ observation }) => !after.has(observation));
  const allWith = (more: readonly Written[]): Statement[] => [
    ...added,
    ...statementsOf([...rest, ...more], uids, userName),
  ];
  const policyWith = (more: readonly Written[]): Policy => {
    const fresh = readFresh(allWith(more));
    return existing === null ? fresh : withRules(existing.policy, fresh);
  };
  const { more, refused } = holdMoves({ programs, sensitive, observations, moves, policyWith });
  const all = allWith(more);
  const withheld = withheldOf([...acts, ...movedActs], permitted);
  const unlearnt = [...withheld.map((what) => `${what} (${KERNEL_ACTS})`), ...refused];
  const learnt = { program, existing, added: all, use, withheld, refused, beside: null };
  if (existing === null) return { ...learnt, text: writePolicy(head, all, certificate, unlearnt) };
  const wanted = withRules(existing.policy, readFresh(all));
  const holds = (text: string): boolean => isHeld(text, existing.file, wanted, around);
  const text = extensions(existing.text, all, certificate, unlearnt).find(holds);
  if (text !== undefined) return { ...learnt, text };
  return { ...learnt, text: existing.text, beside: writePolicy(head, all, certificate, unlearnt) };
}

/** The policy with rules at its end, where they decide last. */
function withRules(policy: Policy, { rules }: Policy): Policy {
  return { ...policy, rules: [...policy.rules, ...rules] };
}

/**
 * Is the text the old policy with the new statements, and nothing else: all that it said is there, in its order, and the
 * statements behind it? What was observed is then permitted as they permit it.
 */
function isHeld(text: string, file: string, wanted: Policy, around: Surroundings): boolean {
  let made: Policy;
  try {
    made = parsePolicy(text, file, around);
  } catch (error) {
    if (error instanceof PolicyError) return false;
    throw error;
  }
  const { rules, ...head } = made;
  const { rules: others, ...otherHead } = wanted;
  return (
    isDeepStrictEqual(head, otherHead) &&
    rules.length === others.length &&
    rules.every((rule, index) => isSame(rule, others[index] as Rule))
  );
}

/** Do they say the same? Where they stand does not matter. */
function isSame(one: Rule, other: Rule): boolean {
  const { objects, place: _place, number: _number, ...rest } = one;
  const { objects: others, place: _otherPlace, number: _otherNumber, ...otherRest } = other;
  return (
    isDeepStrictEqual(rest, otherRest) &&
    objects.length === others.length &&
    objects.every((object, index) => isDeepStrictEqual(object, others[index]))
  );
}

function partition<T>(all: readonly T[], is: (one: T) => boolean): [T[], T[]] {
  return [all.filter(is), all.filter((one) => !is(one))];
}

/** What no policy permits and no learner writes: by these the kernel is made to run or load something. */
function withheldOf(acts: readonly Observation[], permitted: Permitted): string[] {
  const missing = acts.filter((one) => !permitted.has(one));
  return [...new Set(missing.map(({ operation, text }) => `${operation} ${text}`))].sort();
}

/** What says something by itself, and what most likely follows from it. */
function split(written: readonly Written[]): [Written[], Written[]] {
  const loaded = new Set(written.filter(({ observation }) => observation.operation === 'load').map(({ text }) => text));
  const follows = ({ observation: { operation }, text }: Written): boolean =>
    operation === 'stat' || operation === 'socket' || (operation === 'read' && loaded.has(text));
  return [written.filter((one) => !follows(one)), written.filter(follows)];
}

/** The groups whose objects were used; each is asked only for what those before it do not cover. */
function groupsFor(program: string, observations: readonly Observation[], groups: readonly Group[]): string[] {
  const chosen: Rule[] = [];
  const names: string[] = [];
  let open = observations.filter(({ operation }) => operation !== 'stat');
  for (const { name, rules } of groups) {
    const permitted = new Permitted(policyOf(program, [...chosen, ...rules]));
    const covered = new Set(open.filter((observation) => permitted.has(observation)));
    if (new Set([...covered].map(({ text }) => text)).size < GROUP_EVIDENCE) continue;
    names.push(name);
    chosen.push(...rules);
    open = open.filter((observation) => !covered.has(observation));
  }
  return names;
}

function policyOf(program: string, rules: readonly Rule[]): Policy {
  const rest = { mode: 'enforce', default: 'deny', errno: 'EPERM', use: [], file: program } as const;
  return { version: 1, program, ...rest, rules };
}
