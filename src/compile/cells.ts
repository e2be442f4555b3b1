// SPDX-License-Identifier: GPL-2.0-only
/** The table of cells: all byte automata of an image over classes of bytes that they share, their rows laid into one another. */
import type { LeastAutomaton } from './minimise.js';
import { merge, quotient, type Table } from './rows.js';
import { layRows } from './rows-laid.js';
import type { Settled } from './settle.js';

/** What a row has at a class of bytes; the row's number is where it begins. */
export interface Cell {
  readonly row: number;
  readonly next: number;
}

export interface ByteTables {
  readonly classOf: Uint8Array;
  readonly classCount: number;
  /** By place; absent: no row has anything there. */
  readonly cells: (Cell | undefined)[];
  /** Places in `cells` that name states. */
  readonly targets: readonly number[];
  readonly starts: ReadonlyMap<Settled, number>;
}

/** Puts all byte automata into one table over byte classes that all of them share. Rows that say the same are one. */
export function byteTables(automaton: LeastAutomaton): ByteTables {
  const forms = [...new Set(automaton.states.map(({ settled }) => settled))].filter(({ start }) => start !== 0);
  const { classOf, lowest } = classesOf(forms);
  const { table, to, starts } = unionOf(forms, lowest);
  const blocks = merge(table, to);
  const { cells: next, count } = quotient(table, blocks, 0, to);
  const ends = new Int32Array(count);
  for (let row = 0; row < table.count; row++) ends[blocks.of[row] as number] = to[row] as number;
  const rows = Array.from({ length: count - 1 }, (_, at) =>
    entriesOf(next.subarray((at + 1) * lowest.length, (at + 2) * lowest.length), ends[at + 1] as number),
  );
  const bases = layRows(rows.map((entries) => ({ columns: [...entries.keys()] })));
  const baseOf = (block: number): number => (block === 0 ? 0 : (bases[block - 1] as number));
  const cells: (Cell | undefined)[] = [];
  const targets: number[] = [];
  rows.forEach((entries, at) => {
    const row = baseOf(at + 1);
    for (const [column, value] of entries) {
      const names = column === lowest.length;
      if (names) targets.push(row + column);
      cells[row + column] = { row, next: names ? value : baseOf(value) };
    }
  });
  return {
    classOf,
    classCount: lowest.length,
    cells,
    targets,
    starts: new Map(forms.map((form, index) => [form, baseOf(blocks.of[starts[index] as number] as number)])),
  };
}

/** All forms as one table; row 0 is of all of them. `to`: the state after the last byte, -1 for row 0. */
function unionOf(
  forms: readonly Settled[],
  lowest: readonly number[],
): { table: Table; to: Int32Array; starts: readonly number[] } {
  const count = forms.reduce((sum, form) => sum + form.count - 1, 1);
  const cells = new Int32Array(count * lowest.length);
  const to = new Int32Array(count).fill(-1);
  const starts: number[] = [];
  let before = 0;
  for (const form of forms) {
    starts.push(before + form.start);
    for (let row = 1; row < form.count; row++) {
      to[before + row] = form.to[row] as number;
      lowest.forEach((byte, column) => {
        const next = form.cells[(row - 1) * form.classCount + (form.classOf[byte] as number)] as number;
        cells[(before + row) * lowest.length + column] = next === 0 ? 0 : before + next;
      });
    }
    before += form.count - 1;
  }
  return { table: { cells, count, classCount: lowest.length }, to, starts };
}

/** Bytes that no form tells apart are one class. `lowest`: a byte of each. */
function classesOf(forms: readonly Settled[]): { classOf: Uint8Array; lowest: readonly number[] } {
  const ids = new Map<string, number>();
  const lowest: number[] = [];
  const classOf = Uint8Array.from({ length: 256 }, (_, byte) => {
    const key = forms.map((form) => form.classOf[byte]).join();
    const known = ids.get(key);
    if (known !== undefined) return known;
    lowest.push(byte);
    ids.set(key, ids.size);
    return ids.size - 1;
  });
  return { classOf, lowest };
}

/**
 * What a row has by column: a class of bytes, behind them the state after the last byte, and then what all classes have that
 * are not here.
 */
function entriesOf(values: Int32Array, to: number): ReadonlyMap<number, number> {
  const most = mostFrequent(values);
  const entries = new Map<number, number>();
  values.forEach((value, column) => {
    if (value !== most) entries.set(column, value);
  });
  if (to !== 0) entries.set(values.length, to);
  if (most !== 0) entries.set(values.length + 1, most);
  return entries;
}

function mostFrequent(values: Int32Array): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best = values[0] ?? 0;
  for (const [value, count] of counts) if (count > (counts.get(best) ?? 0)) best = value;
  return best;
}
