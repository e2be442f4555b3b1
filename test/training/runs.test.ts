// SPDX-License-Identifier: GPL-2.0-only
/** Runs are kept, policies are derived from all of them each time anew, and what a person wrote stays where it stands. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { surroundingsOf } from '../../src/application/surroundings.js';
import { renderDerived } from '../../src/cli/learn.js';
import type { EventRecord } from '../../src/events/record.js';
import type { Host } from '../../src/host/host.js';
import { type RunHeader, runLines } from '../../src/learn/run.js';
import { type Derived, derive } from '../../src/training/conclude.js';
import { forget, intersect, learnStatus, merge } from '../../src/training/manage.js';
import { keepRun, readRunFile, runsOf } from '../../src/training/runs.js';
import { runOf, seen } from '../learn/build.js';
import { fakeHost } from '../session/fake-host.js';

const around = surroundingsOf({ name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh' }, '/', []);

interface Place {
  readonly host: Host;
  readonly folder: string;
  readonly file: string;
  readonly text: () => string;
  /** Keeps a run of these records, and derives. */
  readonly learn: (session: string, ...records: EventRecord[]) => Derived;
}

function place(t: Test): Place {
  const { host } = fakeHost(t);
  const folder = join(host.policies, 'worker');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'srv_bin_worker.yaml');
  const learn = (session: string, ...records: EventRecord[]): Derived => {
    keepRun(host, runOf(records, { session, folder }));
    return derive(host, folder, around, null);
  };
  return { host, folder, file, learn, text: () => readFileSync(file, 'utf8') };
}

const reads = (...objects: string[]): EventRecord[] => objects.map((object) => seen('read', object));

/** The rules of a text, without the comments above them. */
const rules = (text: string): string =>
  text
    .slice(text.indexOf('rules:'))
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n');

t.test('a run is read back as it was kept', async (t) => {
  const { host, folder } = place(t);
  const records = [
    ...reads('/srv/a', '/srv/b\\x0ac'),
    seen('connect', 'tcp:192.0.2.1:443', { uid: 33 }),
    seen('create', '/srv/worker.812', { pid: 812, owner: 33 }),
    seen('create', '/srv/new', { from: '/srv/old' }),
    seen('write', '/srv/d1e2f3a4', { created: true, exclusive: true }),
    seen('list', '/srv', { directory: true }),
  ];
  const run = runOf(records, { folder, named: ['/srv'], given: { '/usr/bin/cp': ['/srv/a'] } });
  keepRun(host, run);
  const [kept] = runsOf(host, folder);
  t.same(kept?.header, run.header);
  t.same([...runLines(readRunFile(kept?.file ?? ''))], [...runLines(run)]);
  t.same(
    kept?.observations.moves().map(({ fromText }) => fromText),
    ['/srv/old'],
  );
});

t.test('a second run derives all statements anew', async (t) => {
  const { learn, text } = place(t);
  learn('worker-1', ...reads('/srv/in/harbour.txt', '/srv/stays'));
  t.match(rules(text()), /- \/srv\/in\/harbour\.txt\n/);
  t.match(text(), /; 1 run: what another would show is not known\n/);
  learn('worker-2', ...reads('/srv/in/lantern.txt', '/srv/in/meadow.txt', '/srv/stays'));
  t.notMatch(rules(text()), /harbour/, 'the name has become one of many');
  t.match(rules(text()), /path: "\/srv\/in\/\*\.txt"\n/);
  t.match(rules(text()), /path: \/srv\/stays\n/);
  t.equal(text().match(/^# learned /gm)?.length, 1, 'one certificate, for all runs');
  t.match(text(), /2 runs: the last showed 0 of 2 for the first time, the next may show none\n/);
});

t.test('what a session complained of counts, though it was no whole run', async (t) => {
  const { host, folder, learn, text } = place(t);
  const complained = (session: string, path: string): void => {
    const { learnt: _, ...record } = seen('read', path, { verdict: 'deny' });
    keepRun(host, runOf([record], { session, folder, partial: true }, 'complained'));
    derive(host, folder, around, null);
  };
  complained('worker-1', '/srv/c');
  t.match(
    text(),
    /; no whole run \(and 1 observation of partial runs alone\): what a whole one would show is not known\n/,
  );
  learn('worker-2', ...reads('/srv/a', '/srv/b'));
  t.match(text(), /; 1 run \(and 1 observation of partial runs alone\): what another would show is not known\n/);
  learn('worker-3', ...reads('/srv/a', '/srv/b'));
  t.match(
    text(),
    /2 runs: the last showed 0 of 2 for the first time \(and 1 observation of partial runs alone\), the next may show about 0\.5\n/,
  );
  complained('worker-4', '/srv/a');
  t.match(text(), /\(and 1 observation of partial runs alone\)/, 'what a run showed is no more');
});

t.test('what a person wrote or changed is never touched, nor is its place', async (t) => {
  const { learn, text, file } = place(t);
  learn('worker-1', ...reads('/srv/a', '/srv/b'), seen('write', '/srv/w'));
  const first = text();
  const edited = first
    .replace('rules:\n', 'rules:\n  # never this one\n  - deny: read\n    path: /srv/never   # nor so\n')
    .replace(
      '  - permit: write\n    path: /srv/w\n',
      '  - permit: write\n    path: [/srv/w, /srv/mine]   # mine too\n',
    );
  t.not(edited, first);
  writeFileSync(file, `${edited}  # at the end\n  - permit: read\n    path: /srv/extra\n`);
  learn('worker-2', ...reads('/srv/c'));
  for (const line of [
    '  # never this one',
    '    path: /srv/never   # nor so',
    '    path: [/srv/w, /srv/mine]   # mine too',
    '  # at the end',
  ])
    t.equal(
      text()
        .split('\n')
        .filter((one) => one === line).length,
      1,
      line,
    );
  t.same(
    [...rules(text()).matchAll(/\/srv\/[a-z]+/g)].map(([path]) => path),
    ['/srv/never', '/srv/a', '/srv/b', '/srv/c', '/srv/w', '/srv/mine', '/srv/extra'],
    'in their order, and the statements of the learner where they stood',
  );
  const before = text();
  t.same(derivedAdded(learn('worker-2', ...reads('/srv/c'))), [0], 'the same once more changes nothing');
  t.equal(text(), before);
});

const derivedAdded = ({ policies }: Derived): number[] => policies.map(({ added }) => added);

t.test('a denial that a person put at the end keeps what stands before it', async (t) => {
  const { learn, text, file } = place(t);
  learn('worker-1', ...reads('/srv/in/harbour.txt'));
  writeFileSync(file, `${text()}  - deny: read\n    path: "/srv/in/l*"\n`);
  learn('worker-2', ...reads('/srv/in/lantern.txt', '/srv/in/meadow.txt'));
  const [before = '', after = ''] = rules(text()).split('- deny: read\n    path: "/srv/in/l*"\n');
  t.match(before, /path: \/srv\/in\/harbour\.txt\n/);
  t.match(after, /path: "\/srv\/in\/\*\.txt"\n/);
});

t.test("a policy that the learner did not write is a person's whole", async (t) => {
  const { learn, text, file } = place(t);
  writeFileSync(file, 'version: 1\nprogram: /srv/bin/worker\nrules:\n  - permit: read\n    path: /srv/a\n');
  learn('worker-1', ...reads('/srv/a', '/srv/b'));
  t.equal(rules(text()), 'rules:\n  - permit: read\n    path: /srv/a\n  - permit: read\n    path: /srv/b\n');
});

t.test('a run that is forgotten is gone from the policies, and what others saw is not', async (t) => {
  const { host, folder, learn, text } = place(t);
  learn('worker-1', ...reads('/srv/a'));
  learn('worker-2', ...reads('/srv/a', '/srv/accident'));
  t.match(rules(text()), /accident/);
  forget(host, 'worker-2', () => around);
  t.equal(rules(text()), 'rules:\n  - permit: read\n    path: /srv/a\n');
  t.equal(forget(host, 'worker-1', () => around).derived, null, 'the last one changes nothing');
  t.equal(rules(text()), 'rules:\n  - permit: read\n    path: /srv/a\n');
  t.throws(() => forget(host, 'worker-1', () => around), { message: 'worker-1: no such run is kept' });
  t.same(runsOf(host, folder), []);
});

t.test('what at least so many runs showed, and runs of two applications', async (t) => {
  const { host, folder, learn, text } = place(t);
  learn('worker-1', ...reads('/srv/in/harbour.txt', '/srv/a', '/srv/once'));
  learn('worker-2', ...reads('/srv/in/lantern.txt', '/srv/a'));
  intersect(host, folder, around, 2);
  t.notMatch(rules(text()), /once/);
  t.match(rules(text()), /\/srv\/in\/\*\.txt/, 'names of one pattern are one');
  t.throws(() => intersect(host, folder, around, 3), { message: /2 runs of it are kept/ });
  const other = join(host.policies, 'other');
  keepRun(host, runOf(reads('/srv/theirs'), { session: 'other-1', folder: other }));
  merge(host, folder, [other], around, null);
  t.match(rules(text()), /theirs/);
  t.match(rules(text()), /once/);
  t.equal(runsOf(host, other).length, 1, 'the other keeps its own');
});

t.test('how complete it is', async (t) => {
  const { host, folder, learn } = place(t);
  learn('worker-1', ...reads('/srv/a', '/srv/b'));
  learn('worker-2', ...reads('/srv/a', '/srv/c'));
  const { programs, runs } = learnStatus(host, folder, around);
  t.same(
    programs.map(({ completeness }) => ({ ...completeness, once: completeness.once.map(({ text }) => text) })),
    [
      {
        runs: 2,
        byRun: [
          { seen: 2, fresh: 2 },
          { seen: 2, fresh: 1 },
        ],
        seen: 3,
        once: ['/srv/b', '/srv/c'],
        complained: 0,
        expected: 1,
      },
    ],
  );
  t.same(
    runs.map(({ session, tainted }) => [session, tainted]),
    [
      ['worker-1', false],
      ['worker-2', false],
    ],
  );
});

t.test('there are never too many runs, and none is lost', async (t) => {
  const { host, folder } = place(t);
  for (let number = 1; number <= 26; number++)
    keepRun(host, runOf(reads(`/srv/${number}`), { session: `worker-${number}`, folder }));
  const runs = runsOf(host, folder);
  t.equal(runs.length, 24);
  t.equal(readdirSync(host.journals).filter((name) => name.endsWith('.run')).length, 24);
  t.same(
    runs.flatMap(({ observations }) => observations.all().map(({ text }) => text)).sort(),
    Array.from({ length: 26 }, (_, index) => `/srv/${index + 1}`).sort(),
  );
});

t.test('runs that become one keep what was chosen in each', async (t) => {
  const { host, folder } = place(t);
  const chosen = (number: number): Partial<RunHeader> => ({
    named: ['/srv', `/srv/${number}`],
    ...(number === 2 ? { configured: ['/srv/www'] } : {}),
    ...(number > 2 ? {} : { given: { [`/usr/bin/${number}`]: ['/srv/x'], '/usr/bin/cp': [`/srv/${number}`] } }),
  });
  for (let number = 1; number <= 25; number++)
    keepRun(host, runOf(reads('/srv/a'), { session: `worker-${100 + number}`, folder, ...chosen(number) }));
  const [oldest, next] = runsOf(host, folder);
  t.same(oldest?.header.of, ['worker-101', 'worker-102']);
  t.same(oldest?.header.named, ['/srv', '/srv/1', '/srv/2']);
  t.same(oldest?.header.configured, ['/srv/www']);
  t.same(oldest?.header.given, {
    '/usr/bin/1': ['/srv/x'],
    '/usr/bin/2': ['/srv/x'],
    '/usr/bin/cp': ['/srv/1', '/srv/2'],
  });
  t.same([next?.header.named, next?.header.configured, next?.header.given], [['/srv', '/srv/3'], undefined, undefined]);
});

t.test('what is named of the list of sensitive files is told', async (t) => {
  const one = place(t);
  const derived = one.learn(
    'worker-1',
    ...reads('/etc/shadow', '/srv/host.key', '/srv/host.txt'),
    seen('stat', '/etc/gshadow'),
  );
  t.same(
    derived.policies.map(({ sensitive }) => sensitive),
    [['read /etc/shadow', 'read /srv/host.key']],
  );
  t.ok(renderDerived(derived).includes('LOOK AT THIS: it may read /etc/shadow, which policies/sensitive.txt lists'));
  const again = one.learn('worker-2', ...reads('/srv/host.txt'));
  t.same(
    again.policies.map(({ sensitive }) => sensitive),
    [undefined],
    'once: what was there before is no news',
  );
});
