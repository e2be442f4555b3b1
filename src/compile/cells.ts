// SPDX-License-Identifier: GPL-2.0-only
/** The table of cells: all byte automata of an image over classes of bytes that they share. */
import type { LeastAutomaton } from './minimise.js';
import type { Settled } from './settle.js';

export interface ByteTables {
  readonly classOf: Uint8Array;
  readonly classCount: number;
  readonly cells: number[];
  /** Places in `cells` that name states. */
  readonly targets: readonly number[];
  readonly starts: ReadonlyMap<Settled, number>;
}

/** Puts all byte automata into one table over byte classes that all of them share. */
export function byteTables(automaton: LeastAutomaton): ByteTables {
  const forms = [...new Set(automaton.states.map(({ settled }) => settled))].filter(({ start }) => start !== 0);
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
  const width = ids.size + 1;
  const cells: number[] = new Array(width).fill(0);
  const targets: number[] = [];
  const starts = new Map<Settled, number>();
  for (const form of forms) {
    const base = cells.length;
    starts.set(form, base);
    for (let row = 1; row < form.count; row++) {
      for (const byte of lowest) {
        const next = form.cells[(row - 1) * form.classCount + (form.classOf[byte] as number)] as number;
        cells.push(next === 0 ? 0 : base + (next - 1) * width);
      }
      targets.push(cells.length);
      cells.push(form.to[row] as number);
    }
  }
  return { classOf, classCount: ids.size, cells, targets, starts };
}
