// SPDX-License-Identifier: GPL-2.0-only
/** `callgate policy replay`: recorded runs, journals and logs held against a policy, without a kernel. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LoadedPolicy } from '../application/application.js';
import { scanJournal } from '../audit/journal.js';
import { isOf, isShared, logFile } from '../audit/logs.js';
import { recordsOf } from '../audit/read.js';
import { patternText } from '../decide/text.js';
import { isEvent, type LogRecord } from '../events/record.js';
import { Failure } from '../host/failure.js';
import { beginningOf } from '../host/plain-file.js';
import { certify, eventsLost, type Losses, lossesOf, lossesText } from '../learn/certificate.js';
import type { Observation } from '../learn/observation.js';
import { Observations } from '../learn/observations.js';
import { type Refused, replay } from '../learn/replay.js';
import type { Run } from '../learn/run.js';
import type { Rule } from '../policy/model.js';
import { countedIn, LossCounter } from './missing.js';
import { allRuns, readRunFile, runsOf } from './runs.js';

interface Places {
  readonly journals: string;
  readonly policies: string;
  readonly logs: string;
}

/** What a policy would have refused of one recording. */
export interface Replay {
  /** A run that is kept, or a file. */
  readonly run: string;
  readonly file: string;
  readonly observations: number;
  /** Attempts on names that were too many to be kept: they are not judged. */
  readonly folded: number;
  /** Lines of it that cannot be read, and events that it says itself are lost: they are not judged either. */
  readonly unreadable: number;
  readonly lost: number;
  /** All that may be missing of it, those too, as a certificate has it; empty: nothing is. */
  readonly losses: Losses;
  readonly refused: readonly RefusedText[];
}

interface RefusedText {
  readonly operation: string;
  readonly object: string;
  readonly count: number;
  readonly uid: number;
  /** The rule that refuses; null: the default. */
  readonly rule: number | null;
  readonly group?: string;
}

export interface ReplayResult {
  readonly program: string;
  readonly file: string;
  readonly replays: readonly Replay[];
  /** Rules of the policy that decided nothing in any of them. */
  readonly unused: readonly { readonly rule: number; readonly line: number; readonly text: string }[];
}

/**
 * Judges recordings by a policy.
 *
 * @param words sessions whose runs are kept or that have a log, or files (a run, a journal, a log); none: all runs of the
 *   policy's application, or where it has none all that saw its program
 * @throws Failure where a word means nothing, or no run is kept
 */
export function replayPolicy(places: Places, { file, policy }: LoadedPolicy, words: readonly string[]): ReplayResult {
  const { program } = policy;
  const recordings = words.length > 0 ? words.map((word) => recorded(places, word)) : kept(places, file, program);
  let unused: readonly Rule[] | null = null;
  const replays = recordings.map(({ run, file, observations, unreadable, losses }): Replay => {
    const mine = observations.all().filter((one: Observation) => one.program === program);
    const judged = replay(policy, mine);
    const still = judged.unused;
    unused = unused === null ? still : unused.filter((rule) => still.includes(rule));
    const folds = observations.folds().filter((fold) => fold.program === program);
    return {
      ...{ run, file, observations: judged.observations, refused: judged.refused.map(textOf) },
      folded: folds.reduce((sum, { count }) => sum + count, 0),
      ...{ unreadable, lost: eventsLost(losses), losses },
    };
  });
  return {
    ...{ program, file, replays },
    unused: (unused ?? []).map((rule: Rule) => ({ rule: rule.number, line: rule.place.line, text: ruleText(rule) })),
  };
}

function textOf({ operation, object, count, uid, rule }: Refused): RefusedText {
  const group = rule?.group === undefined ? {} : { group: rule.group };
  return { operation, object, count, uid, rule: rule?.number ?? null, ...group };
}

interface Recording {
  readonly run: string;
  readonly file: string;
  readonly observations: Observations;
  readonly unreadable: number;
  readonly losses: Losses;
}

/** A run that lacks lines is not judged at all: nothing is learned with it either. */
function recordingOf(run: string, file: string, { header, observations }: Run): Recording {
  return { run, file, observations, unreadable: 0, losses: header.certificate.losses };
}

function kept(places: Places, file: string, program: string): Recording[] {
  const own = runsOf(places, dirname(file));
  const runs =
    own.length > 0 ? own : allRuns(places).filter(({ observations }) => observations.programs().includes(program));
  if (runs.length === 0)
    throw new Failure(
      `${file}: no run that saw ${program} is kept`,
      'callgate learn, or name a log: callgate policy replay POLICY FILE',
    );
  return runs.map((run) => recordingOf(run.header.session, run.file, own.length > 0 ? run : readRunFile(run.file)));
}

function recorded(places: Places, word: string): Recording {
  if (!word.includes('/')) {
    const run = allRuns(places).find(({ header }) => header.session === word);
    if (run !== undefined) return recordingOf(word, run.file, readRunFile(run.file));
    const file = logFile(places, word);
    if (file !== null) {
      const log = { session: word, shared: isShared(word, file) };
      return fromLog(word, file, (record) => isOf(log, record));
    }
  }
  if (!existsSync(word))
    throw new Failure(`${word}: no run of this name is kept, and no such file`, 'callgate learn status NAME');
  switch (kindOf(word)) {
    case 'run':
      return recordingOf(word, word, readRunFile(word, false));
    case 'learner':
      return fromJournal(word);
    case 'log':
      return fromLog(word, word);
  }
}

/** By its first line. */
function kindOf(file: string): 'run' | 'learner' | 'log' {
  const [, type] = /^\{"v":1,"type":"(run|learner)"/.exec(beginningOf(file, 64).toString('utf8')) ?? [];
  return type === 'run' || type === 'learner' ? type : 'log';
}

function fromJournal(file: string): Recording {
  const observations = new Observations();
  const facts = scanJournal(file, (record) => observations.add(record, 'any'));
  // Lines may have been damaged since they were counted.
  const { losses } = certify({ ...countedIn(facts), damaged: facts.bad });
  return judgeable({ run: file, file, observations, unreadable: facts.bad, losses });
}

/** Whatever became of it: a log has what was refused, a journal what was let through. */
function fromLog(run: string, file: string, mine: (record: LogRecord) => boolean = () => true): Recording {
  const observations = new Observations();
  const lost = new LossCounter();
  let unreadable = 0;
  for (const record of recordsOf(file, () => unreadable++)) {
    if (!mine(record)) continue;
    lost.add(record);
    if (isEvent(record)) observations.add(record, 'any');
  }
  const losses = lossesOf({ ...lost.losses, damaged: unreadable, unresolved: {}, skipped: 0 });
  return judgeable({ run, file, observations, unreadable, losses });
}

function judgeable(recording: Recording): Recording {
  if (recording.observations.all().length > 0) return recording;
  const why = recording.losses.length === 0 ? '' : ` (${lossesText(recording.losses)})`;
  throw new Failure(`${recording.file}: no attempt is recorded in it${why}`, 'name a run, a journal or a log');
}

function ruleText({ verdict, operations, objects }: Rule): string {
  const [first] = objects;
  const more = objects.length > 1 ? ` and ${objects.length - 1} more` : '';
  return `${verdict} ${operations.join(', ')} ${first === undefined ? '' : patternText(first)}${more}`;
}

/** Refusals of one run that are shown; --json has all. */
const SHOWN = 40;

/** What may be missing of the recordings, a line for each that lacks something. */
export function missingText({ replays }: ReplayResult): string[] {
  return replays
    .filter(({ losses }) => losses.length > 0)
    .map(({ file, losses }) => `${file} is TAINTED: ${lossesText(losses)}; what is missing is not judged`);
}

/** As a person reads it. */
export function renderReplay({ program, replays, unused }: ReplayResult): string {
  const lines = replays.flatMap(({ run, observations, refused, folded }) => [
    `${run}: ${refused.length} of ${observations} refused${folded > 0 ? ` (${folded} attempts were not kept, and are not judged)` : ''}`,
    ...refused.slice(0, SHOWN).map(({ operation, object, count, rule, group }) => {
      const by = rule === null ? 'the default' : `rule ${rule}${group === undefined ? '' : ` of group ${group}`}`;
      return `  ${operation} ${object}${count > 1 ? `, ${count} times` : ''} (${by})`;
    }),
    ...(refused.length > SHOWN ? [`  and ${refused.length - SHOWN} more (--json)`] : []),
  ]);
  const idle = unused.map(({ rule, line, text }) => `  ${rule} (line ${line}): ${text}`);
  return [
    program,
    ...lines,
    ...(idle.length === 0 ? ['every rule was used'] : ['rules that nothing used:', ...idle]),
  ].join('\n');
}
