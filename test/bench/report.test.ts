// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { type Figure, medianOf, type Unit } from '../../bench/figure.js';
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

const timed = (added: number, spread: number, unit: Unit = 'microseconds'): Figure => ({
  ...{
    kernel: 'host',
    part: 'commands',
    mechanism: 'callgate',
    operation: '--version',
    unit,
    base: 1000,
    added,
    spread,
  },
});

t.test('what is timed is told beyond its spread, and never too much; what is counted in bytes is', async (t) => {
  t.same(compared([timed(1000, 300)], [timed(1290, 100)]), { lines: [], worse: false });
  t.same(compared([timed(1000, 300)], [timed(1310, 100)]), {
    lines: ['host, commands, callgate, --version: +1000 to +1310'],
    worse: false,
  });
  t.same(compared([timed(1000, 300, 'bytes')], [timed(1050, 100, 'bytes')]), {
    lines: ['host, commands, callgate, --version: +1000 to +1050, too much'],
    worse: true,
  });
});

t.test('a part that was not measured again is not missed', async (t) => {
  t.same(compared([figure('open2', 1000), timed(1000, 0)], [figure('open2', 1000)]), { lines: [], worse: false });
  t.same(compared([figure('open2', 1000), timed(1000, 0)], [timed(1000, 0)]), { lines: [], worse: false });
});

t.test('a table for each part and unit', async (t) => {
  t.same(tables([figure('open2', 5), timed(7, 0)]).split('\n'), [
    '| Linux 6.12 | alone | callgate |',
    '| --- | ---: | ---: |',
    '| open2 | 1000 | +5 |',
    '',
    '| this machine, commands, microseconds | alone | callgate |',
    '| --- | ---: | ---: |',
    '| --version | 1000 | +7 |',
    '',
  ]);
});

t.test('the middle of values, and how far they are apart', async (t) => {
  t.same(medianOf([9, 1, 5]), { median: 5, spread: 8 });
  t.same(medianOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 99]), { median: 7, spread: 10 });
  t.same(medianOf([]), { median: 0, spread: 0 });
});
