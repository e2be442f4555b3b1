// SPDX-License-Identifier: GPL-2.0-only
/** What learning keeps of events: who did what to what, how often, when, as whom. */
import { readObject } from '../events/object.js';
import type { EventRecord } from '../events/record.js';
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

/** Which events count: those that learning let through, or the denials that complain mode did. */
export type Source = 'learnt' | 'complained';

/** Observations by program, operation and object. */
export class Observations {
  readonly #all = new Map<string, Observation>();
  /** Programs that were run, with when they were seen first and last. */
  readonly #programs = new Set<string>();
  /** Attempts that a rule of an existing policy refused, by what they were. */
  readonly #refused = new Map<string, EventRecord>();
  /** By program and both names. */
  readonly #moves = new Map<string, Move>();
  #untold = 0;

  /** Takes a record in; what is no observation is passed over. */
  add(record: EventRecord, source: Source): void {
    if (record.type === 'exec') {
      // Where the object could not be told nobody can write a policy for it; the certificate counts it.
      if (record.object !== '?' && source === 'learnt') this.#programs.add(record.object);
      return;
    }
    if (record.type !== undefined || record.object === '?') return;
    if (record.policy !== '?') this.#programs.add(record.policy);
    if (record.from !== undefined && !(record.verdict === 'deny' && record.enforced))
      this.#addMove(record, record.from);
    const wanted = source === 'learnt' ? record.learnt === true : record.verdict === 'deny' && !record.enforced;
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
    for (const record of other.refused())
      this.#refused.set(`${record.policy} ${record.operation.join()} ${record.object}`, record);
  }

  /** One more of what is there already, or the first of its kind. */
  put(observation: Observation): void {
    const key = keyOf(observation);
    const old = this.#all.get(key);
    this.#all.set(key, old === undefined ? observation : joined(old, observation));
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
  };
}
