// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { surroundingsOf } from '../../src/application/surroundings.js';
import { Journal, type JournalHeader, JournalSink, journalFile, readJournal } from '../../src/audit/journal.js';
import { lineOfRecord } from '../../src/audit/sink.js';
import { Voice } from '../../src/host/voice.js';
import type { Request } from '../../src/supervise/begin.js';
import { renderLearnt } from '../../src/training/conclude.js';
import { learn } from '../../src/training/learn.js';
import { forget } from '../../src/training/manage.js';
import { recover } from '../../src/training/recover.js';
import { keepRun, runsOf } from '../../src/training/runs.js';
import { runOf, seen } from '../learn/build.js';
import { fakeHost } from '../session/fake-host.js';

t.test('one damaged journal keeps no other from its policies', async (t) => {
  const { folder, host } = fakeHost(t);
  mkdirSync(host.run, { mode: 0o700 });
  const header: JournalHeader = {
    ...{ v: 1, type: 'learner', session: 'true-1', started: '2026-11-25T10:00:00.000Z', command: ['true'] },
    ...{ folder: join(folder, 'learnt'), user: null, cwd: '/', program: '/usr/bin/true' },
  };
  for (const session of ['true-1', 'true-2']) Journal.create(host, { ...header, session }).close();
  const damaged = journalFile(host, 'cut-1');
  writeFileSync(damaged, '{"v":1,"ty', { mode: 0o600 });
  const { results, failed } = await recover(host, () => undefined);
  t.same(
    results.map(({ session }) => session),
    ['true-1', 'true-2'],
  );
  t.same(failed, [`${damaged}: not a journal, or cut in its first line`]);
  t.equal(readFileSync(damaged, 'utf8'), '{"v":1,"ty', 'it stays as it is');
  for (const session of ['true-1', 'true-2']) t.equal(readJournal(journalFile(host, session)).written, true);
});

t.test('what programs were run with outlives the learner, and what is missing of it is told', async (t) => {
  const { folder, host } = fakeHost(t);
  mkdirSync(host.run, { mode: 0o700 });
  const learnt = join(folder, 'learnt');
  const journal = Journal.create(host, {
    ...{ v: 1, type: 'learner', session: 'sh-1', started: '2026-11-25T10:00:00.000Z', command: ['sh'], host: 'web1' },
    ...{ folder: learnt, user: null, cwd: '/', program: '/usr/bin/true' },
  });
  const head = { v: 1, time: '2026-11-25T10:00:00.000Z', session: 'sh-1' } as const;
  const two = ['/srv/in/harbour.c', '/srv/in/lantern.c'];
  const cp = { policy: '/usr/bin/cp', exe: '/usr/bin/cp' };
  journal.take(two.map((path, index) => lineOfRecord(seen('read', path, { ...cp, seq: index + 1 }))));
  journal.take(two.map((path) => lineOfRecord({ ...head, type: 'given', program: '/usr/bin/cp', path })));
  journal.take([lineOfRecord({ ...head, type: 'unread', unread: 1, cut: 2 })]);
  journal.close();
  const { results } = await recover(host, () => undefined);
  t.same(
    results.map(({ unread }) => unread),
    [3],
  );
  t.match(results.map(renderLearnt).join(''), /^of 3 programs that were run not all arguments are known /m);
  const [run] = runsOf(host, learnt);
  t.same([run?.header.given, run?.header.host], [{ '/usr/bin/cp': two }, 'web1']);
  t.match(readFileSync(join(learnt, 'usr_bin_cp.yaml'), 'utf8'), /path: "\/srv\/in\/\*\.c"\n/);
});

t.test(
  'a full disk keeps the policy for another time, whole',
  { skip: process.geteuid?.() !== 0 && 'takes root' },
  async (t) => {
    const { folder, host } = fakeHost(t);
    mkdirSync(host.run, { mode: 0o700 });
    const learnt = join(folder, 'learnt');
    mkdirSync(learnt);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0755', 'none', learnt]);
    t.teardown(() => execFileSync('umount', [learnt]));
    const journal = Journal.create(host, {
      ...{ v: 1, type: 'learner', session: 'cp-1', started: '2026-11-25T10:00:00.000Z', command: ['cp'] },
      ...{ folder: learnt, user: null, cwd: '/', program: '/usr/bin/cp' },
    });
    journal.take([
      lineOfRecord(seen('read', '/srv/in/harbour.c', { policy: '/usr/bin/cp', exe: '/usr/bin/cp', seq: 1 })),
    ]);
    journal.close();
    t.throws(() => writeFileSync(join(learnt, 'filler'), Buffer.alloc(128 << 10)), { code: 'ENOSPC' });
    const before = readFileSync(journalFile(host, 'cp-1'), 'utf8');

    const full = await recover(host, () => undefined);
    t.same(
      full.results.map(({ policies, unwritten }) => [policies, unwritten.map(({ why }) => why)]),
      [[[], [`${learnt}/usr_bin_cp.yaml: cannot be written (ENOSPC)`]]],
    );
    t.notMatch(full.results.map(renderLearnt).join(''), /^next: /m, 'there is nothing to go on with');
    t.same(readdirSync(learnt), ['filler'], 'nothing half-written');
    t.equal(readFileSync(journalFile(host, 'cp-1'), 'utf8'), before, 'and what was learned is still there');

    unlinkSync(join(learnt, 'filler'));
    const again = await recover(host, () => undefined);
    t.same(
      again.results.map(({ policies, unwritten }) => [policies.length, unwritten]),
      [[1, []]],
    );
    t.match(again.results.map(renderLearnt).join(''), /^next: callgate policy show /m);
    t.match(readFileSync(join(learnt, 'usr_bin_cp.yaml'), 'utf8'), /harbour\.c/);
  },
);

t.test(
  'a disk that took part of a journal: what that has is recovered, and said to lack something',
  { skip: process.geteuid?.() !== 0 && 'takes root' },
  async (t) => {
    const { folder, host } = fakeHost(t);
    for (const one of [host.run, host.journals]) mkdirSync(one, { mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=0700', 'none', host.journals]);
    t.teardown(() => execFileSync('umount', [host.journals]));
    const learnt = join(folder, 'learnt');
    const journal = Journal.create(host, {
      ...{ v: 1, type: 'learner', session: 'cp-1', started: '2026-11-25T10:00:00.000Z', command: ['cp'] },
      ...{ folder: learnt, user: null, cwd: '/', program: '/usr/bin/cp' },
    });
    const sink = new JournalSink(journal);
    const cp = { policy: '/usr/bin/cp', exe: '/usr/bin/cp' };
    sink.records([lineOfRecord(seen('read', '/srv/first', { ...cp, seq: 1 }))]);
    const filler = join(host.journals, 'filler');
    t.throws(() => writeFileSync(filler, Buffer.alloc(128 << 10)), { code: 'ENOSPC' });
    const more = Array.from({ length: 50 }, (_, at) => seen('read', `/srv/more-${at}`, { ...cp, seq: at + 2 }));
    sink.records(more.map(lineOfRecord));
    t.equal(sink.failure, `${journal.file}: ENOSPC`);
    sink.close();
    t.equal(sink.failure, null, 'the next line tells it, and it alone');
    t.throws(() => journal.close(), {
      message: `${journal.file}: the journal cannot be written (ENOSPC); what it holds up to there is kept`,
      remedy:
        `make room (df ${journal.file}), then callgate learn --recover: ` +
        'it makes the policies of what the journal holds, and says what they may lack (TAINTED)',
    });
    t.throws(() => Journal.mark(journal.file, 'callgate learn --recover'), {
      message: `${journal.file}: the policies are written, and the journal cannot be marked so (ENOSPC)`,
      remedy: `make room (df ${journal.file}); until then callgate learn --recover writes them again`,
    });
    unlinkSync(filler);
    const { results } = await recover(host, () => undefined);
    t.same(
      results.map(({ certificate: { losses } }) => losses),
      [
        [
          { what: 'lines that cannot be read', count: 1 },
          { what: 'journal that nobody finished', count: 1 },
        ],
      ],
    );
    t.match(readFileSync(join(learnt, 'usr_bin_cp.yaml'), 'utf8'), /path: \/srv\/first\n|- \/srv\/first\n/);
  },
);

t.test('a kept run that is damaged: found before a program is run, and at the end the new run is kept', async (t) => {
  const { host, addon } = fakeHost(t);
  mkdirSync(host.run, { mode: 0o700 });
  const learnt = join(host.policies, 'worker');
  keepRun(host, runOf([seen('read', '/srv/a')], { session: 'worker-1', folder: learnt }));
  const damaged = join(host.journals, 'worker.worker-1.run');
  writeFileSync(damaged, '["o",0,"re\n', { flag: 'a' });

  const request = { host, folder: learnt } as unknown as Request;
  const voice = new Voice(addon);
  const around = surroundingsOf({ name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh' }, '/', []);
  await t.rejects(learn(request, around, voice), {
    message: `${damaged}: 1 line cannot be read`,
    remedy: 'callgate learn forget worker-1, and learn it again',
    exit: 125,
  });
  await voice.close();
  t.equal(addon.gate, null, 'nothing was begun');

  const journal = Journal.create(host, {
    ...{ v: 1, type: 'learner', session: 'worker-2', started: '2026-11-25T10:00:00.000Z', command: ['worker'] },
    ...{ folder: learnt, user: null, cwd: '/', program: '/srv/bin/worker' },
  });
  journal.take([lineOfRecord(seen('read', '/srv/b', { session: 'worker-2' }))]);
  journal.close();
  const { results, failed } = await recover(host, () => undefined);
  t.same(results, []);
  t.same(failed, [
    `worker-2: ${damaged}: 1 line cannot be read; the new run worker-2 is kept, and its policies are not written yet ` +
      '(callgate learn forget worker-1, then callgate learn --recover)',
  ]);
  forget(host, 'worker-1', () => around);
  const again = await recover(host, () => undefined);
  t.same([again.results.map(({ policies }) => policies.length), again.failed], [[1], []]);
  t.match(readFileSync(join(learnt, 'srv_bin_worker.yaml'), 'utf8'), /path: \/srv\/b\n/);
  t.equal(readJournal(journal.file).written, true);
});
