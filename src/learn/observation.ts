// SPDX-License-Identifier: GPL-2.0-only
/** What learning keeps of events: who did what to what, how often, when, as whom. */
import { readObject } from '../events/object.js';
import type { EventRecord } from '../events/record.js';
import type { Bytes } from '../policy/bytes.js';
import type { AccessObject } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';

/** One operation on one object by one program. */
export interface Observation {
  /** The program whose policy it belongs to. */
  readonly program: string;
  readonly operation: Operation;
  readonly object: AccessObject;
  /** The object as events print it. */
  readonly text: string;
  readonly count: number;
  /** ISO 8601. */
  readonly first: string;
  readonly last: string;
  /** Real user ids it was done under. */
  readonly uids: ReadonlySet<number>;
  /** Processes it was done by; a name that holds such a number may be named after them. */
  readonly pids: ReadonlySet<number>;
  /** Owners of the object. */
  readonly owners: ReadonlySet<number>;
  /** The object is a folder. */
  readonly folder?: boolean;
  /** The runs it was seen in, by their numbers from 0; absent where only one is looked at. */
  readonly runs?: ReadonlySet<number>;
  /** Not seen at this name, or not by all of `uids`: why it is taken for seen, a line for each. */
  readonly moved?: readonly string[];
}

/** What one program renamed or linked: what had the one name got the other. */
export interface Move {
  readonly program: string;
  /** A path, or the kind of what had no name. */
  readonly from: AccessObject;
  readonly to: AccessObject;
  /** Both as events print them. */
  readonly fromText: string;
  readonly toText: string;
  readonly folder: boolean;
}

/** Which events count: those that learning let through, the denials that complain mode did, or all attempts. */
export type Source = 'learnt' | 'complained' | 'any';

/** Names of one folder that are kept for one operation of one program; of more only how many there were. */
const NAMES_MOST = 2_000;
/** Observations that are kept in all. */
const KEPT_MOST = 50_000;
/** Folders of which only the number of names is kept, for one operation of one program; of more only those above them. */
const FOLDS_MOST = 1_000;

/** Names below one folder that were too many to be kept. */
export interface Fold {
  readonly program: string;
  readonly operation: Operation;
  readonly folder: Bytes;
  /** Attempts on names that are not kept. */
  readonly count: number;
  /** Some of them were deeper than in the folder itself. */
  readonly deep: boolean;
  readonly first: string;
  readonly last: string;
  readonly uids: ReadonlySet<number>;
  readonly runs?: ReadonlySet<number>;
}

/** Observations by program, operation and object; of what is too much only folders and numbers are kept. */
export class Observations {
  readonly #all = new Map<string, Observation>();
  /** Programs that were run, with when they were seen first and last. */
  readonly #programs = new Set<string>();
  /** Attempts that a rule of an existing policy refused, by what they were. */
  readonly #refused = new Map<string, EventRecord>();
  /** By program and both names. */
  readonly #moves = new Map<string, Move>();
  /** Names that are kept, by operation, program and folder. */
  readonly #names = new Map<string, number>();
  readonly #folds = new Map<string, Fold>();
  /** Folds by operation and program. */
  readonly #foldCounts = new Map<string, number>();
  #untold = 0;

  /** Takes a record in; what is no observation is passed over. */
  add(record: EventRecord, source: Source): void {
    if (record.type === 'exec') {
      // Where the object could not be told nobody can write a policy for it; the certificate counts it.
      if (record.object !== '?' && source !== 'complained') this.#programs.add(record.object);
      return;
    }
    if (record.type !== undefined || record.object === '?') return;
    if (record.policy !== '?') this.#programs.add(record.policy);
    if (record.from !== undefined && !(record.verdict === 'deny' && record.enforced))
      this.#addMove(record, record.from);
    const wanted = isWanted(record, source);
    if (!wanted) {
      if (record.verdict === 'deny' && record.enforced)
        this.#refused.set(`${record.policy} ${record.operation.join()} ${record.object}`, record);
      return;
    }
    const object = readObject(record.object);
    if (object === undefined || record.policy === '?') return;
    for (const operation of record.decided ?? record.operation)
      this.put({
        program: record.policy,
        operation,
        object,
        text: record.object,
        count: record.count,
        first: record.time,
        last: record.time,
        uids: new Set([record.uid]),
        pids: new Set([record.pid]),
        owners: new Set(record.owner === undefined ? [] : [record.owner]),
        ...(record.directory === true ? { folder: true } : {}),
      });
  }

  #addMove({ policy, object, directory, exchanged }: EventRecord, fromText: string): void {
    const [old, other] = [readObject(fromText), readObject(object)];
    if (policy === '?' || old === undefined || other === undefined) {
      this.#untold++;
      return;
    }
    const move = { program: policy, from: old, to: other, fromText, toText: object, folder: directory === true };
    this.#putMove(move);
    if (exchanged === true) this.#putMove({ ...move, from: other, to: old, fromText: object, toText: fromText });
  }

  #putMove(move: Move): void {
    const key = `${move.program}\0${move.fromText}\0${move.toText}`;
    this.#moves.set(key, { ...move, folder: move.folder || this.#moves.get(key)?.folder === true });
  }

  /** What was renamed and linked. */
  moves(): Move[] {
    return [...this.#moves.values()];
  }

  /** Takes in the moves of another set, and nothing else. */
  movesOf(other: Observations): void {
    for (const move of other.moves()) this.#putMove(move);
    this.#untold += other.untold;
  }

  /** Moves of which one name is not known. */
  get untold(): number {
    return this.#untold;
  }

  /** The observations, in no order. */
  all(): Observation[] {
    return [...this.#all.values()];
  }

  /** Absolute paths of the programs that ran. */
  programs(): string[] {
    return [...this.#programs].sort();
  }

  /** A program that ran, whatever it did. */
  ran(program: string): void {
    this.#programs.add(program);
  }

  /** What rules refused meanwhile; nothing of it is learned. */
  refused(): EventRecord[] {
    return [...this.#refused.values()];
  }

  /** Takes in what another set holds. */
  merge(other: Observations): void {
    for (const observation of other.all()) this.put(observation);
    for (const program of other.programs()) this.#programs.add(program);
    this.movesOf(other);
    for (const fold of other.folds()) this.putFold(fold);
    for (const record of other.refused())
      this.#refused.set(`${record.policy} ${record.operation.join()} ${record.object}`, record);
  }

  /** Folders whose names were too many. */
  folds(): Fold[] {
    return [...this.#folds.values()];
  }

  /** Takes in a move that was kept. */
  moved(move: Move): void {
    this.#putMove(move);
  }

  /** One more of what is there already, or the first of its kind. */
  put(observation: Observation): void {
    const key = keyOf(observation);
    const old = this.#all.get(key);
    if (old === undefined && this.#tooMany(observation)) return;
    this.#all.set(key, old === undefined ? observation : joined(old, observation));
  }

  /** Counts a name that is new; true: it went into a fold. */
  #tooMany({ program, operation, object, count, first, last, uids, runs }: Observation): boolean {
    if (object.type !== 'path' || object.path === '/') return false;
    const folder = (object.path.slice(0, object.path.lastIndexOf('/')) || '/') as Bytes;
    const key = `${operation} ${program}\0${folder}`;
    const names = (this.#names.get(key) ?? 0) + 1;
    if (names <= NAMES_MOST && this.#all.size < KEPT_MOST) {
      this.#names.set(key, names);
      return false;
    }
    this.putFold({ program, operation, folder, count, deep: false, first, last, uids, ...(runs ? { runs } : {}) });
    return true;
  }

  /** Takes in names that are not kept: into the fold of their folder, of one above it, or a new one. */
  putFold(fold: Fold): void {
    const key = (folder: string): string => `${fold.operation} ${fold.program}\0${folder}`;
    const above = foldersAbove(fold.folder);
    // A fold that is deep already has what is below it; else its own, while there are few.
    let at = above.find((folder) => this.#folds.get(key(folder))?.deep === true) ?? fold.folder;
    const who = `${fold.operation} ${fold.program}`;
    const count = this.#foldCounts.get(who) ?? 0;
    if (!this.#folds.has(key(at)) && count >= FOLDS_MOST)
      at = above.find((folder) => this.#folds.has(key(folder))) ?? above.at(-2) ?? fold.folder;
    const old = this.#folds.get(key(at));
    const deep = fold.deep || at !== fold.folder || old?.deep === true;
    if (old === undefined) {
      this.#foldCounts.set(who, count + 1);
      this.#folds.set(key(at), { ...fold, folder: at, deep });
      return;
    }
    this.#folds.set(key(at), {
      ...old,
      count: old.count + fold.count,
      deep,
      first: old.first < fold.first ? old.first : fold.first,
      last: old.last > fold.last ? old.last : fold.last,
      uids: within(fold.uids, old.uids) ? old.uids : new Set([...old.uids, ...fold.uids]),
      ...runsOf(old.runs, fold.runs),
    });
  }
}

function isWanted({ learnt, verdict, enforced }: EventRecord, source: Source): boolean {
  switch (source) {
    case 'learnt':
      return learnt === true;
    case 'complained':
      return verdict === 'deny' && !enforced;
    case 'any':
      return true;
  }
}

/** What was seen in at least `least` of the runs. */
export function atLeast(runs: readonly Observations[], least: number): Observations {
  const counts = new Map<string, number>();
  for (const run of runs)
    for (const observation of run.all()) counts.set(keyOf(observation), (counts.get(keyOf(observation)) ?? 0) + 1);
  const together = new Observations();
  for (const run of runs) together.merge(run);
  const kept = new Observations();
  for (const program of together.programs()) kept.ran(program);
  const chosen = together.all().filter((observation) => (counts.get(keyOf(observation)) ?? 0) >= least);
  for (const observation of chosen) kept.put(observation);
  kept.movesOf(together);
  return kept;
}

function keyOf({ program, operation, text }: Observation): string {
  return `${operation} ${program}\0${text}`;
}

function joined(one: Observation, other: Observation): Observation {
  return {
    ...one,
    count: one.count + other.count,
    first: one.first < other.first ? one.first : other.first,
    last: one.last > other.last ? one.last : other.last,
    uids: new Set([...one.uids, ...other.uids]),
    pids: new Set([...one.pids, ...other.pids]),
    owners: new Set([...one.owners, ...other.owners]),
    ...(one.folder === true || other.folder === true ? { folder: true } : {}),
    ...runsOf(one.runs, other.runs),
  };
}

function runsOf(one: ReadonlySet<number> | undefined, other: ReadonlySet<number> | undefined) {
  return one === undefined && other === undefined ? {} : { runs: new Set([...(one ?? []), ...(other ?? [])]) };
}

function within<T>(some: ReadonlySet<T>, all: ReadonlySet<T>): boolean {
  return [...some].every((one) => all.has(one));
}

/** The folder itself and those above it, the nearest first, without the root. */
function foldersAbove(folder: Bytes): Bytes[] {
  const all: Bytes[] = [];
  for (let at: string = folder; at !== '' && at !== '/'; at = at.slice(0, at.lastIndexOf('/'))) all.push(at as Bytes);
  return all;
}
