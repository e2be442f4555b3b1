/** From observations to policies: one for each program that was seen. */
import { decide } from '../decide/decide.js';
import type { Access, PathPattern, Policy, Rule } from '../policy/model.js';
import { parsePolicy } from '../policy/parse.js';
import type { Statement } from '../policy/statement.js';
import type { Surroundings } from '../policy/surroundings.js';
import type { Certificate } from './certificate.js';
import { generalise, type Written } from './generalise.js';
import { followMoves, holdMoves } from './moved.js';
import type { Move, Observation, Observations } from './observation.js';
import { statementsOf } from './statements.js';
import { extendPolicy, type Head, writePolicy } from './write.js';

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
  /** Moves that were seen and that it refuses all the same, and why. */
  readonly refused: readonly string[];
}

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
  const use = existing === null ? groupsFor(program, seen, input.groups) : [];
  const observations = followMoves(seen, moves);
  const head: Head = { program, interpreter, use };
  const write = (statements: readonly Statement[], refused: readonly string[] = []): string =>
    existing === null
      ? writePolicy(head, statements, certificate, refused)
      : extendPolicy(existing.text, statements, certificate, refused);
  const read = (statements: readonly Statement[]): Policy =>
    parsePolicy(write(statements), existing?.file ?? program, around);

  const uids = new Set(observations.flatMap((observation) => [...observation.uids]));
  const before = read([]);
  const missing = generalise(observations, sensitive).filter(({ observation }) => !permits(before, observation));
  const [main, implied] = split(missing);
  const added = statementsOf(main, uids, userName);
  // What the others grant by implication is not written: asked of the policy itself, not guessed.
  const after = implied.length === 0 ? before : read(added);
  const rest = implied.filter(({ observation }) => !permits(after, observation));
  const allWith = (more: readonly Written[]): Statement[] => [
    ...added,
    ...statementsOf([...rest, ...more], uids, userName),
  ];
  const policyWith = (more: readonly Written[]): Policy => read(allWith(more));
  const { more, refused } = holdMoves({ programs, sensitive, observations, moves, policyWith });
  const all = allWith(more);
  return { program, existing, text: write(all, refused), added: all, use, refused };
}

/** Does the policy permit the operation to everyone who did it? */
function permits(policy: Policy, { operation, object, uids, owners }: Observation): boolean {
  const asked = owners.size === 0 ? [undefined] : owners;
  for (const uid of uids)
    for (const owner of asked) {
      const access: Access = {
        operations: [operation],
        object,
        uid,
        gid: uid,
        ...(owner === undefined ? {} : { owner }),
      };
      if (decide(policy, access).verdict !== 'permit') return false;
    }
  return true;
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
    const policy = policyOf(program, [...chosen, ...rules]);
    const covered = open.filter((observation) => permits(policy, observation));
    if (new Set(covered.map(({ text }) => text)).size < GROUP_EVIDENCE) continue;
    names.push(name);
    chosen.push(...rules);
    open = open.filter((observation) => !covered.includes(observation));
  }
  return names;
}

function policyOf(program: string, rules: readonly Rule[]): Policy {
  const rest = { mode: 'enforce', default: 'deny', errno: 'EPERM', use: [], file: program } as const;
  return { version: 1, program, ...rest, rules };
}
