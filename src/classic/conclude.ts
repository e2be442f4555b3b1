// SPDX-License-Identifier: GPL-2.0-only
/** From what was observed to classic files: exact rules, as systrace -A wrote them, behind those that are there. */
import { dirname, join } from 'node:path';
import type { Surroundings } from '../application/surroundings.js';
import { Journal, type JournalFacts, type JournalHeader, journalRecords } from '../audit/journal.js';
import type { EventRecord } from '../events/record.js';
import { codeOf, Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { replaceFile } from '../host/replace-file.js';
import { ownFolder, readSecure } from '../host/secure.js';
import { type Counted, certify } from '../learn/certificate.js';
import { learnPolicies } from '../learn/learn.js';
import { Observations } from '../learn/observation.js';
import type { Run } from '../learn/run.js';
import { type Bytes, bufferOf, bytesOf, readText } from '../policy/bytes.js';
import type { Policy } from '../policy/model.js';
import { parsePolicy } from '../policy/parse.js';
import { readState } from '../session/state.js';
import { interpreterOf } from '../supervise/program.js';
import { exportPolicy } from '../systrace/export.js';
import { parseClassic } from '../systrace/parse.js';
import { printPolicy } from '../systrace/print.js';
import type { ClassicRule } from '../systrace/syntax.js';
import { THROUGH } from '../systrace/through.js';
import { sensitiveList } from '../training/conclude.js';
import { thisMachine } from '../training/machine.js';
import { surroundings, unwrittenJournals } from '../training/recover.js';
import { type FoundPolicy, findClassic, SYSTEM_FOLDER } from './files.js';
import { classicFileName } from './names.js';
import { addRules } from './write.js';

/**
 * Writes what a journal says into the user's folder.
 *
 * @param last nothing more comes: the journal is marked as written, where all could be
 * @returns what a person must know of, a line each
 * @throws Failure where the folder cannot be used
 */
export function concludeClassic(journal: JournalFacts, around: Surroundings, last: boolean): string[] {
  const { header, counted, file } = journal;
  const { classic } = header;
  if (classic === undefined) throw new Failure(`${file}: no journal of systrace`);
  const told: string[] = [];
  let failed = false;
  if (classic.writes) {
    const folder = ownFolder(header.folder);
    for (const { policy, withheld } of learned(journal, around)) {
      try {
        told.push(...writePolicy({ ...header, folder }, policy));
        for (const what of withheld)
          told.push(`${policy.program}: ${what}: by it the kernel is made to run something, which is never learned`);
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
  const resumed = Journal.resume(file);
  resumed.written();
  resumed.close();
  return told;
}

/** Writes what systraces learned that were killed. One that cannot be written is told and stays. */
export function recoverClassic(host: Host, say: (line: string) => void): void {
  for (const journal of unwrittenJournals(host, [])) {
    const { header } = journal;
    if (header.classic === undefined || readState(host, header.session) !== undefined) continue;
    try {
      say(`${header.session}: its systrace was killed; what it had learned is written now`);
      for (const line of concludeClassic(journal, surroundings(host, header.user, header.cwd), true)) say(line);
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
  readonly withheld: readonly string[];
}

function learned(journal: JournalFacts, around: Surroundings): Learned[] {
  const { file, header, counted } = journal;
  const { session, folder, command, program, user, cwd, named = [], classic } = header;
  const observations = new Observations();
  for (const record of journalRecords(file))
    observations.add(asClassic(record, classic?.inherit ? program : null), 'learnt');
  const certificate = certify(counted ?? unfinished(journal));
  const run: Run = {
    header: {
      ...({ v: 1, type: 'run', session, folder, command, program, user, cwd, named, partial: false, of: [] } as const),
      certificate,
    },
    observations,
  };
  return learnPolicies({
    ...{ runs: [run], existing: [], groups: [], sensitive: sensitiveList(), certificate, around },
    ...{ machine: thisMachine(), strength: 'exact', userName: () => null, interpreter: interpreterOf },
  }).map(({ text, program: name, withheld }) => ({ policy: parsePolicy(text, name, around), withheld }));
}

/** systrace's rules asked for no user, and with -i all is the first program's. */
function asClassic(record: EventRecord, program: string | null): EventRecord {
  return { ...record, uid: 0, ...(program === null ? {} : { policy: program }) };
}

/** The file that is the program's, or becomes it: with all that held before, for a file of the user's hides the system's. */
function writePolicy({ folder, classic }: JournalHeader, policy: Policy): string[] {
  const program = readText(policy.program);
  const places = { user: folder, system: classic?.system ?? SYSTEM_FOLDER, file: classic?.file ?? null };
  const { policies } = findClassic(places, policy.program, (process.env.PATH ?? '').split(':'));
  const found = policies.find((one) => one.policy.program === program);
  const own = found !== undefined && dirname(found.file) === folder ? found : undefined;
  const file = own?.file ?? join(folder, classicFileName(policy.program));
  const there = textAt(file);
  const base = found === undefined || own !== undefined ? there : `${there ?? ''}${printPolicy(withoutUnread(found))}`;
  const exported = exportPolicy(policy, classic?.unaliased ? 'calls' : 'aliases');
  const rules = parseClassic(exported.text, file).policies.flatMap((one) => one.rules);
  // What callgate does not judge needs no rule in a policy that is there already.
  const wanted = found === undefined ? rules : rules.filter((rule) => !isIdle(rule));
  const { text, added, long } = addRules(base as Bytes | null, program, own === undefined ? [] : [own.written], wanted);
  if (added > 0 || found === undefined) replaceFile(file, shown(text, file));
  return [
    ...(long > 0 ? [`${file}: ${long} rules are too long for a line of it: not written`] : []),
    ...exported.reports.filter(({ kind }) => kind === 'narrower').map(({ message }) => `${file}: ${message}`),
  ];
}

function withoutUnread({ policy, unread }: FoundPolicy): FoundPolicy['policy'] {
  return { ...policy, rules: policy.rules.filter((rule) => !unread.has(rule)) };
}

function isIdle({ call, condition }: ClassicRule): boolean {
  return THROUGH.includes(call) || (call === 'mmap' && condition !== null);
}

function textAt(file: string): Bytes | null {
  try {
    return bytesOf(readSecure(file));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function shown(text: Bytes, file: string): string {
  const read = bufferOf(text).toString('utf8');
  if (!Buffer.from(read).equals(bufferOf(text)))
    throw new Failure(`${file}: a name in it is no UTF-8, and a classic policy has no other way to write it`);
  return read;
}
