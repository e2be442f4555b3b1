// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { curvesOf, draw } from '../../bench/curves.js';
import type { Figure } from '../../bench/figure.js';

const figure = (mechanism: string, operation: string, added: number, kernel = '6.12'): Figure => ({
  ...{ kernel, mechanism, operation, base: 1000, added, spread: 0 },
});
const FIGURES = [
  ...[figure('callgate', 'open1', 10), figure('callgate', 'open2', 20), figure('callgate', 'open16', 30)],
  ...[figure('landlock', 'open1', 11), figure('landlock', 'open16', 31), figure('callgate', 'open2', 99, '6.1')],
  ...[figure('callgate, 10 rules', 'open2', 21), figure('callgate, 1000 rules', 'open2', 22)],
  figure('callgate', 'stat8', 7),
];

t.test('what is drawn of figures', async (t) => {
  const title = 'Instructions added to open and close, Linux 6.12';
  t.same(curvesOf(FIGURES, '6.12'), [
    {
      ...{ name: 'cost-by-depth', title, axis: 'components of the path', places: [1, 2, 16] },
      lines: [
        { name: 'landlock', added: [11, null, 31] },
        { name: 'callgate', added: [10, 20, 30] },
      ],
    },
    {
      ...{ name: 'cost-by-rules', title, axis: 'rules of the policy', places: [10, 100, 1000] },
      lines: [{ name: '2 components', added: [21, 20, 22] }],
    },
  ]);
  t.same(curvesOf(FIGURES, '7.2'), []);
});

t.test('a curve as SVG: each of its lines, and its numbers', async (t) => {
  const [curve] = curvesOf(FIGURES, '6.12');
  if (curve === undefined) throw new Error('no curve');
  const text = draw(curve);
  t.match(text, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  for (const word of ['landlock', 'callgate', 'components of the path', '>16<', '#D55E00'])
    t.ok(text.includes(word), word);
  t.notOk(text.includes('apparmor'), 'none of what was not measured');
});
