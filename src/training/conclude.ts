// SPDX-License-Identifier: GPL-2.0-only
/**
 * The end of learning: what was observed is kept as a run, and the policies are derived from all runs of the application. The same for
 * a learner that ended well, one that was killed, and a log.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { loadApplication } from '../application/application.js';
import { policyFileName } from '../application/policy-name.js';
import type { Surroundings } from '../application/surroundings.js';
import { Journal, type JournalFacts, journalRecords } from '../audit/journal.js';
import { lineOf } from '../events/line.js';
import type { EventRecord } from '../events/record.js';
import { findUser } from '../host/accounts.js';
import { codeOf, Failure } from '../host/failure.js';
import { type Host, ROOT } from '../host/host.js';
import { makeFolder } from '../host/make-folder.js';
import { replaceFile } from '../host/replace-file.js';
import { type Certificate, certificateLine, certify, withLoss } from '../learn/certificate.js';
import { type Completeness, completenessLine } from '../learn/completeness.js';
import type { Existing, Group, LearnInput, LearntPolicy, OwnWritten } from '../learn/input.js';
import { learnPolicies } from '../learn/learn.js';
import { Observations, type Source } from '../learn/observations.js';
import type { Run, RunHeader } from '../learn/run.js';
import { readSensitive, Sensitive } from '../learn/sensitive.js';
import { STRENGTHS, type Strength } from '../learn/strength.js';
import { bytesOf } from '../policy/bytes.js';
import { parseGroup } from '../policy/parse.js';
import type { Ended } from '../supervise/foreground.js';
import { interpreterOf } from '../supervise/program.js';
import { configuredFolders } from './configured.js';
import { thisMachine } from './machine.js';
import { countedIn } from './missing.js';
import { keepAnd, keepMemory, memoryOf, runsOf } from './runs.js';

/** Groups that a learned policy may use, in the order in which they are asked. */
const GROUPS: readonly string[] = [
  ...['libc', 'locale', 'names', 'tls', 'python', 'perl', 'ruby', 'node', 'java', 'terminals', 'x11'],
];

/** One policy that was written, or left as it was. */
export interface WrittenPolicy {
  readonly program: string;
  readonly file: string;
  /** Statements that were added; 0: the policy permitted all of it already. */
  readonly added: number;
  readonly created: boolean;
  readonly use: readonly string[];
  /** What was done and is never learned. */
  readonly withheld: readonly string[];
  readonly completeness: Completeness;
  /** Names that were too many to be kept, and that no pattern stands for. */
  readonly unfolded: readonly string[];
  /** What new statements name of policies/sensitive.txt, as `read /etc/shadow`; absent: nothing. */
  readonly sensitive?: readonly string[];
}

/** A policy that could not be written; those of the other programs were. */
export interface UnwrittenPolicy {
  readonly program: string;
  readonly file: string;
  readonly why: string;
}

export interface LearnResult {
  readonly session: string;
  readonly folder: string;
  /** Null: the learner that began was killed. */
  readonly ended: Ended | null;
  readonly certificate: Certificate;
  readonly policies: readonly WrittenPolicy[];
  readonly unwritten: readonly UnwrittenPolicy[];
  /** Moves that were seen and that the policies refuse all the same, with the program before each. */
  readonly unmoved: readonly string[];
  /** What rules of the policies refused meanwhile; nothing of it was learned. */
  readonly refused: readonly EventRecord[];
  /** Attempts on more of it than is told one by one; absent: none. */
  readonly refusedMore?: number;
  /** Programs of whose arguments not all are known; absent: none. */
  readonly unread?: number;
}

/** What a run was, and what came of it. */
export interface Conclusion {
  readonly header: Omit<RunHeader, 'v' | 'type' | 'of' | 'certificate' | 'configured'>;
  readonly around: Surroundings;
  readonly records: Iterable<EventRecord>;
  readonly source: Source;
  readonly certificate: Certificate;
  readonly ended: Ended | null;
  /** Null: as the application was learned before, else as usual. */
  readonly strength: Strength | null;
  /** The command that concludes the same once more, where it fails. */
  readonly again: string;
  /** Programs of whose arguments not all are known; absent: none. */
  readonly unread?: number;
}

/**
 * Keeps the run and writes the policies of all programs that were seen into the folder. Each file is replaced whole or left as
 * it is.
 *
 * @throws Failure where a policy that is there cannot be read, or a run that is kept
 */
export function conclude(host: Host, conclusion: Conclusion): LearnResult {
  const { header, around, records, source, ended } = conclusion;
  const observations = new Observations();
  for (const record of records) observations.add(record, source);
  const certificate = withLoss(conclusion.certificate, 'moves of which one name is not known', observations.untold);
  const configured = configuredFolders(observations.all(), header.named, new Sensitive(sensitiveList()));
  const run: Run = { header: { v: 1, type: 'run', ...header, configured, of: [], certificate }, observations };
  const derived = keepAnd(host, run, conclusion.again, () => derive(host, header.folder, around, conclusion.strength));
  const { refusedMore } = observations;
  const refused = { refused: observations.refused(), ...(refusedMore > 0 ? { refusedMore } : {}) };
  const { unread = 0 } = conclusion;
  const missing = unread > 0 ? { unread } : {};
  return { ...derived, ...refused, ...missing, session: header.session, ended, certificate };
}

/** What was derived from the runs of an application, and written. */
export type Derived = Pick<LearnResult, 'folder' | 'policies' | 'unwritten' | 'unmoved'>;

/** All that learning goes by. */
export function inputOf(
  host: Host,
  folder: string,
  around: Surroundings,
  wanted: Strength | null,
  runs: readonly Run[],
): LearnInput {
  const last = runs.at(-1);
  if (last === undefined)
    throw new Failure(`${folder}: no run of it is kept`, `callgate learn --policies ${folder} -- CMD`);
  const memory = memoryOf(host, folder);
  const strength = wanted ?? STRENGTHS.find((one) => one === memory.strength) ?? 'balanced';
  return {
    ...{ runs, around, strength, machine: thisMachine(), certificate: last.header.certificate },
    existing: existingIn(folder, around, memory.written),
    groups: groupsOf(around),
    sensitive: sensitiveList(),
    userName: (uid) => findUser(uid)?.name ?? null,
    interpreter: interpreterOf,
  };
}

/**
 * Derives the policies of an application from its runs, and writes them.
 *
 * @param runs instead of all that are kept
 * @param leastRuns only what so many of them showed
 */
export function derive(
  host: Host,
  folder: string,
  around: Surroundings,
  wanted: Strength | null,
  runs: readonly Run[] = runsOf(host, folder),
  leastRuns = 1,
): Derived {
  policiesFolder(folder);
  const memory = memoryOf(host, folder);
  const input = inputOf(host, folder, around, wanted, runs);
  const { existing, strength } = input;
  const learnt = learnPolicies({ ...input, leastRuns });
  const names = existing.map(({ file }) => basename(file));
  const policies: WrittenPolicy[] = [];
  const unwritten: UnwrittenPolicy[] = [];
  const written = new Map(memory.written);
  const sensitive = new Sensitive(input.sensitive);
  for (const policy of learnt) {
    const { program } = policy;
    const file = policy.existing?.file ?? join(folder, policyFileName(program, names));
    names.push(basename(file));
    try {
      if (policy.beside !== null) {
        const beside = besideOf(file);
        replaceFile(beside, policy.beside);
        unwritten.push({
          program,
          file,
          why: `${file}: the statements cannot be added to it; they stand in ${beside}`,
        });
        continue;
      }
      replaceFile(file, policy.text);
      written.set(basename(file), policy.written);
      policies.push(writtenOf(policy, file, sensitive));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      unwritten.push({ program, file, why: error.message });
    }
  }
  keepMemory(host, folder, { written, strength });
  const unmoved = learnt.flatMap(({ program, refused }) => refused.map((why) => `${program}: ${why}`));
  return { folder, policies, unwritten, unmoved };
}

/** The policies of a folder, each with what of it is the learner's. */
export function existingIn(folder: string, around: Surroundings, written: ReadonlyMap<string, OwnWritten>): Existing[] {
  return (loadApplication(folder, around)?.policies ?? []).map((policy) => {
    const own = written.get(basename(policy.file));
    return own === undefined ? policy : { ...policy, written: own };
  });
}

/** What no pattern may reach: the list that comes with callgate. */
export function sensitiveList(): ReturnType<typeof readSensitive> {
  return readSensitive(readFileSync(`${ROOT}policies/sensitive.txt`, 'utf8'));
}

/**
 * Writes the policies of a journal and marks it, where all could be written: else another recovery tries again.
 *
 * @param ended how the program ended; null: nobody knows
 */
export function concludeJournal(
  host: Host,
  journal: JournalFacts,
  around: Surroundings,
  ended: Ended | null,
): LearnResult {
  const { file, header, given, unread, called } = journal;
  const { session, folder, command, program, user, cwd, named = [] } = header;
  const certificate = certify(countedIn(journal));
  const strength = STRENGTHS.find((one) => one === header.strength) ?? null;
  const home = around.variable('HOME');
  const run = {
    session,
    folder,
    command,
    program,
    user,
    cwd,
    named,
    ...(header.version === undefined ? {} : { version: header.version }),
    ...(Object.keys(given).length === 0 ? {} : { given }),
    ...(Object.keys(called).length === 0 ? {} : { called }),
    partial: header.entered === true,
    ...(home === null ? {} : { home }),
    ...(header.host === undefined ? {} : { host: header.host }),
  };
  const result = conclude(host, {
    header: run,
    around,
    records: journalRecords(file),
    source: 'learnt',
    certificate,
    ended,
    strength,
    again: 'callgate learn --recover',
    unread,
  });
  if (result.unwritten.length > 0) return result;
  Journal.mark(file, 'callgate learn --recover');
  return result;
}

function writtenOf(policy: LearntPolicy, file: string, sensitive: Sensitive): WrittenPolicy {
  const { program, existing, added, use, withheld, completeness, unfolded } = policy;
  const named = added.flatMap(({ verdict, operations, key, objects }) =>
    verdict !== 'permit' || key !== 'path' || operations.every((operation) => operation === 'stat')
      ? []
      : objects
          .filter((text) => /^\/[^*?{[\\$]*$/.test(text) && sensitive.has(bytesOf(text)))
          .map((text) => `${operations.join(', ')} ${text}`),
  );
  return {
    ...{ program, file, added: added.length, created: existing === null, use, withheld, completeness, unfolded },
    ...(named.length === 0 ? {} : { sensitive: named }),
  };
}

/** What a policy names of the list, for a person to look at. */
const NAMED_SHOWN = 10;

export function sensitiveText({ program, sensitive = [] }: WrittenPolicy): string[] {
  const shown = sensitive
    .slice(0, NAMED_SHOWN)
    .map((text) => `  ${program}: LOOK AT THIS: it may ${text}, which policies/sensitive.txt lists`);
  return sensitive.length > NAMED_SHOWN
    ? [...shown, `  ${program}: and ${sensitive.length - NAMED_SHOWN} more of that list`]
    : shown;
}

/** No policy file by its ending, so that it is never taken in by itself; cut so that the name stays one. */
function besideOf(file: string): string {
  const stem = Buffer.from(basename(file, '.yaml')).subarray(0, 240).toString();
  return join(dirname(file), `${stem.replace(/\ufffd+$/, '')}.learned`);
}

export function groupsOf(around: Surroundings): Group[] {
  return GROUPS.flatMap((name) => {
    const found = around.rules(name);
    return found === null ? [] : [{ name, rules: parseGroup(name, found.text, found.file, around) }];
  });
}

function policiesFolder(folder: string): void {
  try {
    makeFolder(folder, 0o755);
  } catch (error) {
    throw new Failure(
      `${folder}: the folder of policies cannot be made (${codeOf(error) ?? 'error'})`,
      undefined,
      error,
    );
  }
}

/** A result as a person reads it. */
export function renderLearnt(result: LearnResult): string {
  const { folder, policies, unwritten, certificate, unmoved, refused, refusedMore = 0, unread = 0 } = result;
  const lines = policies.flatMap(({ program, file, added, created, completeness, unfolded }) => {
    const statements = added === 1 ? '1 statement' : `${added} statements`;
    const what = created ? 'written' : added === 0 ? 'permitted all of it already' : `${statements} new or changed`;
    return [
      `  ${program}: ${file} (${what}; ${completenessLine(completeness)})`,
      ...unfolded.map(
        (said) => `  ${program}: NOT LEARNED: ${said}: too many to be named, and no pattern may name them`,
      ),
    ];
  });
  const denied = [
    ...refused.map((record) => `  ${lineOf(record)}`),
    ...(refusedMore > 0 ? [`  and ${refusedMore} attempts more`] : []),
  ];
  return [
    certificateLine(certificate),
    ...lines,
    ...policies.flatMap(sensitiveText),
    ...policies.flatMap(({ program, withheld }) =>
      withheld.map(
        (what) =>
          `  ${program}: NOT LEARNED: ${what}: by it the kernel is made to run or load something (a rule that names it in full permits it)`,
      ),
    ),
    ...unwritten.map(({ program, why }) => `  ${program}: NOT WRITTEN: ${why} (then: callgate learn --recover)`),
    ...(unmoved.length === 0
      ? []
      : ['moved, and refused (EXDEV) under the policies:', ...unmoved.map((line) => `  ${line}`)]),
    ...(denied.length === 0 ? [] : ['refused by rules that are there already, and not learned:', ...denied]),
    ...(unread === 0
      ? []
      : [
          `of ${unread} programs that were run not all arguments are known (more than 4096 bytes, or not read): what they name is known by its name`,
        ]),
    ...(certificate.tainted
      ? ['the run is TAINTED: learn again, and the policies will say that nothing was lost']
      : []),
    ...failedText(result),
    ...(unwritten.length > 0
      ? []
      : [
          `next: callgate policy show ${policies.length === 1 ? folder : 'FILE of each'}, then callgate run --policies ${folder} -- CMD`,
        ]),
  ].join('\n');
}

/** A run that was cut short shows less than a whole one, and counts as one all the same. */
function failedText({ ended, session }: LearnResult): string[] {
  if (ended === null || ended.code === null || ended.code === 0) return [];
  return [
    `the program ended with ${ended.code}: if it did not come to its end, callgate learn forget ${session}, and learn it again`,
  ];
}
