// SPDX-License-Identifier: GPL-2.0-only
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { standingOf } from '../../src/training/standing.js';

t.test('little behind a policy is told, and enough is not', async (t) => {
  const folder = t.testdir();
  const policy = (name: string, certificate: string): void =>
    writeFileSync(
      join(folder, `${name}.yaml`),
      `# What it may do.\n# learned 2026-11-24 10:00:00 UTC in x-1: ${certificate}\nversion: 1\n`,
    );
  policy(
    'enough',
    '9 events, 0 repeats, nothing lost; 3 runs: the last showed 0 of 2 for the first time, the next may show none',
  );
  t.same(standingOf(folder), []);
  policy('once', '9 events, 0 repeats, nothing lost; 1 run: what another would show is not known');
  policy(
    'from',
    '9 events, 0 repeats, nothing lost; no whole run (and 3 observations of partial runs alone): what a whole one would show is not known',
  );
  policy(
    'partly',
    '9 events, 0 repeats, nothing lost; 1 run (and 1 observation of partial runs alone): what another would show is not known',
  );
  policy(
    'old-from',
    '9 events, 0 repeats, nothing lost; no whole run, partial runs 3 more: what one would show is not known',
  );
  policy(
    'old-partly',
    '9 events, 0 repeats, nothing lost; 1 run, partial runs 3 more: what another would show is not known',
  );
  policy(
    'lost',
    '9 events, 0 repeats, TAINTED: 2 events lost; 2 runs: the last showed 1 of 2 for the first time, the next may show none',
  );
  t.same(standingOf(folder), [
    `learned from fewer than two whole runs, so other data may be refused: from, old-from, old-partly, once, partly (callgate learn status ${folder})`,
    'the last run lost something, so what it needs may be refused: lost (learn again)',
  ]);
  t.same(standingOf(join(folder, 'absent')), []);
});
