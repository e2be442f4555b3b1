// SPDX-License-Identifier: GPL-2.0-only
/**
 * Sparse rows laid into one another in one table, as of old in parsers (row displacement: Tarjan and Yao, "Storing a sparse
 * table", 1979): a row begins where all of its entries fall on free places, and each place says whose it is.
 */

export interface SparseRow {
  /** Its places, counted from where it begins. */
  readonly columns: readonly number[];
}

/** Places looked at for one row before it goes behind all others: what a large policy may cost is bounded, its table is not. */
const TRIES = 4096;

/**
 * Where each row begins: no two rows at the same place, none at 0, no two entries on one place. The fullest are laid first;
 * rows with the same columns look on from where the last of them was laid.
 */
export function layRows(rows: readonly SparseRow[]): number[] {
  const order = rows.map((_, index) => index).sort((one, other) => size(other) - size(one) || one - other);
  const bases = new Array<number>(rows.length).fill(0);
  const taken = new Set<number>();
  const begun = new Set<number>();
  const reached = new Map<string, number>();
  let end = 1;
  for (const index of order) {
    const { columns } = rows[index] as SparseRow;
    const key = columns.join();
    const from = reached.get(key) ?? 1;
    let base = from;
    const fits = (): boolean => !begun.has(base) && columns.every((column) => !taken.has(base + column));
    while (!fits() && base < from + TRIES) base++;
    if (!fits()) base = end;
    while (!fits()) base++;
    bases[index] = base;
    begun.add(base);
    for (const column of columns) taken.add(base + column);
    end = Math.max(end, base + 1, ...columns.map((column) => base + column + 1));
    reached.set(key, base + 1);
  }
  return bases;

  function size(index: number): number {
    return (rows[index] as SparseRow).columns.length;
  }
}
