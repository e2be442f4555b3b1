// SPDX-License-Identifier: GPL-2.0-only
/** What systrace -A writes of a journal, and of one that a killed systrace left. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Journal, type JournalHeader, scanJournal } from '../../src/audit/journal.js';
import { lineOfRecord } from '../../src/audit/sink.js';
import { concludeClassic, recoverClassic } from '../../src/classic/conclude.js';
import type { EventRecord } from '../../src/events/record.js';
import type { Host } from '../../src/host/host.js';
import { recover } from '../../src/training/recover.js';
import { fakeHost } from '../session/fake-host.js';

interface Stage {
  readonly root: string;
  readonly host: Host;
  /** Lines of a file that are no permit without a condition. */
  telling(file: string): string[];
  journal(records: readonly Partial<EventRecord>[], classic?: Partial<NonNullable<JournalHeader['classic']>>): string;
}

function stage(test: Test): Stage {
  const root = realpathSync(mkdtempSync(join(process.cwd(), '.classic-')));
  test.teardown(() => rmSync(root, { recursive: true, force: true }));
  const { host } = fakeHost(test);
  let session = 0;
  return {
    root,
    host,
    telling: (file) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .filter(
          (line) => line !== '' && line !== '\t# written by systrace' && !/^\tnative-(?:\w+: permit$|mmap:)/.test(line),
        ),
    journal: (records, classic = {}) => {
      const name = `a-${++session}`;
      const journal = Journal.create(host, {
        ...{ v: 1, type: 'learner', session: name, started: '2026-11-29T04:00:00.000Z', command: ['/srv/a'] },
        ...{ folder: join(root, 'home'), user: null, cwd: '/work', program: '/srv/a' },
        classic: { writes: true, system: join(root, 'etc'), file: null, inherit: false, unaliased: false, ...classic },
      });
      journal.take(records.map((record, index) => lineOfRecord(recordOf(record, index + 1, name))));
      journal.close();
      return join(host.journals, `${name}.journal`);
    },
  };
}

function recordOf(changed: Partial<EventRecord>, seq: number, session: string): EventRecord {
  return {
    ...{ v: 1, seq, time: '2026-11-29T04:00:00.000000Z', session, policy: '/srv/a', digest: 'sha256:0', rule: null },
    ...{ line: null, operation: ['read'], object: '/x', verdict: 'permit', enforced: true, learnt: true },
    ...{ pid: 1, tid: 1, ppid: 1, uid: 0, gid: 0, exe: '/srv/a', comm: 'a', count: 1, ...changed },
  };
}

const SEEN: Partial<EventRecord>[] = [
  { object: '/srv/a.conf' },
  { object: '/srv/key', uid: 1000 },
  { operation: ['exec'], object: '/srv/b' },
  { operation: ['bind'], object: 'tcp:0.0.0.0:8080' },
  { policy: '/srv/b', exe: '/srv/b', operation: ['write', 'create'], object: '/srv/out' },
];
const HEAD = (program: string): string => `Policy: ${program}, Emulation: native`;
const A = [
  HEAD('/srv/a'),
  '\tnative-fsread: filename eq "/srv/a.conf" then permit',
  '\tnative-fsread: filename eq "/srv/key" then permit',
  '\tnative-execve: filename eq "/srv/b" then permit',
  '\tnative-bind: sockaddr eq "inet-[0.0.0.0]:8080" then permit',
];

t.test('one file for each program, its child after its own path', (t) => {
  const { root, telling, journal } = stage(t);
  t.same(concludeClassic(scanJournal(journal(SEEN)), true), [
    '1 journal that nobody finished: what was learned may lack something',
  ]);
  t.same(readdirSync(join(root, 'home')).sort(), ['srv_a', 'srv_b']);
  const told = telling('home/srv_a');
  t.same([told[0], [...told].filter((line) => A.includes(line)).length], [A[0], A.length]);
  t.same(telling('home/srv_b'), [HEAD('/srv/b'), '\tnative-fswrite: filename eq "/srv/out" then permit']);
  t.ok(
    readFileSync(join(root, 'home/srv_a'), 'utf8').includes('\tnative-close: permit\n'),
    'what is not judged is permitted',
  );
  t.end();
});

t.test('behind what is there, whoever wrote it', (t) => {
  const { root, telling, journal } = stage(t);
  mkdirSync(join(root, 'home'), { mode: 0o700 });
  const mine = `# mine\n${HEAD('/srv/a')}\n\tnative-fsread: filename match "/data" then permit\n`;
  writeFileSync(join(root, 'home/srv_a'), mine);
  concludeClassic(scanJournal(journal(SEEN.slice(0, 1))), true);
  t.equal(
    readFileSync(join(root, 'home/srv_a'), 'utf8'),
    `${mine}\t# written by systrace\n\tnative-fsread: filename eq "/srv/a.conf" then permit\n`,
  );
  mkdirSync(join(root, 'etc'));
  const system = `${HEAD('/srv/c')}\n\tnative-fsread: filename eq "/system" then permit\n`;
  writeFileSync(join(root, 'etc/srv_c'), system);
  concludeClassic(scanJournal(journal([{ policy: '/srv/c', object: '/new' }])), true);
  t.same(
    telling('home/srv_c'),
    [...system.trimEnd().split('\n'), '\tnative-fsread: filename eq "/new" then permit'],
    'what the system has would be hidden, so it is taken along',
  );
  t.end();
});

t.test('-i, -u and -U', (t) => {
  const { root, telling, journal } = stage(t);
  concludeClassic(scanJournal(journal(SEEN, { writes: false })), true);
  t.throws(() => readdirSync(join(root, 'home')), { code: 'ENOENT' }, '-U writes nothing');
  concludeClassic(scanJournal(journal(SEEN, { inherit: true, unaliased: true })), true);
  t.same(readdirSync(join(root, 'home')), ['srv_a'], '-i: all is the first program’s');
  const told = telling('home/srv_a');
  t.ok(
    told.includes('\tnative-open: filename eq "/srv/a.conf" and oflags sub "ro" then permit'),
    '-u: by the names of calls',
  );
  t.same(
    told.filter((line) => /fsread|fswrite/.test(line)),
    [],
  );
  t.ok(told.some((line) => line.includes('"/srv/out"')));
  t.end();
});

t.test('what a killed systrace had learned', async (t) => {
  const { root, host, telling, journal } = stage(t);
  const file = journal(SEEN);
  const told: string[] = [];
  await recover(host, (line) => told.push(line));
  t.same(told, [
    'a-1 was learned by systrace: the next systrace -A writes it',
    `${host.journals}: every learner has written its policies`,
  ]);
  recoverClassic(host, (line) => told.push(line));
  t.ok(telling('home/srv_a').includes(A[1] as string));
  t.ok(scanJournal(file).written);
  rmSync(join(root, 'home'), { recursive: true });
  recoverClassic(host, (line) => told.push(line));
  t.throws(() => readdirSync(join(root, 'home')), { code: 'ENOENT' }, 'once');
});
