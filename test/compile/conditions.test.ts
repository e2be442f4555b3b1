// SPDX-License-Identifier: GPL-2.0-only
import fc from 'fast-check';
import t from 'tap';
import '../seed.js';
import { appliesOf, type Test } from '../../src/compile/conditions.js';
import { applies } from '../../src/decide/condition.js';
import type { Condition, IdRange, Rule } from '../../src/policy/model.js';
import { hasFields } from '../fields.js';
import { rule } from './build.js';

const of = (condition: Pick<Rule, 'if' | 'unless'>) => appliesOf(rule(['read'], ['/f'], condition));
const range = (first: number, last = first): IdRange => ({ first, last });

t.test('lists are sorted and joined, but never over a gap', async (t) => {
  const lists: readonly (readonly [IdRange[], IdRange[]])[] = [
    [
      [range(5), range(1)],
      [range(1), range(5)],
    ],
    [[range(1), range(2)], [range(1, 2)]],
    [
      [range(1), range(3)],
      [range(1), range(3)],
    ],
    [[range(1, 9), range(3, 4)], [range(1, 9)]],
    [[range(3, 4), range(1, 3)], [range(1, 4)]],
    [[range(0, 10), range(11, 0xfffffffe)], [range(0, 0xfffffffe)]],
  ];
  for (const [uids, joined] of lists) t.strictSame(of({ if: { uids } })?.onlyIf?.uids, joined);
});

t.test('conditions that always or never hold are none', async (t) => {
  hasFields(t, of({}), { onlyIf: null, unless: null });
  hasFields(t, of({ if: {} }), { onlyIf: null, unless: null });
  hasFields(t, of({ if: { uids: [range(0, 0xffffffff)] } }), { onlyIf: null, unless: null });
  t.equal(of({ if: { gids: [] } }), null);
  t.equal(of({ unless: {} }), null);
  hasFields(t, of({ unless: { uids: [] } }), { onlyIf: null, unless: null });
  hasFields(t, of({ unless: { owner: 'self' } }), { onlyIf: null, unless: { owner: true } });
});

t.test('rules that apply at the same times have the same key', async (t) => {
  const one = of({ if: { uids: [range(2), range(1)] } });
  t.equal(one?.key, of({ if: { uids: [range(1, 2)] } })?.key);
  t.not(one?.key, of({ unless: { uids: [range(1, 2)] } })?.key);
  t.not(one?.key, of({ if: { gids: [range(1, 2)] } })?.key);
});

/** What the kernel half makes of a test. */
function holds(test: Test, uid: number, gid: number, owner: number | undefined): boolean {
  const within = (ranges: readonly IdRange[] | null, id: number): boolean =>
    ranges === null || ranges.some(({ first, last }) => id >= first && id <= last);
  return within(test.uids, uid) && within(test.gids, gid) && (!test.owner || owner === uid);
}

t.test('they hold when the reference says so', async (t) => {
  const id = fc.nat(6);
  const ranges = fc.array(
    fc.tuple(id, id).map(([one, other]) => range(Math.min(one, other), Math.max(one, other))),
    {
      maxLength: 4,
    },
  );
  const condition: fc.Arbitrary<Condition> = fc.record(
    { uids: ranges, gids: ranges, owner: fc.constant('self' as const) },
    { requiredKeys: [] },
  );
  const both = fc.record({ if: condition, unless: condition }, { requiredKeys: [] });
  fc.assert(
    fc.property(both, id, id, fc.option(id), (condition, uid, gid, owner) => {
      const when = of(condition);
      const caller = { uid, gid, ...(owner === null ? {} : { owner }) };
      const ours =
        when !== null &&
        (when.onlyIf === null || holds(when.onlyIf, uid, gid, owner ?? undefined)) &&
        (when.unless === null || !holds(when.unless, uid, gid, owner ?? undefined));
      return ours === applies(rule(['read'], ['/f'], condition), caller);
    }),
    { numRuns: 5000 },
  );
  t.pass('in five thousand cases');
});
