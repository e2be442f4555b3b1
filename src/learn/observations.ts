// SPDX-License-Identifier: GPL-2.0-only
/**
 * What learning keeps of events. Of what is too much only folders and numbers are kept, so that it stays in a few hundred megabytes
 * whatever the program does.
 */

import { HOLDING } from '../events/names.js';
import { readObject } from '../events/object.js';
import type { EventRecord } from '../events/record.js';
import type { Bytes } from '../policy/bytes.js';
import type { AccessObject } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';
import { type Fold, Folds } from './folds.js';
import { numbers } from './numbers.js';
import { joined, keyOf, type Move, type Observation } from './observation.js';

/** Which events count: those that learning let through, the denials that complain mode did, or all attempts. */
export type Source = 'learnt' | 'complained' | 'any';

/** Names of one folder that are kept for one operation of one program; of more only how many there were. */
const NAMES_MOST = 2_000;
/** Observations that are kept in all. */
const KEPT_MOST = 10_000;
/** Moves that are kept in all. */
const MOVES_MOST = 5_000;
/** Attempts that rules refused, which are kept to be told. */
const REFUSED_MOST = 1_000;

/** What was too much to be kept and has no folder: addresses, moves. */
export interface Surplus {
  readonly program: string;
  readonly operation: Operation | 'move';
  readonly type: AccessObject['type'];
  readonly count: number;
}

/** Observations by program, operation and object; of what is too much only folders and numbers are kept. */
export class Observations {
  readonly #all = new Map<string, Observation>();
  /** Programs that were run, with when they were seen first and last. */
  readonly #programs = new Set<string>();
  /** Attempts that a rule of an existing policy refused, by what they were. */
  readonly #refused = new Map<string, EventRecord>();
  #refusedMore = 0;
  /** By program and both names. */
  readonly #moves = new Map<string, Move>();
  /** Names that are kept, by operation, program and folder. */
  readonly #names = new Map<string, number>();
  readonly #folds = new Folds();
  readonly #surplus = new Map<string, Surplus>();
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
    if (record.verdict === 'deny' && !record.enforced && HOLDING.has(record.reason ?? '')) this.#hold(record);
    if (!isWanted(record, source)) {
      if (record.verdict === 'deny' && record.enforced) this.#refuse(record);
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
        uids: numbers([record.uid]),
        pids: numbers(record.object.includes(String(record.pid)) ? [record.pid] : []),
        owners: numbers(record.owner === undefined ? [] : [record.owner]),
        ...(record.directory === true ? { folder: true } : {}),
        ...(record.exclusive === true ? { exclusive: true } : {}),
      });
  }

  /** What was learned of an exec, just before this was told of it, has to stay under the same policy. */
  #hold({ policy, object }: EventRecord): void {
    const key = keyOf({ operation: 'exec', program: policy, text: object });
    const learnt = this.#all.get(key);
    if (learnt !== undefined) this.#all.set(key, { ...learnt, held: true });
  }

  #refuse(record: EventRecord): void {
    const key = `${record.policy} ${record.operation.join()} ${record.object}`;
    if (this.#refused.size < REFUSED_MOST || this.#refused.has(key)) this.#refused.set(key, record);
    else this.#refusedMore += record.count;
  }

  #addMove({ policy, object, directory, exchanged }: EventRecord, fromText: string): void {
    const [old, other] = [readObject(fromText), readObject(object)];
    if (policy === '?' || old === undefined || other === undefined) {
      this.#untold++;
      return;
    }
    const move = { program: policy, from: old, to: other, fromText, toText: object, folder: directory === true };
    this.moved(move);
    if (exchanged === true) this.moved({ ...move, from: other, to: old, fromText: object, toText: fromText });
  }

  /** Takes in a move. */
  moved(move: Move): void {
    const key = `${move.program}\0${move.fromText}\0${move.toText}`;
    const old = this.#moves.get(key);
    if (old === undefined && this.#moves.size >= MOVES_MOST)
      this.putSurplus({ program: move.program, operation: 'move', type: move.to.type, count: 1 });
    else this.#moves.set(key, { ...move, folder: move.folder || old?.folder === true });
  }

  /** What was renamed and linked. */
  moves(): Move[] {
    return [...this.#moves.values()];
  }

  /** Takes in the moves of another set, and nothing else. */
  movesOf(other: Observations): void {
    for (const move of other.moves()) this.moved(move);
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

  /** Attempts on more than refused() has. */
  get refusedMore(): number {
    return this.#refusedMore;
  }

  /** Takes in what another set holds. */
  merge(other: Observations): void {
    for (const observation of other.all()) this.put(observation);
    for (const program of other.programs()) this.#programs.add(program);
    this.movesOf(other);
    for (const fold of other.folds()) this.putFold(fold);
    for (const one of other.surplus()) this.putSurplus(one);
    for (const record of other.refused()) this.#refuse(record);
    this.#refusedMore += other.refusedMore;
  }

  /** Folders whose names were too many. */
  folds(): Fold[] {
    return this.#folds.all();
  }

  /** Takes in names that are not kept. */
  putFold(fold: Fold): void {
    this.#folds.put(fold);
  }

  /** What was too much and has no folder. */
  surplus(): Surplus[] {
    return [...this.#surplus.values()];
  }

  /** Takes in how many more there were. */
  putSurplus(surplus: Surplus): void {
    const key = `${surplus.operation} ${surplus.type} ${surplus.program}`;
    this.#surplus.set(key, { ...surplus, count: surplus.count + (this.#surplus.get(key)?.count ?? 0) });
  }

  /** One more of what is there already, or the first of its kind. */
  put(observation: Observation): void {
    const key = keyOf(observation);
    const old = this.#all.get(key);
    if (old === undefined && this.#tooMany(observation)) return;
    this.#all.set(key, old === undefined ? observation : joined(old, observation));
  }

  /** Counts a name that is new; true: it is not kept. */
  #tooMany({ program, operation, object, count, first, last, uids, runs }: Observation): boolean {
    const folder = folderOf(object);
    const key = `${operation} ${program}\0${folder ?? object.type}`;
    const names = (this.#names.get(key) ?? 0) + 1;
    if (names <= NAMES_MOST && this.#all.size < KEPT_MOST) {
      this.#names.set(key, names);
      return false;
    }
    if (folder !== null)
      this.putFold({ program, operation, folder, count, deep: false, first, last, uids, ...(runs ? { runs } : {}) });
    else this.putSurplus({ program, operation, type: object.type, count });
    return true;
  }
}

const NOUNS: Readonly<Record<AccessObject['type'], string>> = {
  ...{ path: 'files', kind: 'objects without a path', family: 'families of sockets', inet: 'addresses' },
  ...{
    unix: 'sockets',
    abstract: 'abstract sockets',
    unnamed: 'sockets without a name',
    number: 'capabilities, ids and kinds',
    target: 'processes or files',
  },
};

/** As it is told: `connect of 1000 more addresses`. */
export function surplusText({ operation, type, count }: Surplus): string {
  return operation === 'move' ? `${count} more moves` : `${operation} of ${count} more ${NOUNS[type]}`;
}

/** The folder of a name that may be one of many; null: it is in none. */
function folderOf(object: AccessObject): Bytes | null {
  if (object.type !== 'path' || object.path === '/') return null;
  return (object.path.slice(0, object.path.lastIndexOf('/')) || '/') as Bytes;
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
