// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where learning keeps what it saw: a file for each run of an application, and one that says what the learner last wrote of its
 * policies. All stand beside the journals, in a folder that is callgate's own and that no subject may change.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileStem } from '../application/policy-name.js';
import { codeOf, Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { replaceFile } from '../host/replace-file.js';
import { ownFolder } from '../host/secure.js';
import { shellWord } from '../host/shell.js';
import { togetherCalled } from '../learn/calls.js';
import type { OwnWritten } from '../learn/input.js';
import { Observations } from '../learn/observations.js';
import { type Run, type RunHeader, readRun, runLines } from '../learn/run.js';
import { counted } from '../policy/counted.js';

type Places = Pick<Host, 'journals' | 'policies'>;

/** Runs that are kept one by one; of more, the oldest are put together. */
const RUNS_MOST = 24;

/** A run that is kept. */
export interface KeptRun extends Run {
  readonly file: string;
}

/** What is remembered of an application besides its runs. */
export interface Memory {
  /** By the policy's file name. */
  readonly written: ReadonlyMap<string, OwnWritten>;
  /** How far it generalises; null: nobody said. */
  readonly strength: string | null;
}

/** The beginning of the names of an application's files: its own where it stands among the others, else with a hash of its path. */
export function applicationKey({ policies }: Places, folder: string): string {
  const name = fileStem(basename(folder));
  if (dirname(folder) === policies) return name;
  return `${name.slice(0, 100)}-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`;
}

function runFile(host: Places, folder: string, session: string): string {
  return join(host.journals, `${applicationKey(host, folder)}.${session}.run`);
}

/** Keeps a run; one of the same session that is there is replaced. Throws a Failure where the disk does not take it. */
export function keepRun(host: Places, run: Run): void {
  ownFolder(host.journals);
  replaceFile(runFile(host, run.header.folder, run.header.session), `${[...runLines(run)].join('\n')}\n`);
  thin(host, run.header.folder);
}

/**
 * The runs of an application, the oldest first.
 *
 * @throws DamagedRun naming a run that cannot be read: policies made without it would lack what it saw
 */
export function runsOf(host: Places, folder: string): KeptRun[] {
  return runNames(host, folder)
    .flatMap((name): KeptRun[] => {
      const file = join(host.journals, name);
      const run = readRunFile(file);
      return run.header.folder === folder ? [{ ...run, file }] : [];
    })
    .sort((one, other) => compare(one.header.certificate.started, other.header.certificate.started));
}

/**
 * Looks whether the runs of an application can be read, for who is about to add one.
 *
 * @throws DamagedRun naming one that cannot
 */
export function requireWholeRuns(host: Places, folder: string): void {
  for (const name of runNames(host, folder)) readRunFile(join(host.journals, name));
}

/**
 * Keeps a run and goes on with all that are kept.
 *
 * @param again the command that makes the policies of this one later
 * @throws Failure where another is damaged: it says that this one is kept, and what makes its policies
 */
export function keepAnd<T>(host: Places, run: Run, again: string, act: () => T): T {
  try {
    keepRun(host, run);
    return act();
  } catch (error) {
    if (!(error instanceof DamagedRun) || error.away === null) throw error;
    const { message, away } = error;
    throw new Failure(
      `${message}; the new run ${run.header.session} is kept, and its policies are not written yet`,
      `${away}, then ${again}`,
      error,
    );
  }
}

/** Names of the files of an application's runs, and of others whose names begin alike. */
function runNames(host: Places, folder: string): string[] {
  const front = `${applicationKey(host, folder)}.`;
  return namesIn(host.journals).filter((name) => name.startsWith(front) && name.endsWith('.run'));
}

/** A run's file that cannot be read whole. */
export class DamagedRun extends Failure {
  /** A command that puts it out of the way; null: it is no kept one, but a file that somebody named. */
  readonly away: string | null;

  constructor(message: string, away: string | null) {
    super(message, away === null ? 'leave it out, or name a whole copy of it' : `${away}, and learn it again`);
    this.away = away;
  }
}

/**
 * Reads a run from its file.
 *
 * @param kept it is one of those that are kept, and not a file that somebody named
 * @throws DamagedRun where it is none, or lacks lines
 */
export function readRunFile(file: string, kept = true): Run {
  const read = readRun(readFileSync(file, 'utf8').split('\n'));
  // By its session it is only found where its first line can be read.
  if (read === undefined)
    throw new DamagedRun(`${file}: not a run, or written by another version`, kept ? `rm ${shellWord(file)}` : null);
  if (read.bad > 0)
    throw new DamagedRun(
      `${file}: ${counted(read.bad, 'line')} cannot be read`,
      kept ? `callgate learn forget ${shellWord(read.run.header.session)}` : null,
    );
  return read.run;
}

/** Forgets a run. */
export function dropRun({ file }: Pick<KeptRun, 'file'>): void {
  rmSync(file, { force: true });
}

/** All runs of all applications. What cannot be read is left out. */
export function allRuns(host: Places): KeptRun[] {
  return namesIn(host.journals)
    .filter((name) => name.endsWith('.run'))
    .flatMap((name): KeptRun[] => {
      const file = join(host.journals, name);
      const read = readRun(readFileSync(file, 'utf8').split('\n'));
      return read === undefined ? [] : [{ ...read.run, file }];
    });
}

/** What the learner last wrote of an application. */
export function memoryOf(host: Places, folder: string): Memory {
  const nothing: Memory = { written: new Map(), strength: null };
  try {
    const text = readFileSync(memoryFile(host, folder), 'utf8');
    const { v, written, strength } = JSON.parse(text) as {
      v: number;
      written: Record<string, OwnWritten>;
      strength?: string | null;
    };
    return v === 1 ? { written: new Map(Object.entries(written)), strength: strength ?? null } : nothing;
  } catch (error) {
    // Without it all that stands in the policies is a person's, and is left alone.
    if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return nothing;
    throw error;
  }
}

export function keepMemory(host: Places, folder: string, { written, strength }: Memory): void {
  ownFolder(host.journals);
  const text = JSON.stringify({ v: 1, folder, strength, written: Object.fromEntries(written) });
  replaceFile(memoryFile(host, folder), `${text}\n`);
}

function memoryFile(host: Places, folder: string): string {
  return join(host.journals, `${applicationKey(host, folder)}.learned`);
}

/** The two oldest runs become one where there are too many; what both saw stays. */
function thin(host: Places, folder: string): void {
  if (runNames(host, folder).length <= RUNS_MOST) return;
  const runs = runsOf(host, folder);
  const [oldest, next] = runs;
  if (runs.length <= RUNS_MOST || oldest === undefined || next === undefined) return;
  const observations = new Observations();
  observations.merge(oldest.observations);
  observations.merge(next.observations);
  const of = [oldest, next].flatMap(({ header }) => (header.of.length === 0 ? [header.session] : header.of));
  const version = oldest.header.version ?? next.header.version;
  const header: RunHeader = {
    ...next.header,
    ...chosenIn([oldest.header, next.header]),
    of,
    partial: oldest.header.partial && next.header.partial,
    ...(version === undefined ? {} : { version }),
  };
  replaceFile(next.file, `${[...runLines({ header, observations })].join('\n')}\n`);
  dropRun(oldest);
  thin(host, folder);
}

/** What whoever ran them chose: evidence stays as long as what it is of. */
function chosenIn(headers: readonly RunHeader[]): Pick<RunHeader, 'named' | 'configured' | 'given' | 'called'> {
  const all = (lists: readonly (readonly string[] | undefined)[]): string[] => [
    ...new Set(lists.flatMap((list) => list ?? [])),
  ];
  const configured = all(headers.map((one) => one.configured));
  const programs = all(headers.map(({ given }) => Object.keys(given ?? {})));
  const given = Object.fromEntries(programs.map((one) => [one, all(headers.map(({ given }) => given?.[one]))]));
  const called = headers.some((one) => one.called !== undefined);
  return {
    named: all(headers.map(({ named }) => named)),
    ...(called ? { called: togetherCalled(headers.map((one) => one.called)) } : {}),
    ...(configured.length > 0 ? { configured } : {}),
    ...(programs.length > 0 ? { given } : {}),
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
