// SPDX-License-Identifier: GPL-2.0-only
/**
 * One learning run as it is kept: what was observed, and what is known of the run itself. Rules are derived from runs each time
 * anew, so what a run says is never changed by what was made of it. The text is a header, then one JSON array a line.
 */
import { readObject } from '../events/object.js';
import { type Bytes, readText, textOf } from '../policy/bytes.js';
import { isOperation, type Operation, type Version } from '../policy/operations.js';
import type { Called } from './calls.js';
import type { Certificate } from './certificate.js';
import { numbers } from './numbers.js';
import { Observations, type Surplus } from './observations.js';

/** By program: paths that were among the arguments of it, and that it used. */
export type Passages = Readonly<Record<string, readonly string[]>>;

export interface RunHeader {
  readonly v: 1;
  readonly type: 'run';
  readonly session: string;
  /** The folder of the policies: it names the application. */
  readonly folder: string;
  readonly command: readonly string[];
  /** Of the language, where more than version 1 was looked at. */
  readonly version?: Version;
  readonly program: string;
  /** --user; null: the caller. */
  readonly user: string | null;
  /** The name of the host it ran on, without its domain; absent: not known. */
  readonly host?: string;
  /** The home of whom it was run as; absent: not known. */
  readonly home?: string;
  readonly cwd: string;
  /** Absolute paths that stood on the command line or in the environment. */
  readonly named: readonly string[];
  /** Folders that stood in configuration files which the program read, and in which it used something; absent: none. */
  readonly configured?: readonly string[];
  /** Paths that programs of the run were run with by others, and used; absent: none, or nobody looked. */
  readonly given?: Passages;
  /** System calls that its programs made; absent: nobody looked. */
  readonly called?: Called;
  /**
   * Not all of what the program does is in it: of a session that complained, what its policies permitted already; of a program that ran
   * already, what it did before.
   */
  readonly partial: boolean;
  /** The runs that were put together to this one, where the oldest are no longer kept one by one. */
  readonly of: readonly string[];
  readonly certificate: Certificate;
}

export interface Run {
  readonly header: RunHeader;
  readonly observations: Observations;
}

/** Bits of what holds of an observation. */
const FOLDER = 1;
const EXCLUSIVE = 2;
const HELD = 4;

type Line =
  | readonly ['p', string]
  | readonly [
      'o',
      number,
      Operation,
      string,
      number,
      string,
      string,
      readonly number[],
      readonly number[],
      readonly number[],
      /** What holds of it: FOLDER, EXCLUSIVE. */
      number,
    ]
  | readonly ['m', number, string, string, 0 | 1]
  | readonly ['f', number, Operation, string, number, 0 | 1, string, string, readonly number[]]
  | readonly ['n', number, Surplus['operation'], Surplus['type'], number];

/** The run as lines of text, in one order, so that the same run gives the same text. */
export function* runLines({ header, observations }: Run): Generator<string> {
  yield JSON.stringify(header);
  const places = new Map<string, number>();
  const lines: Line[] = [];
  const place = (program: string): number => {
    const known = places.get(program);
    if (known !== undefined) return known;
    places.set(program, places.size);
    lines.push(['p', program]);
    return places.size - 1;
  };
  const ordered = [...observations.programs()];
  for (const program of ordered) place(program);
  yield* lines.splice(0).map((line) => JSON.stringify(line));
  for (const {
    program,
    operation,
    text,
    count,
    first,
    last,
    uids,
    pids,
    owners,
    folder,
    exclusive,
    held,
  } of observations.all()) {
    const number = place(program);
    yield* lines.splice(0).map((line) => JSON.stringify(line));
    const line: Line = [
      ...(['o', number, operation, text, count, first, last] as const),
      ...([
        [...uids],
        [...pids],
        [...owners],
        (folder === true ? FOLDER : 0) + (exclusive === true ? EXCLUSIVE : 0) + (held === true ? HELD : 0),
      ] as const),
    ];
    yield JSON.stringify(line);
  }
  for (const { program, fromText, toText, folder } of observations.moves())
    yield JSON.stringify(['m', place(program), fromText, toText, folder ? 1 : 0] satisfies Line);
  for (const { program, operation, folder, count, deep, first, last, uids } of observations.folds())
    yield JSON.stringify([
      ...(['f', place(program), operation, textOf(folder), count, deep ? 1 : 0, first, last] as const),
      [...uids],
    ] satisfies Line);
  for (const { program, operation, type, count } of observations.surplus())
    yield JSON.stringify(['n', place(program), operation, type, count] satisfies Line);
}

/**
 * Reads what runLines() wrote; lines that cannot be read are counted into the certificate's losses by the caller.
 *
 * @returns undefined where the first line is no header of a run
 */
export function readRun(lines: Iterable<string>): { readonly run: Run; readonly bad: number } | undefined {
  let header: RunHeader | undefined;
  let bad = 0;
  const programs: string[] = [];
  const observations = new Observations();
  for (const text of lines) {
    if (text === '') continue;
    const value = parsed(text);
    if (header === undefined) {
      header = value as RunHeader | undefined;
      if (header === undefined || header.type !== 'run' || header.v !== 1) return undefined;
      continue;
    }
    if (!Array.isArray(value) || !take(value as unknown as Line, programs, observations)) bad++;
  }
  return header === undefined ? undefined : { run: { header, observations }, bad };
}

function take(line: Line, programs: string[], observations: Observations): boolean {
  switch (line[0]) {
    case 'p':
      programs.push(line[1]);
      // An observation may belong to a program whose path is not known; only an absolute one ran.
      if (line[1].startsWith('/')) observations.ran(line[1]);
      return true;
    case 'o': {
      const [, place, operation, text, count, first, last, uids, pids, owners, facts] = line;
      const [program, object] = [programs[place], readObject(text)];
      if (program === undefined || object === undefined || !isOperation(operation)) return false;
      observations.put({
        ...{ program, operation, object, text, count, first, last },
        ...{ uids: numbers(uids), pids: numbers(pids), owners: numbers(owners) },
        ...((facts & FOLDER) !== 0 ? { folder: true } : {}),
        ...((facts & EXCLUSIVE) !== 0 ? { exclusive: true } : {}),
        ...((facts & HELD) !== 0 ? { held: true } : {}),
      });
      return true;
    }
    case 'm': {
      const [, place, fromText, toText, folder] = line;
      const [program, from, to] = [programs[place], readObject(fromText), readObject(toText)];
      if (program === undefined || from === undefined || to === undefined) return false;
      observations.moved({ program, from, to, fromText, toText, folder: folder === 1 });
      return true;
    }
    case 'f': {
      const [, place, operation, folder, count, deep, first, last, uids] = line;
      const program = programs[place];
      if (program === undefined || !isOperation(operation)) return false;
      const where = readText(folder) as Bytes;
      observations.putFold({
        ...{ program, operation, folder: where, count, deep: deep === 1, first, last, uids: numbers(uids) },
      });
      return true;
    }
    case 'n': {
      const [, place, operation, type, count] = line;
      const program = programs[place];
      if (program === undefined) return false;
      observations.putSurplus({ program, operation, type, count });
      return true;
    }
    default:
      return false;
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

/** What all runs saw, each observation with the runs it was seen in. */
export function together(runs: readonly Run[]): Observations {
  const all = new Observations();
  let number = 0;
  for (const { header, observations } of runs) {
    // What the policies permitted is not in a part of a run: it tells nothing about what a whole one shows.
    const mark = numbers(header.partial ? [] : [number++]);
    for (const program of observations.programs()) all.ran(program);
    for (const observation of observations.all()) all.put({ ...observation, runs: mark });
    for (const fold of observations.folds()) all.putFold({ ...fold, runs: mark });
    for (const one of observations.surplus()) all.putSurplus(one);
    all.movesOf(observations);
  }
  return all;
}
