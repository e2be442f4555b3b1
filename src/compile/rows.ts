/**
 * Automata over the bytes of one name. `rowsOf` makes one of a set of globs (it tells which of them match); `settle`
 * gives it the states that a place of the big automaton goes to, and brings it to the one form that all automata with
 * the same meaning share.
 */
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

/** An automaton whose rows name states of the big one; the form is the same for all that mean the same. */
export interface Settled {
  readonly classOf: Uint8Array;
  readonly classCount: number;
  /** Row 0 is left out: it stands for the fallback, whatever bytes still come. */
  readonly cells: Int32Array;
  /** Rows, row 0 included. */
  readonly count: number;
  /** The state each row leads to if the name ends there. */
  readonly to: Int32Array;
  /** Row of the first byte; 0: there is nothing to look at, every name leads to the fallback. */
  readonly start: number;
  readonly fallback: number;
}

/**
 * Gives an automaton the states it leads to: `targets` by outcome, the first being what a name that no glob matches
 * leads to. The fallback of the result is what most first bytes lead to whatever follows.
 */
export function settle(rows: Rows, targets: readonly number[]): Settled {
  const to = Int32Array.from(rows.outcome, (outcome) => targets[outcome] as number);
  // Rows that differ in what matches stay different as long as each outcome leads elsewhere.
  const distinct = new Set(targets).size === targets.length;
  const { cells, count, start, outcome } = distinct
    ? { ...rows, outcome: to }
    : quotient(rows, merge(rows, to), rows.start, to);
  const { classCount } = rows;

  const constant = (row: number): boolean => {
    for (let byteClass = 0; byteClass < classCount; byteClass++)
      if (cells[row * classCount + byteClass] !== row) return false;
    return true;
  };
  const weight = new Map<number, number>();
  for (let byte = 0; byte < 256; byte++) {
    const next = cells[start * classCount + (rows.classOf[byte] as number)] as number;
    weight.set(next, (weight.get(next) ?? 0) + 1);
  }

  // Bytes that no row tells apart are one class; classes are numbered by their lowest byte.
  // Classes of `rows` are already in that order.
  const classIds = new Map<string, number>();
  const columns: number[] = [];
  const merged = Array.from({ length: classCount }, (_, old) => {
    const column = Array.from({ length: count }, (_, row) => cells[row * classCount + old]).join();
    const known = classIds.get(column);
    if (known !== undefined) return known;
    classIds.set(column, columns.length);
    columns.push(old);
    return columns.length - 1;
  });
  const classOf = rows.classOf.map((old) => merged[old] as number);

  const order: number[] = [start];
  const seen = new Set(order);
  for (let index = 0; index < order.length; index++)
    for (const old of columns) {
      const next = cells[(order[index] as number) * classCount + old] as number;
      if (!seen.has(next)) {
        seen.add(next);
        order.push(next);
      }
    }
  let rest = -1;
  for (const row of order)
    if (constant(row) && (rest < 0 || (weight.get(row) ?? 0) > (weight.get(rest) ?? 0))) rest = row;
  const fallback = rest < 0 ? (targets[0] as number) : (outcome[rest] as number);
  const pointless = start === rest || columns.every((old) => cells[start * classCount + old] === rest);
  if (pointless) return { ...NO_ROWS, fallback };

  const kept = order.filter((row) => row !== rest);
  const number = new Map(kept.map((row, index) => [row, index + 1]));
  const settled = new Int32Array(kept.length * columns.length);
  let startReached = false;
  kept.forEach((row, index) => {
    columns.forEach((old, column) => {
      const next = number.get(cells[row * classCount + old] as number) ?? 0;
      if (next === 1) startReached = true;
      settled[index * columns.length + column] = next;
    });
  });
  const ends = Int32Array.from([fallback, ...kept.map((row) => outcome[row] as number)]);
  // No name ends before its first byte, so where nothing leads back to the start its end does not matter.
  if (!startReached) ends[1] = fallback;
  return { classOf, classCount: columns.length, cells: settled, count: kept.length + 1, to: ends, start: 1, fallback };
}

const NO_ROWS: Omit<Settled, 'fallback'> = {
  classOf: new Uint8Array(256),
  classCount: 1,
  cells: new Int32Array(0),
  count: 1,
  to: new Int32Array(1),
  start: 0,
};

/** No globs at all: every name leads to the same state. */
export function settleNothing(fallback: number): Settled {
  return { ...NO_ROWS, fallback };
}

/** The state a name leads to. */
export function targetOf(settled: Settled, name: string): number {
  let row = settled.start;
  for (let at = 0; at < name.length && row !== 0; at++) {
    const byteClass = settled.classOf[name.charCodeAt(at)] as number;
    row = settled.cells[(row - 1) * settled.classCount + byteClass] as number;
  }
  return row === 0 ? settled.fallback : (settled.to[row] as number);
}

interface Table {
  readonly cells: Int32Array;
  readonly count: number;
  readonly classCount: number;
}

/** Merges rows that nothing can tell apart. The result maps rows to blocks; row 0 to block 0. */
function merge({ cells, count, classCount }: Table, kind: Int32Array): Blocks {
  const row = (of: number): Int32Array => cells.subarray(of * classCount, (of + 1) * classCount);
  return refine({
    count,
    kind: (of) => kind[of] as number,
    successors: row,
    signature: (of, blocks) =>
      row(of)
        .map((next) => blocks[next] as number)
        .join(),
  });
}

/** The automaton of the blocks. */
function quotient(
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
