// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import t from 'tap';
import '../seed.js';
import { refine } from '../../src/compile/refine.js';

/** A state with a kind and two ways on. */
type Node = readonly [kind: number, left: number, right: number];

function blocksOf(nodes: readonly Node[]) {
  return refine({
    count: nodes.length,
    kind: (state) => nodes[state]?.[0] ?? 0,
    successors: (state) => (nodes[state] ?? []).slice(1) as number[],
    signature: (state, blocks) => `${blocks[nodes[state]?.[1] ?? 0]},${blocks[nodes[state]?.[2] ?? 0]}`,
  });
}

/** Pairs that can be told apart, by the book: those of different kinds, and those that lead to such a pair. */
function distinct(nodes: readonly Node[]): boolean[][] {
  const told = nodes.map(([kind]) => nodes.map(([other]) => kind !== other));
  for (let changed = true; changed; ) {
    changed = false;
    for (const [one, [, left, right]] of nodes.entries())
      for (const [other, [, otherLeft, otherRight]] of nodes.entries()) {
        const row = told[one] as boolean[];
        if (!row[other] && (told[left]?.[otherLeft] || told[right]?.[otherRight])) {
          row[other] = true;
          changed = true;
        }
      }
  }
  return told;
}

t.test('merges just what nothing can tell apart', async (t) => {
  const nodes = fc
    .integer({ min: 1, max: 12 })
    .chain((count) =>
      fc.array(fc.tuple(fc.nat(1), fc.nat(count - 1), fc.nat(count - 1)), { minLength: count, maxLength: count }),
    );
  fc.assert(
    fc.property(nodes, (nodes) => {
      const { of, count } = blocksOf(nodes);
      const told = distinct(nodes);
      return (
        new Set(of).size === count &&
        nodes.every((_, one) => nodes.every((_, other) => (of[one] !== of[other]) === told[one]?.[other]))
      );
    }),
    { numRuns: 2000 },
  );
  t.pass('two thousand automata');
});

t.test('blocks are numbered by their first state', async (t) => {
  const { of } = blocksOf([
    [1, 0, 0],
    [0, 1, 1],
    [1, 2, 2],
  ]);
  t.strictSame([...of], [0, 1, 0]);
});

t.test('a long chain is quick', async (t) => {
  const length = 20_000;
  const chain = Array.from({ length }, (_, at): Node => {
    const next = Math.min(at + 1, length - 1);
    return [at === length - 1 ? 1 : 0, next, next];
  });
  const before = process.cpuUsage();
  t.equal(blocksOf(chain).count, length);
  t.ok(process.cpuUsage(before).user < 5_000_000, 'not quadratic');
});
