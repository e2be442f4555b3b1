// SPDX-License-Identifier: GPL-2.0-only
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Journal, journalFile } from '../../src/audit/journal.js';
import { lineOfRecord } from '../../src/audit/sink.js';
import { certify, withLoss } from '../../src/learn/certificate.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { grantedBy, renderGranted } from '../../src/training/granted.js';
import { missingText, renderReplay, replayPolicy } from '../../src/training/replay.js';
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
        ...{ run: 'worker-1', file: join(host.journals, 'worker.worker-1.run'), observations: 3, folded: 0 },
        ...{ unreadable: 0, lost: 0, losses: [] },
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

t.test('what a recording lacks is told, whichever it is', async (t) => {
  const { host } = fakeHost(t);
  const folder = join(host.policies, 'worker');
  const file = join(folder, 'srv_bin_worker.yaml');
  const loaded = { file, text, policy: parsePolicy(text, file, aroundOf()) };
  const read = seen('read', '/srv/a');
  const lacks = (...words: string[]): unknown[] =>
    replayPolicy(host, loaded, words).replays.map(({ observations, unreadable, lost }) => [
      ...[observations, unreadable, lost],
    ]);
  const lost = { v: 1, time: read.time, session: 'worker-2', type: 'lost' } as const;

  mkdirSync(host.logs);
  const log = join(host.logs, 'worker-2.jsonl');
  const notes = [
    { ...lost, dropped: 3, malformed: 1, unwritten: 0 },
    { ...lost, dropped: 0, malformed: 0, unwritten: 5, sink: 'log' },
    { ...lost, dropped: 0, malformed: 0, unwritten: 7, sink: 'journal' },
  ];
  writeFileSync(log, `${[read, ...notes].map((one) => JSON.stringify(one)).join('\n')}\n{"v":1,"se`);
  t.same(lacks('worker-2'), [[1, 1, 9]], 'a log');
  t.same(missingText(replayPolicy(host, loaded, ['worker-2'])), [
    `${log} is TAINTED: 3 events lost (the ring buffer was full), 1 events that could not be read, ` +
      '5 records that the log could not take, 1 lines that cannot be read; what is missing is not judged',
  ]);

  const journal = Journal.create(host, {
    ...{ v: 1, type: 'learner', session: 'worker-3', started: read.time, command: ['worker'] },
    ...{ folder, user: null, cwd: '/', program: '/srv/bin/worker' },
  });
  journal.take([lineOfRecord(read), lineOfRecord({ ...lost, dropped: 2, malformed: 0, unwritten: 0 })]);
  t.same(lacks(journalFile(host, 'worker-3')), [[1, 0, 2]], 'a journal that nobody finished');
  t.equal(missingText(replayPolicy(host, loaded, [journal.file])).length, 1);
  journal.finish({
    ...{ session: 'worker-3', started: read.time, ended: read.time, events: 1, repeats: 0, learnt: 1, dropped: 0 },
    ...{ unresolved: {}, floor: {}, skipped: 0, damaged: 0 },
  });
  journal.written();
  journal.close();
  t.same(missingText(replayPolicy(host, loaded, [journal.file])), [], 'and one that was');

  const { header, observations } = runOf([read], { session: 'worker-4', folder });
  const counted = { ...header.certificate, dropped: 6, unresolved: {}, floor: {}, skipped: 0, damaged: 0 };
  const certificate = withLoss(certify(counted), 'moves of which one name is not known', 1);
  keepRun(host, { header: { ...header, certificate }, observations });
  t.same(lacks('worker-4'), [[1, 0, 6]], 'a run');
  const kept = join(host.journals, 'worker.worker-4.run');
  t.same(missingText(replayPolicy(host, loaded, [])), [
    `${kept} is TAINTED: 6 events lost (the ring buffer was full), 1 moves of which one name is not known; what is missing is not judged`,
  ]);

  writeFileSync(kept, '["o",0\n', { flag: 'a' });
  const damaged = { message: `${kept}: 1 line cannot be read` };
  const forget = { ...damaged, remedy: 'callgate learn forget worker-4, and learn it again' };
  t.throws(() => lacks(), forget);
  t.throws(() => lacks('worker-4'), forget, 'by its name too');
  t.throws(() => lacks(kept), { ...damaged, remedy: 'leave it out, or name a whole copy of it' });
  writeFileSync(kept, '{"v":1,"type":"run"\n');
  t.throws(() => lacks(), {
    message: `${kept}: not a run, or written by another version`,
    remedy: `rm ${kept}, and learn it again`,
  });
  t.throws(() => lacks(host.logs), { message: `${host.logs}: not a regular file`, remedy: 'name a file' });
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
