// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import type { Figure } from '../../bench/mechanisms.js';
import { compared, tables } from '../../bench/report.js';

const figure = (operation: string, added: number, kernel = '6.12'): Figure => ({
  ...{ kernel, mechanism: 'callgate', operation, base: 1000, added, spread: 0 },
});

t.test('figures against older ones', async (t) => {
  const before = [figure('open2', 1000), figure('stat8', 1000), figure('fork', 1000), figure('chmod', 1000)];
  const after = [figure('open2', 1050), figure('stat8', 970), figure('fork', 9000), figure('chmod', 1010)];
  t.same(compared(before, after), {
    lines: ['6.12, callgate, open2: +1000 to +1050, too much', '6.12, callgate, stat8: +1000 to +970'],
    worse: true,
  });
  t.same(compared(before, [figure('open2', 1039), ...before.slice(1)]), {
    lines: ['6.12, callgate, open2: +1000 to +1039'],
    worse: false,
  });
  t.same(compared(before, before.slice(1)), { lines: ['6.12, callgate, open2: not measured any more'], worse: true });
});

t.test('a table for each kernel', async (t) => {
  t.same(tables([figure('open2', 5), figure('open2', -7, '7.2')]).split('\n'), [
    '| Linux 6.12 | alone | callgate |',
    '| --- | ---: | ---: |',
    '| open2 | 1000 | +5 |',
    '',
    '| Linux 7.2 | alone | callgate |',
    '| --- | ---: | ---: |',
    '| open2 | 1000 | -7 |',
    '',
  ]);
});
