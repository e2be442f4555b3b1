// SPDX-License-Identifier: GPL-2.0-only
/** What is done with runs that are kept: told, put together, forgotten; the policies are derived anew each time. */
import { isAbsolute, join, resolve } from 'node:path';
import type { Surroundings } from '../application/surroundings.js';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { type Completeness, completenessLine } from '../learn/completeness.js';
import { learnPolicies } from '../learn/learn.js';
import type { Strength } from '../learn/strength.js';
import { type Derived, derive, inputOf } from './conclude.js';
import { allRuns, dropRun, type KeptRun, keepRun, runsOf } from './runs.js';

/** The folder that an application's name, or a path, means. */
export function folderOf({ policies }: Pick<Host, 'policies'>, word: string, cwd: string): string {
  return isAbsolute(word) || word.includes('/') ? resolve(cwd, word) : join(policies, word);
}

export interface RunStatus {
  readonly session: string;
  readonly started: string;
  readonly command: readonly string[];
  /** Sessions that were put together to it. */
  readonly of: readonly string[];
  readonly partial: boolean;
  readonly tainted: boolean;
  /** Different attempts that are kept, and attempts on names that were too many. */
  readonly observations: number;
  readonly folded: number;
}

export interface LearnStatus {
  readonly folder: string;
  readonly strength: Strength;
  readonly runs: readonly RunStatus[];
  readonly programs: readonly { readonly program: string; readonly completeness: Completeness }[];
}

/** What is known of an application's learning. Throws a Failure where no run of it is kept. */
export function learnStatus(host: Host, folder: string, around: Surroundings): LearnStatus {
  const runs = requireRuns(host, folder);
  const input = inputOf(host, folder, around, null, runs);
  const learnt = learnPolicies({ ...input, existing: [] });
  return {
    folder,
    strength: input.strength,
    runs: runs.map(({ header, observations }) => ({
      ...{ session: header.session, started: header.certificate.started, command: header.command, of: header.of },
      ...{ partial: header.partial, tainted: header.certificate.tainted, observations: observations.all().length },
      folded: observations.folds().reduce((sum, { count }) => sum + count, 0),
    })),
    programs: learnt.map(({ program, completeness }) => ({ program, completeness })),
  };
}

/** A status as a person reads it. */
export function renderStatus({ folder, strength, runs, programs }: LearnStatus): string {
  const many = runs.map((run) => {
    const what = [
      ...(run.partial ? ['partial: of a session that complained, or of what ran already'] : []),
      ...(run.of.length > 0 ? [`of ${run.of.join(', ')}`] : []),
      ...(run.tainted ? ['TAINTED'] : []),
      ...(run.folded > 0 ? [`${run.folded} attempts on names that were too many to be kept`] : []),
    ];
    const said = what.length === 0 ? '' : ` (${what.join('; ')})`;
    return `  ${run.session}  ${run.started.slice(0, 19).replace('T', ' ')}  ${run.observations} observations${said}  ${run.command.join(' ')}`;
  });
  const each = programs.flatMap(({ program, completeness }) => {
    const { byRun, once, seen } = completeness;
    const shown = once.slice(0, ONCE_SHOWN);
    return [
      `${program}: ${completenessLine(completeness)}`,
      ...(byRun.length < 2
        ? []
        : [`  new by run: ${byRun.map(({ fresh, seen: all }) => `${fresh} of ${all}`).join(', ')}`]),
      ...(byRun.length < 2 ? [] : [`  seen in one run only: ${once.length} of ${seen}`]),
      ...(byRun.length < 2 ? [] : shown.map(({ operation, text }) => `    ${operation} ${text}`)),
      ...(byRun.length >= 2 && once.length > shown.length
        ? [`    and ${once.length - shown.length} more (--json)`]
        : []),
    ];
  });
  return [`${folder}: ${runs.length} runs, learned ${strength}`, ...many, ...each].join('\n');
}

const ONCE_SHOWN = 20;

/** Takes the runs of other applications into one, and derives its policies. The others keep theirs. */
export function merge(
  host: Host,
  folder: string,
  others: readonly string[],
  around: Surroundings,
  strength: Strength | null,
): Derived {
  const taken = others.flatMap((other) => requireRuns(host, other));
  for (const { header, observations } of taken) keepRun(host, { header: { ...header, folder }, observations });
  return derive(host, folder, around, strength);
}

/** Derives the policies from what at least so many runs showed. */
export function intersect(host: Host, folder: string, around: Surroundings, least: number): Derived {
  const runs = requireRuns(host, folder).filter(({ header }) => !header.partial);
  if (least > runs.length)
    throw new Failure(
      `${folder}: ${runs.length} runs of it are kept, so nothing was seen in ${least}`,
      `--min-runs ${runs.length}`,
    );
  return derive(host, folder, around, null, runs, least);
}

/** Forgets a run, and derives the policies of its application without it; null: it was the last, and they stay as they are. */
export function forget(
  host: Host,
  session: string,
  around: (run: KeptRun) => Surroundings,
): { readonly run: KeptRun; readonly derived: Derived | null } {
  const found = allRuns(host).filter(({ header }) => header.session === session);
  const [run] = found;
  if (run === undefined) throw new Failure(`${session}: no such run is kept`, 'callgate learn status NAME');
  for (const one of found) dropRun(one);
  const { folder } = run.header;
  const derived = runsOf(host, folder).length === 0 ? null : derive(host, folder, around(run), null);
  return { run, derived };
}

/** Names of runs that are kept, or their files: for replaying. */
export function requireRuns(host: Host, folder: string): KeptRun[] {
  const runs = runsOf(host, folder);
  if (runs.length === 0)
    throw new Failure(`${folder}: no run of it is kept`, `callgate learn --policies ${folder} -- CMD`);
  return runs;
}
