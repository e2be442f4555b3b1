// SPDX-License-Identifier: GPL-2.0-only
/** Places of names in the exact table. The hash itself is compared with the header's in layout.test.ts. */
import t from 'tap';
import { PROBES } from '../../src/compile/layout.js';
import { type Literal, literalMix, literalSlot, nameMix, placeLiterals } from '../../src/compile/place.js';
import type { Bytes } from '../../src/policy/bytes.js';

/** Every literal must be found the way the matcher looks: PROBES slots from its hash, none of them empty before it. */
function lost(literals: readonly Literal[], slots: number, capacity: number): number | null {
  const states = Math.max(...literals.map(({ state }) => state)) + 1;
  const placement = placeLiterals(literals, states, slots, capacity);
  if (placement === null) return null;
  const { seed, numbers } = placement;
  const used = numbers.filter((number) => number >= 0 && number < capacity);
  if (new Set(used).size !== states || numbers[0] !== 0) throw new Error('numbers are not distinct');
  return literals.filter(({ state, name }, index) => {
    const mix = literalMix(numbers[state] as number, nameMix(name));
    const home = literalSlot(mix.low ^ seed.low, mix.high ^ seed.high);
    for (let probe = 0; probe < PROBES; probe++) {
      const there = placement.slots[(home + probe) & (slots - 1)] as number;
      if (there === index) return false;
      if (there < 0) return true;
    }
    return true;
  }).length;
}

const literal = (state: number, name: string): Literal => ({ state, name: name as Bytes, to: 1 });
const many = (states: number, names: number, name: (index: number) => string): Literal[] =>
  Array.from({ length: states }, (_, state) =>
    Array.from({ length: names }, (_, index) => literal(state + 1, name(index))),
  ).flat();

t.test('all names are found', async (t) => {
  t.equal(lost([literal(1, 'a')], 512, 256), 0);
  t.equal(
    lost(
      many(1, 250, (index) => `file${index}`),
      512,
      256,
    ),
    0,
    'one folder',
  );
  t.equal(
    lost(
      many(100, 3, (index) => `n${index}`),
      512,
      256,
    ),
    0,
    'many folders',
  );
  t.equal(
    lost(
      many(4000, 10, (index) => `entry-${index}.conf`),
      65536,
      32768,
    ),
    0,
    'forty thousand names',
  );
});

t.test('names that are alike but for one byte, wherever it is', async (t) => {
  for (let at = 0; at < 24; at++) {
    const name = (index: number): string => {
      const bytes = 'aaaaaaaaaaaaaaaaaaaaaaaa'.split('');
      bytes[at] = String.fromCharCode(97 + index);
      return bytes.join('');
    };
    t.equal(lost(many(8, 16, name), 512, 256), 0, `byte ${at}`);
  }
});

t.test('names that differ as the numbers of their states do', async (t) => {
  t.equal(
    lost(
      many(16, 16, (index) => `v${String.fromCharCode(index + 64)}`),
      512,
      256,
    ),
    0,
  );
});

t.test('a table too full is refused', async (t) => {
  t.equal(
    placeLiterals(
      many(1, 500, (index) => `${index}`),
      2,
      512,
      256,
    ),
    null,
  );
});
