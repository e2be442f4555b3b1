// SPDX-License-Identifier: GPL-2.0-only
/** Automata over the bytes of one name. Made of a set of globs, they tell which of them match. */
import type { Glob, Globs } from './globs.js';
import { BYTE_PLACES_MAX, BYTE_STATES_MAX } from './limits.js';
import { type Blocks, refine } from './refine.js';

/** A deterministic automaton over a partition of the 256 bytes. Row 0 is dead: no glob can match any more. */
export interface Rows {
  readonly id: number;
  readonly globs: readonly Glob[];
  readonly classOf: Uint8Array;
  readonly classCount: number;
  /** `cells[row * classCount + class]` is the next row. */
  readonly cells: Int32Array;
  readonly count: number;
  readonly start: number;
  /** For each row the index into `outcomes` of what has matched if the name ends there. */
  readonly outcome: Int32Array;
  /** Sets of matching globs; the first is the empty one. */
  readonly outcomes: readonly (readonly Glob[])[];
}

/** The globs need more rows than is sensible. `glob` is one that takes part in most of them. */
export class TooManyRows extends Error {
  constructor(readonly glob: Glob) {
    super('too many rows');
  }
}

/** Makes the automaton of some globs by subset construction. Throws TooManyRows. */
export function rowsOf(id: number, globs: readonly Glob[], all: Globs): Rows {
  const bases: number[] = [];
  const ownerOf: number[] = [];
  let total = 0;
  globs.forEach((glob, index) => {
    bases.push(total);
    total += glob.positions.length;
    for (let at = 0; at < glob.positions.length; at++) ownerOf.push(index);
  });
  const positionOf = (place: number) => {
    const index = ownerOf[place] as number;
    return (globs[index] as Glob).positions[place - (bases[index] as number)] as Glob['positions'][number];
  };
  const used = [...new Set(globs.flatMap(({ positions }) => positions.map(({ set }) => set)))];
  const { classOf, classCount, classesOf } = partition(used.map((set) => [set, all.sets[set] as Uint8Array] as const));

  const rowIds = new Map<string, number>();
  const rows: { readonly places: readonly number[] }[] = [];
  const outcomeIds = new Map<string, number>([['', 0]]);
  const outcomes: Glob[][] = [[]];
  const outcome: number[] = [];
  let held = 0;
  const intern = (places: number[], matched: number[]): number => {
    const matchKey = matched.join();
    let out = outcomeIds.get(matchKey);
    if (out === undefined) {
      out = outcomes.length;
      outcomeIds.set(matchKey, out);
      outcomes.push(matched.map((index) => globs[index] as Glob));
    }
    const key = `${out}:${places.join()}`;
    const known = rowIds.get(key);
    if (known !== undefined) return known;
    const made = rows.length;
    held += places.length;
    if (made > BYTE_STATES_MAX || held > BYTE_PLACES_MAX) throw new TooManyRows(busiest(rows, ownerOf, globs));
    rowIds.set(key, made);
    rows.push({ places });
    outcome.push(out);
    return made;
  };
  intern([], []);
  const start = intern(
    globs.flatMap(({ first }, index) => first.map((at) => at + (bases[index] as number))),
    [],
  );
  const cells: number[] = new Array(classCount).fill(0);
  for (let row = 1; row < rows.length; row++) {
    const places: (Set<number> | undefined)[] = new Array(classCount);
    const matched: (Set<number> | undefined)[] = new Array(classCount);
    for (const place of (rows[row] as { places: readonly number[] }).places) {
      const { set, next, ends } = positionOf(place);
      const owner = ownerOf[place] as number;
      const base = bases[owner] as number;
      for (const byteClass of classesOf.get(set) as readonly number[]) {
        if (next.length > 0) {
          places[byteClass] ??= new Set();
          for (const at of next) places[byteClass].add(base + at);
        }
        if (ends) {
          matched[byteClass] ??= new Set();
          matched[byteClass].add(owner);
        }
      }
    }
    for (let byteClass = 0; byteClass < classCount; byteClass++)
      cells.push(intern(sorted(places[byteClass]), sorted(matched[byteClass])));
  }
  const raw = { cells: Int32Array.from(cells), count: rows.length, classCount };
  const blocks = merge(raw, Int32Array.from(outcome));
  return { id, globs, classOf, classCount, outcomes, ...quotient(raw, blocks, start, outcome) };
}

/** Which set of globs matches the name: an index into `outcomes`. */
export function outcomeOf(rows: Rows, name: string): number {
  let row = rows.start;
  for (let at = 0; at < name.length && row !== 0; at++)
    row = rows.cells[row * rows.classCount + (rows.classOf[name.charCodeAt(at)] as number)] as number;
  return rows.outcome[row] as number;
}

/** A table of rows. */
export interface Table {
  readonly cells: Int32Array;
  readonly count: number;
  readonly classCount: number;
}

/** Merges rows that nothing can tell apart. The result maps rows to blocks; row 0 to block 0. */
export function merge({ cells, count, classCount }: Table, kind: Int32Array): Blocks {
  const row = (of: number): Int32Array => cells.subarray(of * classCount, (of + 1) * classCount);
  return refine({
    count,
    kind: (of) => kind[of] as number,
    successors: row,
    // Its bytes as they are: numbers joined to a text took a tenth of a compilation.
    signature: (of, blocks) => Buffer.from(row(of).map((next) => blocks[next] as number).buffer).toString('latin1'),
  });
}

/** The automaton of the blocks. */
export function quotient(
  { cells, count, classCount }: Table,
  { of: blocks, count: size }: Blocks,
  start: number,
  outcome: ArrayLike<number>,
): { cells: Int32Array; count: number; start: number; outcome: Int32Array } {
  const merged = new Int32Array(size * classCount);
  const outcomes = new Int32Array(size);
  for (let row = 0; row < count; row++) {
    const block = blocks[row] as number;
    outcomes[block] = outcome[row] as number;
    for (let byteClass = 0; byteClass < classCount; byteClass++)
      merged[block * classCount + byteClass] = blocks[cells[row * classCount + byteClass] as number] as number;
  }
  return { cells: merged, count: size, start: blocks[start] as number, outcome: outcomes };
}

/** Bytes that are in the same sets are one class. Classes are numbered by their lowest byte. */
function partition(sets: readonly (readonly [number, Uint8Array])[]): {
  classOf: Uint8Array;
  classCount: number;
  classesOf: Map<number, readonly number[]>;
} {
  const ids = new Map<string, number>();
  const lowest: number[] = [];
  const classOf = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let key = '';
    for (const [, members] of sets) key += members[byte] === 1 ? '1' : '0';
    let id = ids.get(key);
    if (id === undefined) {
      id = ids.size;
      ids.set(key, id);
      lowest.push(byte);
    }
    classOf[byte] = id;
  }
  const classesOf = new Map(
    sets.map(([set, members]) => [set, lowest.flatMap((byte, byteClass) => (members[byte] === 1 ? [byteClass] : []))]),
  );
  return { classOf, classCount: ids.size, classesOf };
}

function sorted(values: Set<number> | undefined): number[] {
  if (values === undefined) return [];
  return values.size === 1 ? [...values] : [...values].sort((left, right) => left - right);
}

function busiest(
  rows: readonly { readonly places: readonly number[] }[],
  ownerOf: readonly number[],
  globs: readonly Glob[],
): Glob {
  const counts = new Array<number>(globs.length).fill(0);
  for (const { places } of rows)
    for (const owner of new Set(places.map((place) => ownerOf[place] as number)))
      counts[owner] = (counts[owner] as number) + 1;
  return globs[counts.indexOf(Math.max(...counts))] as Glob;
}
