// SPDX-License-Identifier: GPL-2.0-only
/**
 * Byte automata with the states they lead to, brought to the one form that all automata with the same meaning share.
 */
import { merge, quotient, type Rows } from './rows.js';

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
