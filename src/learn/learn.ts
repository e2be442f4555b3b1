// SPDX-License-Identifier: GPL-2.0-only
/** From observations to policies: one for each program that was seen. */
import { makesKernelAct } from '../decide/kernel-acts.js';
import type { Policy } from '../policy/model.js';
import { type Version, versionOf } from '../policy/operations.js';
import { parsePolicy } from '../policy/parse.js';
import type { Statement } from '../policy/statement.js';
import { arrange } from './arrange.js';
import { callsFor, type LearntCalls } from './calls.js';
import { certificateLine } from './certificate.js';
import { completenessLine, completenessOf } from './completeness.js';
import { Evidence } from './evidence.js';
import { addedOf, commentsOf, isHeld, ownedOf, wantedOf, withGroups } from './existing.js';
import type { Fold } from './folds.js';
import { Generaliser } from './generalise.js';
import { Given, NOTHING_GIVEN } from './given.js';
import { groupsFor } from './groups.js';
import { holdMoves } from './holding.js';
import { homeOf, inOneHome, withHome } from './homes.js';
import { hostOf, hostsNames, onOneHost, withHost } from './host.js';
import type { LearnInput, LearntPolicy, OwnWritten } from './input.js';
import { followMoves } from './moved.js';
import type { Move, Observation } from './observation.js';
import { type Surplus, surplusText } from './observations.js';
import { withoutOwn } from './own.js';
import { Permitted } from './permitted.js';
import { ownOutput } from './rules/own-output.js';
import { together } from './run.js';
import { runsIn, shownIn, sightsOf } from './sights.js';
import { extensions, type Head, NO_OWN_TEXT, type OwnText, writePolicy } from './write.js';
import type { Written } from './written.js';

/** Why what makes the kernel act is never learned. */
const KERNEL_ACTS = 'by it the kernel is made to run or load something; a rule that names it in full permits it';

/** Lines on what is not learned: of more only how many there are. */
const TOLD_MOST = 20;

/** The policies of all programs that ran, in the order of their paths. */
export function learnPolicies(input: LearnInput): LearntPolicy[] {
  const home = homeOf(input);
  const host = hostOf(input);
  const atHome = home === null ? input.runs : inOneHome(input.runs, home, input.machine.homes);
  const runs = host === null ? atHome : onOneHost(atHome, host);
  const observations = together(runs);
  const byProgram = new Map<string, Observation[]>();
  for (const program of observations.programs()) byProgram.set(program, []);
  for (const observation of observations.all()) {
    const list = byProgram.get(observation.program);
    if (list === undefined) byProgram.set(observation.program, [observation]);
    else list.push(observation);
  }
  const programs = new Set([...input.existing.map(({ policy }) => policy.program), ...byProgram.keys()]);
  const [moves, folds, surplus] = [observations.moves(), observations.folds(), observations.surplus()];
  const headers = runs.map(({ header }) => header);
  const own = new Set(
    observations
      .all()
      .flatMap(({ operation, object }) =>
        (operation === 'create' || operation === 'bind') && object.type === 'path' ? [object.path] : [],
      ),
  );
  const given = input.strength === 'exact' ? NOTHING_GIVEN : new Given(headers, input.machine.homes, own);
  const made = new Evidence(observations.all(), given);
  const of = <T extends { readonly program: string }>(all: readonly T[], program: string): T[] =>
    all.filter((one) => one.program === program);
  return [...byProgram]
    .filter(([program]) => program.startsWith('/'))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([program, list]) =>
      learnProgram(
        {
          program,
          observations: list,
          moves: of(moves, program),
          folds: of(folds, program),
          surplus: of(surplus, program),
        },
        [...programs],
        input,
        made,
        { given, home, host },
      ),
    );
}

/** What one program was seen to do. */
interface Seen {
  readonly program: string;
  readonly observations: readonly Observation[];
  readonly moves: readonly Move[];
  readonly folds: readonly Fold[];
  readonly surplus: readonly Surplus[];
}

function learnProgram(
  { program, observations: seen, moves, folds, surplus }: Seen,
  programs: string[],
  input: LearnInput,
  made: Evidence,
  { given, home, host }: { readonly given: Given; readonly home: string | null; readonly host: string | null },
): LearntPolicy {
  const { sensitive, around, strength, machine } = input;
  const existing = input.existing.find(({ policy }) => policy.program === program) ?? null;
  const version = existing?.policy.version ?? versionOfAll(input);
  const governed = seen.filter(({ operation }) => versionOf(operation) <= version);
  const interpreter = existing === null ? input.interpreter(program) : existing.policy.interpreter;
  const own = ownedOf(existing, around);
  const isAct = ({ operation, object }: Observation): boolean => makesKernelAct(operation, object);
  const [acts, plain] = partition(governed, isAct);
  const use = existing === null || own.use ? groupsFor(program, plain, input.groups) : [];
  const outputs = strength === 'exact' ? [] : ownOutput(plain, moves);
  const [movedActs, observations] = partition(followMoves([...plain, ...outputs], moves), isAct);
  const calls = callsFor(
    program,
    input.runs.map(({ header }) => header.called),
    input.leastRuns ?? 1,
    existing?.policy ?? null,
    existing?.written?.calls,
  );
  const listed = calls.list === 'none' ? null : calls.list;
  const head: Head = { version, program, interpreter, use, calls: existing === null ? listed : null };
  const readFresh = (statements: readonly Statement[]): Policy =>
    parsePolicy(writePolicy(head, statements, ''), program, around);

  const uids = new Set(observations.flatMap((observation) => [...observation.uids]));
  const persons = existing === null ? null : withoutOwn(existing.policy, own);
  const before = persons === null || own.use ? withGroups(persons, readFresh([])) : persons;
  const permitted = new Permitted(before);
  const generaliser = new Generaliser(observations, folds, { sensitive, machine, strength, given }, made);
  const shown = shownIn(generaliser.all(), input.leastRuns ?? 1);
  const missing = shown.filter(({ observation }) => !permitted.has(observation));
  const arranged = (written: readonly Written[]): Statement[] => arrange(written, uids, input, readFresh);
  const [main, implied] = split(missing);
  // What the others grant by implication is not written: asked of the policy itself, not guessed.
  const after = implied.length === 0 ? permitted : new Permitted(withRules(before, readFresh(arranged(main))));
  const rest = implied.filter(({ observation }) => !after.has(observation));
  const allWith = (more: readonly Written[]): Statement[] => arranged([...main, ...rest, ...more]);
  const policyWith = (more: readonly Written[]): Policy => withRules(before, readFresh(allWith(more)));
  const held = holdMoves({ programs, sensitive, observations, moves, policyWith, generaliser });
  const [movesMore, namesMore] = partition(surplus, ({ operation }) => operation === 'move');
  const refused = [
    ...held.refused,
    ...movesMore.map((one) => `${surplusText(one)} were not kept, and not held against the rules`),
  ];
  const hosts = host === null ? new Set<string>() : hostsNames([...shown, ...held.more], made, host);
  const plainly = allWith(held.more).map((statement) => (host === null ? statement : withHost(statement, hosts, host)));
  const all = home === null ? plainly : plainly.map((statement) => withHome(statement, home));
  const withheld = withheldOf([...acts, ...movedActs], permitted);
  const unfolded = [...few(generaliser.unfolded(), 'folders'), ...namesMore.map(surplusText)];
  const unlearnt = [...withheld.map((what) => `${what} (${KERNEL_ACTS})`), ...refused, ...unfolded, ...calls.unlearnt];
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
  const kept = calls.list === null ? existing?.written?.calls : listed;
  const written: OwnWritten = {
    text: alone,
    use: existing === null || own.use ? use : null,
    ...(kept === null || kept === undefined ? {} : { calls: kept }),
  };
  if (existing === null) return { ...learnt, beside: null, text: whole, written };
  const numbers = new Set([...own.rules].map(({ number }) => number));
  const ours: OwnText =
    numbers.size === 0 && !own.use
      ? NO_OWN_TEXT
      : { numbers, comments: commentsOf(existing), use: own.use ? use : null };
  const wanted = withCalls(wantedOf(existing.policy, own, readFresh(all), use), calls.list);
  const holds = (text: string): boolean => isHeld(text, existing.file, wanted, around);
  const text = extensions(existing.text, all, certificate, unlearnt, ours, calls.list).find(holds);
  if (text !== undefined) return { ...learnt, beside: null, text, written };
  return { ...learnt, text: existing.text, beside: whole, written: existing.written ?? { text: '', use: null } };
}

/** The first of them, and how many others there are. */
function few(told: readonly string[], what: string): readonly string[] {
  return told.length <= TOLD_MOST
    ? told
    : [...told.slice(0, TOLD_MOST), `names below ${told.length - TOLD_MOST} more ${what}`];
}

/** The version of the language of a policy that is new: the highest that was looked at, or is in use. */
function versionOfAll({ runs, existing }: LearnInput): Version {
  const versions = [...runs.map(({ header }) => header.version ?? 1), ...existing.map(({ policy }) => policy.version)];
  return versions.includes(2) ? 2 : 1;
}

/** The policy with the learner's list of system calls. */
function withCalls(policy: Policy, list: LearntCalls['list']): Policy {
  if (list === null) return policy;
  const { syscalls: _, ...rest } = policy;
  return list === 'none' ? rest : { ...rest, syscalls: { permit: list } };
}

/** The policy with rules at its end, where they decide last. */
function withRules(policy: Policy, { rules }: Policy): Policy {
  return { ...policy, rules: [...policy.rules, ...rules] };
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
    operation === 'stat' ||
    operation === 'socket' ||
    operation === 'capable' ||
    (operation === 'read' && loaded.has(text));
  return [written.filter((one) => !follows(one)), written.filter(follows)];
}
