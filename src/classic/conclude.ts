// SPDX-License-Identifier: GPL-2.0-only
/** From what was observed to classic files: exact rules, as systrace -A wrote them, behind those that are there. */

import { Journal, type JournalFacts, type JournalHeader, journalRecords } from '../audit/journal.js';
import { exactly } from '../decide/exact.js';
import { makesKernelAct } from '../decide/kernel-acts.js';
import type { EventRecord } from '../events/record.js';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { ownFolder } from '../host/secure.js';
import { type Counted, certify } from '../learn/certificate.js';
import type { Observation } from '../learn/observation.js';
import { Observations } from '../learn/observations.js';
import { textOf } from '../policy/bytes.js';
import { counted } from '../policy/counted.js';
import type { Policy, Rule } from '../policy/model.js';
import { OPERATIONS } from '../policy/operations.js';
import { readState } from '../session/state.js';
import { exportPolicy } from '../systrace/export.js';
import { parseClassic } from '../systrace/parse.js';
import { THROUGH } from '../systrace/through.js';
import { unwrittenJournals } from '../training/recover.js';
import { SYSTEM_FOLDER } from './files.js';
import { keepRules } from './keep.js';
import type { NewRule } from './write.js';

/**
 * Writes what a journal says into the user's folder.
 *
 * @param last nothing more comes: the journal is marked as written, where all could be
 * @returns what a person must know of, a line each
 * @throws Failure where the folder cannot be used
 */
export function concludeClassic(journal: JournalFacts, last: boolean): string[] {
  const { header, counted, file } = journal;
  const { classic } = header;
  if (classic === undefined) throw new Failure(`${file}: no journal of systrace`);
  const told: string[] = [];
  let failed = false;
  if (classic.writes) {
    const folder = ownFolder(header.folder);
    for (const { policy, withheld } of learned(journal)) {
      try {
        told.push(...writePolicy({ ...header, folder }, policy));
        told.push(...withheld.map((what) => `${policy.program}: ${what}`));
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        failed = true;
        told.push(`${error.message}${error.remedy === undefined ? '' : `; do: ${error.remedy}`}`);
      }
    }
  }
  if (!last || failed) return told;
  const { losses } = certify(counted ?? unfinished(journal));
  for (const { what, count } of losses) told.push(`${count} ${what}: what was learned may lack something`);
  Journal.mark(file, 'the next systrace -A');
  return told;
}

/** Writes what systraces learned that were killed. One that cannot be written is told and stays. */
export function recoverClassic(host: Host, say: (line: string) => void): void {
  for (const journal of unwrittenJournals(host, [])) {
    const { header } = journal;
    if (header.classic === undefined || readState(host, header.session) !== undefined) continue;
    try {
      say(`${header.session}: its systrace was killed; what it had learned is written now`);
      for (const line of concludeClassic(journal, true)) say(line);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      say(`${header.session}: ${error.message}`);
    }
  }
}

function unfinished({ header, events, learnt, last }: JournalFacts): Counted {
  const { session, started } = header;
  return {
    ...{ session, started, ended: last ?? started, events, learnt, repeats: 0, dropped: 0 },
    ...{ unresolved: {}, floor: {}, skipped: 0, damaged: 0, unfinished: true },
  };
}

interface Learned {
  readonly policy: Policy;
  /** What is never learned. */
  readonly withheld: readonly string[];
}

/** A policy for each program: a rule for each object with all that was done to it, nothing generalised. */
function learned({ file, header }: JournalFacts): Learned[] {
  const { program: entry, classic } = header;
  const observations = new Observations();
  for (const record of journalRecords(file))
    observations.add(asClassic(record, classic?.inherit ? entry : null), 'learnt');
  const programs = new Map<string, Map<string, Observation[]>>();
  for (const program of observations.programs()) programs.set(program, new Map());
  for (const observation of observations.all()) {
    const objects = programs.get(observation.program) ?? new Map<string, Observation[]>();
    programs.set(observation.program, objects);
    objects.set(observation.text, [...(objects.get(observation.text) ?? []), observation]);
  }
  const many = observations.folds().map(({ program, folder, count }) => ({
    program,
    what: `${count} names below ${textOf(folder)}: too many to be kept`,
  }));
  return [...programs]
    .filter(([program]) => program.startsWith('/'))
    .map(([program, objects]) => {
      const all = [...objects.values()].flat();
      const acts = all.filter(({ operation, object }) => makesKernelAct(operation, object));
      const withheld = [
        ...acts.map(
          ({ operation, text }) =>
            `${operation} ${text}: by it the kernel is made to run something, which is never learned`,
        ),
        ...many.flatMap((one) => (one.program === program ? [one.what] : [])),
      ];
      const rules = [...objects.values()].flatMap((done) => rulesOf(done.filter((one) => !acts.includes(one))));
      const head = { version: 1, program, mode: 'enforce', default: 'deny', errno: 'EPERM', use: [], file } as const;
      return { policy: { ...head, rules: rules.map((rule, index) => ({ ...rule, number: index + 1 })) }, withheld };
    });
}

function rulesOf(done: readonly Observation[]): Omit<Rule, 'number'>[] {
  const [first] = done;
  if (first === undefined) return [];
  const operations = OPERATIONS.filter((operation) => done.some((one) => one.operation === operation));
  const place = { file: '', line: 1, column: 1 };
  return [{ verdict: 'permit', operations, objects: [exactly(first.object, operations)], place }];
}

/** systrace's rules asked for no user, and with -i all is the first program's. */
function asClassic(record: EventRecord, program: string | null): EventRecord {
  return { ...record, uid: 0, ...(program === null ? {} : { policy: program }) };
}

function writePolicy({ folder, classic, program }: JournalHeader, policy: Policy): string[] {
  const entry = classic?.called === undefined ? null : { path: program, called: classic.called };
  const places = { user: folder, system: classic?.system ?? SYSTEM_FOLDER, file: classic?.file ?? null, entry };
  const exported = exportPolicy(policy, classic?.unaliased ? 'calls' : 'aliases');
  const rules = parseClassic(exported.text, '').policies.flatMap((one) => one.rules);
  // What callgate does not judge needs no rule in a policy that is there already.
  const { file, long } = keepRules(places, policy.program, rules, (rule) => !isIdle(rule));
  return [
    ...(long > 0 ? [`${file}: ${counted(long, 'rule')} too long for a line of it: not written`] : []),
    ...exported.reports.filter(({ kind }) => kind === 'narrower').map(({ message }) => `${file}: ${message}`),
  ];
}

function isIdle({ call, condition }: NewRule): boolean {
  return THROUGH.includes(call) || (call === 'mmap' && condition !== null);
}
