// SPDX-License-Identifier: GPL-2.0-only
/** From observations to policies: one for each program that was seen. */
import { isDeepStrictEqual } from 'node:util';
import { makesKernelAct } from '../decide/kernel-acts.js';
import { PolicyError } from '../policy/errors.js';
import type { PathPattern, Policy, Rule } from '../policy/model.js';
import { FILE_OPERATIONS } from '../policy/operations.js';
import { parsePolicy } from '../policy/parse.js';
import { parsePath } from '../policy/path.js';
import type { Statement } from '../policy/statement.js';
import type { Surroundings } from '../policy/surroundings.js';
import { type Certificate, certificateLine } from './certificate.js';
import { type Completeness, completenessLine, completenessOf, type Sight } from './completeness.js';
import { Evidence, Generaliser, type Written } from './generalise.js';
import { followMoves, holdMoves } from './moved.js';
import type { Fold, Move, Observation } from './observation.js';
import { isSame, NOT_OWN, type Own, ownOf, withoutOwn } from './own.js';
import { Permitted } from './permitted.js';
import type { Machine } from './places.js';
import { ownOutput } from './rules/own-output.js';
import { type Run, together } from './run.js';
import { Sensitive } from './sensitive.js';
import { statementsOf } from './statements.js';
import type { Strength } from './strength.js';
import { extensions, type Head, NO_OWN_TEXT, type OwnText, writePolicy } from './write.js';

export interface Existing {
  readonly file: string;
  readonly text: string;
  readonly policy: Policy;
  /** What the learner last wrote of it; absent: nothing of it is the learner's. */
  readonly written?: OwnWritten;
}

/** What the learner wrote of a policy. */
export interface OwnWritten {
  /** A policy of its statements alone, without groups. */
  readonly text: string;
  /** The groups it chose; null: they are a person's. */
  readonly use: readonly string[] | null;
}

export interface Group {
  readonly name: string;
  readonly rules: readonly Rule[];
}

export interface LearnInput {
  /** All runs that are kept, the oldest first. */
  readonly runs: readonly Run[];
  readonly existing: readonly Existing[];
  /** Groups that a new policy may use, the most telling first. */
  readonly groups: readonly Group[];
  readonly sensitive: readonly PathPattern[];
  readonly userName: (uid: number) => string | null;
  /** The interpreter of a script; undefined for what is none. */
  readonly interpreter: (program: string) => string | undefined;
  /** Of the last run. */
  readonly certificate: Certificate;
  readonly around: Surroundings;
  readonly machine: Machine;
  readonly strength: Strength;
  /** Only what so many runs showed, as it is written; absent: 1. */
  readonly leastRuns?: number;
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
  /** What is the learner's of it: known again by it the next time. */
  readonly written: OwnWritten;
  readonly completeness: Completeness;
  /** Names that were too many to be kept, and that no pattern stands for. */
  readonly unfolded: readonly string[];
}

/** Why what makes the kernel act is never learned. */
const KERNEL_ACTS = 'by it the kernel is made to run or load something; a rule that names it in full permits it';

/** A group is taken in where at least this many different objects that it covers were used. */
const GROUP_EVIDENCE = 2;

/** The policies of all programs that ran, in the order of their paths. */
export function learnPolicies(input: LearnInput): LearntPolicy[] {
  const observations = together(input.runs);
  const byProgram = new Map<string, Observation[]>();
  for (const program of observations.programs()) byProgram.set(program, []);
  for (const observation of observations.all()) {
    const list = byProgram.get(observation.program);
    if (list === undefined) byProgram.set(observation.program, [observation]);
    else list.push(observation);
  }
  const programs = new Set([...input.existing.map(({ policy }) => policy.program), ...byProgram.keys()]);
  const [moves, folds] = [observations.moves(), observations.folds()];
  const made = new Evidence(observations.all());
  const of = <T extends { readonly program: string }>(all: readonly T[], program: string): T[] =>
    all.filter((one) => one.program === program);
  return [...byProgram]
    .filter(([program]) => program.startsWith('/'))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([program, list]) =>
      learnProgram(
        { program, observations: list, moves: of(moves, program), folds: of(folds, program) },
        [...programs],
        input,
        made,
      ),
    );
}

/** What one program was seen to do. */
interface Seen {
  readonly program: string;
  readonly observations: readonly Observation[];
  readonly moves: readonly Move[];
  readonly folds: readonly Fold[];
}

function learnProgram(
  { program, observations: seen, moves, folds }: Seen,
  programs: string[],
  input: LearnInput,
  made: Evidence,
): LearntPolicy {
  const { sensitive, around, strength, machine } = input;
  const existing = input.existing.find(({ policy }) => policy.program === program) ?? null;
  const interpreter = existing === null ? input.interpreter(program) : existing.policy.interpreter;
  const own = ownedOf(existing, around);
  const isAct = ({ operation, object }: Observation): boolean => makesKernelAct(operation, object);
  const [acts, plain] = partition(seen, isAct);
  const use = existing === null || own.use ? groupsFor(program, plain, input.groups) : [];
  const outputs = strength === 'exact' ? [] : ownOutput(plain, moves);
  const [movedActs, observations] = partition(followMoves([...plain, ...outputs], moves), isAct);
  const head: Head = { program, interpreter, use };
  const readFresh = (statements: readonly Statement[]): Policy =>
    parsePolicy(writePolicy(head, statements, ''), program, around);

  const uids = new Set(observations.flatMap((observation) => [...observation.uids]));
  const persons = existing === null ? null : withoutOwn(existing.policy, own);
  const before = persons === null || own.use ? withGroups(persons, readFresh([])) : persons;
  const permitted = new Permitted(before);
  const named = [...new Set(input.runs.flatMap(({ header }) => header.named))];
  const generaliser = new Generaliser(observations, folds, { sensitive, machine, strength, named }, made);
  const shown = shownIn(generaliser.all(), input.leastRuns ?? 1);
  const missing = shown.filter(({ observation }) => !permitted.has(observation));
  const arranged = (written: readonly Written[]): Statement[] => arrange(written, uids, input, readFresh);
  const [main, implied] = split(missing);
  // What the others grant by implication is not written: asked of the policy itself, not guessed.
  const after = implied.length === 0 ? permitted : new Permitted(withRules(before, readFresh(arranged(main))));
  const rest = implied.filter(({ observation }) => !after.has(observation));
  const allWith = (more: readonly Written[]): Statement[] => arranged([...main, ...rest, ...more]);
  const policyWith = (more: readonly Written[]): Policy => withRules(before, readFresh(allWith(more)));
  const { more, refused } = holdMoves({ programs, sensitive, observations, moves, policyWith, generaliser });
  const all = allWith(more);
  const withheld = withheldOf([...acts, ...movedActs], permitted);
  const unfolded = generaliser.unfolded();
  const unlearnt = [...withheld.map((what) => `${what} (${KERNEL_ACTS})`), ...refused, ...unfolded];
  const completeness = completenessOf(sightsOf([...main, ...rest]), runsIn(input.runs));
  const certificate = `${certificateLine(input.certificate)}; ${completenessLine(completeness)}`;
  const whole = writePolicy(head, all, certificate, unlearnt);
  const learnt = {
    program,
    existing,
    added: addedOf(all, own, readFresh),
    use,
    withheld,
    refused,
    completeness,
    unfolded,
  };
  const alone = writePolicy({ ...head, use: [] }, all, certificate);
  const written: OwnWritten = { text: alone, use: existing === null || own.use ? use : null };
  if (existing === null) return { ...learnt, beside: null, text: whole, written };
  const numbers = new Set([...own.rules].map(({ number }) => number));
  const ours: OwnText =
    numbers.size === 0 && !own.use
      ? NO_OWN_TEXT
      : { numbers, comments: commentsOf(existing), use: own.use ? use : null };
  const wanted = wantedOf(existing.policy, own, readFresh(all), use);
  const holds = (text: string): boolean => isHeld(text, existing.file, wanted, around);
  const text = extensions(existing.text, all, certificate, unlearnt, ours).find(holds);
  if (text !== undefined) return { ...learnt, beside: null, text, written };
  return { ...learnt, text: existing.text, beside: whole, written: existing.written ?? { text: '', use: null } };
}

/** What of a policy that is there is the learner's. */
export function ownedOf(existing: Existing | null, around: Surroundings): Own {
  if (existing?.written === undefined || existing.written.text === '') return NOT_OWN;
  const { text, use } = existing.written;
  try {
    return ownOf(existing.policy, parsePolicy(text, existing.file, around), use);
  } catch (error) {
    // A user that is gone: what was written then can no longer be told from what a person wrote.
    if (error instanceof PolicyError) return NOT_OWN;
    throw error;
  }
}

/** The comments that the learner wrote above its statements. */
function commentsOf({ written }: Existing): Set<string> {
  return new Set(
    (written?.text ?? '')
      .split('\n')
      .filter((line) => line.startsWith('  # '))
      .map((line) => line.trim()),
  );
}

/** A person's rules behind those of the learner's groups. */
function withGroups(persons: Policy | null, fresh: Policy): Policy {
  return persons === null ? fresh : { ...persons, use: fresh.use, rules: [...fresh.rules, ...persons.rules] };
}

/** What must come of it: a person's rules in their order, and the statements where the last of the learner's stood. */
function wantedOf(policy: Policy, own: Own, fresh: Policy, use: readonly string[]): Policy {
  const groups = own.use ? fresh.rules.filter(({ group }) => group !== undefined) : policy.rules.filter(isGroups);
  const rules = policy.rules.filter(({ group }) => group === undefined);
  const last = rules.findLastIndex((rule) => own.rules.has(rule));
  const at = last < 0 ? rules.length : last + 1;
  const persons = (some: readonly Rule[]): Rule[] => some.filter((rule) => !own.rules.has(rule));
  const made = fresh.rules.filter(({ group }) => group === undefined);
  return {
    ...policy,
    ...(own.use ? { use } : {}),
    rules: [...groups, ...persons(rules.slice(0, at)), ...made, ...persons(rules.slice(at))],
  };
}

function isGroups({ group }: Rule): boolean {
  return group !== undefined;
}

/** Those that were not there before. */
function addedOf(
  all: readonly Statement[],
  own: Own,
  readFresh: (statements: readonly Statement[]) => Policy,
): Statement[] {
  if (own.rules.size === 0) return [...all];
  const old = [...own.rules];
  const rules = readFresh(all).rules.filter(({ group }) => group === undefined);
  return all.filter((_, index) => !old.some((rule) => isSame(rule, rules[index] as Rule)));
}

/**
 * The statements in the order in which they must stand: what is named by its name, then the denials of what looks sensitive,
 * then the patterns that these are for. What a pattern permits anyhow is not named.
 */
function arrange(
  written: readonly Written[],
  uids: ReadonlySet<number>,
  { sensitive, userName }: LearnInput,
  readFresh: (statements: readonly Statement[]) => Policy,
): Statement[] {
  const isWide = (one: Written): boolean => one.rules.length > 0 && patternOfText(one) !== null;
  const wide = withoutCovered(written.filter(isWide));
  const patterns = statementsOf(wide, uids, userName);
  const guards = guardsOf(wide, sensitive);
  const open = readFresh([...guards, ...patterns]);
  const covered = new Permitted({ ...open, rules: open.rules.filter(({ group }) => group === undefined) });
  const narrow = written.filter((one) => !isWide(one) && !(wide.length > 0 && covered.has(one.observation)));
  return [...statementsOf(narrow, uids, userName), ...guards, ...patterns];
}

/** Patterns without those that another covers by all that is below a folder above. */
function withoutCovered(wide: readonly Written[]): Written[] {
  const deep = new Map<string, Written[]>();
  for (const one of wide) {
    if (!one.text.endsWith('/**')) continue;
    const key = `${one.key} ${one.observation.operation} ${one.text.slice(0, -'/**'.length)}`;
    deep.set(key, [...(deep.get(key) ?? []), one]);
  }
  if (deep.size === 0) return [...wide];
  return wide.filter(({ key, text, observation: { operation, uids } }) => {
    for (let end = text.lastIndexOf('/'); end > 0; end = text.lastIndexOf('/', end - 1)) {
      const above = text.slice(0, end);
      const all = deep.get(`${key} ${operation} ${above}`);
      if (all === undefined || text === `${above}/**`) continue;
      const users = new Set(all.flatMap(({ observation }) => [...observation.uids]));
      if ([...uids].every((uid) => users.has(uid))) return false;
    }
    return true;
  });
}

/** The pattern of paths that it is written as; null: it names one path, or none. */
function patternOfText({ text }: Written): PathPattern | null {
  const path = text.startsWith('unix:/') ? text.slice('unix:'.length) : text;
  if (!path.startsWith('/')) return null;
  const pattern = parsePath(path, () => null);
  return pattern.self || pattern.components.some(({ kind }) => kind !== 'literal') ? pattern : null;
}

function guardsOf(wide: readonly Written[], sensitive: readonly PathPattern[]): Statement[] {
  const list = new Sensitive(sensitive);
  const met = new Map<string, boolean>();
  const meets = (one: Written): boolean => {
    const known = met.get(one.text) ?? list.guards([patternOfText(one) as PathPattern]).length > 0;
    met.set(one.text, known);
    return known;
  };
  // A socket is connected to under its own name; what it is has no content of its own.
  const files = wide.filter((one) => one.key === 'path' && meets(one));
  const patterns = new Map(files.map((one) => [one.text, patternOfText(one) as PathPattern]));
  const objects = list.guards([...patterns.values()]);
  if (objects.length === 0) return [];
  const operations = new Set(files.map(({ observation }) => observation.operation));
  return [
    {
      ...{ verdict: 'deny', key: 'path', objects },
      operations: FILE_OPERATIONS.filter((operation) => operations.has(operation)),
      comment: ['names that look like keys and passwords: the patterns below are not for them'],
    },
  ];
}

/** What at least so many runs showed, counted as it is written: names that one pattern stands for are one. */
function shownIn(written: readonly Written[], least: number): readonly Written[] {
  if (least < 2) return written;
  const sights = new Map(sightsOf(written).map(({ operation, text, runs }) => [`${operation} ${text}`, runs.size]));
  return written.filter(
    ({ observation, text }) =>
      observation.count === 0 || (sights.get(`${observation.operation} ${text}`) ?? 0) >= least,
  );
}

function sightsOf(written: readonly Written[]): Sight[] {
  const sights = new Map<string, { operation: string; text: string; runs: Set<number> }>();
  for (const { observation, key, text } of written) {
    if (observation.count === 0) continue;
    const { operation, runs = [0] } = observation;
    const name = `${operation} ${key} ${text}`;
    const known = sights.get(name) ?? { operation, text, runs: new Set<number>() };
    for (const run of runs) known.runs.add(run);
    sights.set(name, known);
  }
  return [...sights.values()];
}

function runsIn(runs: readonly Run[]): number {
  return runs.filter(({ header }) => !header.partial).length;
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
