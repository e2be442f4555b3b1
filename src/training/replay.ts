// SPDX-License-Identifier: GPL-2.0-only
/** `callgate policy replay`: recorded runs, journals and logs held against a policy, without a kernel. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LoadedPolicy } from '../application/application.js';
import { recordsOf } from '../audit/read.js';
import { patternText } from '../decide/text.js';
import { isEvent } from '../events/record.js';
import { Failure } from '../host/failure.js';
import type { Observation } from '../learn/observation.js';
import { Observations } from '../learn/observations.js';
import { type Refused, replay } from '../learn/replay.js';
import type { Rule } from '../policy/model.js';
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
  readonly observations: number;
  /** Attempts on names that were too many to be kept: they are not judged. */
  readonly folded: number;
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
  const replays = recordings.map(({ run, observations }): Replay => {
    const mine = observations.all().filter((one: Observation) => one.program === program);
    const judged = replay(policy, mine);
    const still = judged.unused;
    unused = unused === null ? still : unused.filter((rule) => still.includes(rule));
    const folds = observations.folds().filter((fold) => fold.program === program);
    return {
      ...{ run, observations: judged.observations, refused: judged.refused.map(textOf) },
      folded: folds.reduce((sum, { count }) => sum + count, 0),
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
  readonly observations: Observations;
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
  return runs.map(({ header, observations }) => ({ run: header.session, observations }));
}

function recorded(places: Places, word: string): Recording {
  if (!word.includes('/')) {
    const run = allRuns(places).find(({ header }) => header.session === word);
    if (run !== undefined) return { run: word, observations: run.observations };
    const log = join(places.logs, `${word}.jsonl`);
    if (existsSync(log)) return { run: word, observations: fromLog(log) };
  }
  if (!existsSync(word))
    throw new Failure(`${word}: no run of this name is kept, and no such file`, 'callgate learn status NAME');
  return { run: word, observations: isRun(word) ? readRunFile(word).observations : fromLog(word) };
}

/** By its first line. */
function isRun(file: string): boolean {
  const fd = openSync(file, 'r');
  try {
    const piece = Buffer.alloc(64);
    return piece.toString('utf8', 0, readSync(fd, piece)).startsWith('{"v":1,"type":"run"');
  } finally {
    closeSync(fd);
  }
}

/** Whatever became of it: a log has what was refused, a journal what was let through. */
function fromLog(file: string): Observations {
  const observations = new Observations();
  for (const record of recordsOf(file)) if (isEvent(record)) observations.add(record, 'any');
  if (observations.all().length === 0) throw new Failure(`${file}: no attempt is recorded in it`);
  return observations;
}

function ruleText({ verdict, operations, objects }: Rule): string {
  const [first] = objects;
  const more = objects.length > 1 ? ` and ${objects.length - 1} more` : '';
  return `${verdict} ${operations.join(', ')} ${first === undefined ? '' : patternText(first)}${more}`;
}

/** Refusals of one run that are shown; --json has all. */
const SHOWN = 40;

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
