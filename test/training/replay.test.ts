// SPDX-License-Identifier: GPL-2.0-only
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parsePolicy } from '../../src/policy/parse.js';
import { grantedBy, renderGranted } from '../../src/training/granted.js';
import { renderReplay, replayPolicy } from '../../src/training/replay.js';
import { keepRun } from '../../src/training/runs.js';
import { aroundOf, runOf, seen } from '../learn/build.js';
import { fakeHost } from '../session/fake-host.js';

const text = `version: 1
program: /srv/bin/worker
rules:
  - permit: read
    path: ["/srv/in/*.txt", /srv/a]
  - permit: write
    path: /srv/unused
`;

t.test('runs and logs judged by a policy', async (t) => {
  const { host } = fakeHost(t);
  const folder = join(host.policies, 'worker');
  const file = join(folder, 'srv_bin_worker.yaml');
  const loaded = { file, text, policy: parsePolicy(text, file, aroundOf()) };
  t.throws(() => replayPolicy(host, loaded, []), { message: /no run that saw \/srv\/bin\/worker is kept/ });
  const records = [seen('read', '/srv/in/one.txt'), seen('read', '/srv/b'), seen('write', '/srv/a')];
  keepRun(host, runOf(records, { session: 'worker-1', folder }));
  const wanted = {
    program: '/srv/bin/worker',
    file,
    replays: [
      {
        ...{ run: 'worker-1', observations: 3, folded: 0 },
        refused: [
          { operation: 'read', object: '/srv/b', count: 1, uid: 0, rule: null },
          { operation: 'write', object: '/srv/a', count: 1, uid: 0, rule: null },
        ],
      },
    ],
    unused: [{ rule: 2, line: 6, text: 'permit write /srv/unused' }],
  };
  t.same(replayPolicy(host, loaded, []), wanted);
  t.same(replayPolicy(host, loaded, ['worker-1']), wanted);
  const log = join(host.journals, 'x.jsonl');
  writeFileSync(log, records.map((record) => `${JSON.stringify({ ...record, learnt: undefined })}\n`).join(''));
  const byLog = replayPolicy(host, loaded, [log]);
  t.same(byLog.replays[0]?.refused, wanted.replays[0]?.refused, 'and any log');
  t.equal(
    renderReplay(replayPolicy(host, loaded, [])),
    `/srv/bin/worker
worker-1: 2 of 3 refused
  read /srv/b (the default)
  write /srv/a (the default)
rules that nothing used:
  2 (line 6): permit write /srv/unused`,
  );
  t.throws(() => replayPolicy(host, loaded, ['absent-1']), {
    message: 'absent-1: no run of this name is kept, and no such file',
  });
});

t.test('what patterns admit on this machine, beside what was observed', async (t) => {
  const { host, folder: top } = fakeHost(t);
  const data = join(top, 'data');
  mkdirSync(join(data, 'sub/deep'), { recursive: true });
  for (const name of ['a.txt', 'b.txt', 'c.log', 'sub/d.txt', 'sub/deep/e.txt']) writeFileSync(join(data, name), '');
  symlinkSync('/', join(data, 'link'));
  const folder = join(host.policies, 'worker');
  const rules = [`${data}/*.txt`, `${data}/sub/**`, `${data}/**/e.txt`, `${data}/sub/***`, `${data}/c.log`];
  const policyText = `version: 1\nprogram: /srv/bin/worker\nrules:\n${rules.map((rule) => `  - {permit: read, path: "${rule}"}\n`).join('')}`;
  const loaded = {
    file: join(folder, 'x.yaml'),
    text: policyText,
    policy: parsePolicy(policyText, 'x.yaml', aroundOf()),
  };
  keepRun(host, runOf([seen('read', `${data}/a.txt`), seen('read', `${data}/gone.txt`)], { folder }));
  const granted = grantedBy(host, loaded);
  t.same(
    granted.map(({ objects, observed }) =>
      [objects, observed].map((paths) => paths.map((path) => path.slice(data.length))),
    ),
    [
      [
        ['/a.txt', '/b.txt'],
        ['/a.txt', '/gone.txt'],
      ],
      [['/sub/d.txt', '/sub/deep', '/sub/deep/e.txt'], []],
      [['/sub/deep/e.txt'], []],
      [['/sub', '/sub/d.txt', '/sub/deep', '/sub/deep/e.txt'], []],
    ],
    'a plain path is none, and no link is followed',
  );
  t.equal(
    renderGranted(granted.slice(0, 1)),
    `${data}/*.txt  [read, rule 1, line 4]\n  2 there now, 1 of them observed; 2 observed in all\n  not observed: ${data}/b.txt`,
  );
  const text = `version: 1\nprogram: /srv/bin/worker\nrules:\n  - {deny: read, path: "${data}/b*"}\n  - {permit: [read, write], path: "${data}/*.txt"}\n  - {permit: read, path: "${data}/?.txt"}\n`;
  t.same(
    grantedBy(host, { ...loaded, text, policy: parsePolicy(text, 'x.yaml', aroundOf()) }).map(({ objects }) => objects),
    [[`${data}/a.txt`, `${data}/b.txt`], [`${data}/a.txt`]],
    'what a denial before the rule refuses whole is not granted',
  );
});
