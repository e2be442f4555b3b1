// SPDX-License-Identifier: GPL-2.0-only
/** Each written rule: what its pattern admits, and what it does not; and from how much it is made. */
import t, { type Test } from 'tap';
import { decide } from '../../src/decide/decide.js';
import { readObject } from '../../src/events/object.js';
import type { EventRecord } from '../../src/events/record.js';
import type { LearnInput, LearntPolicy } from '../../src/learn/input.js';
import { NOWHERE } from '../../src/learn/places.js';
import type { Bytes } from '../../src/policy/bytes.js';
import type { AccessObject } from '../../src/policy/model.js';
import type { Operation } from '../../src/policy/operations.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { aroundOf, learnRuns, runOf, seen } from './build.js';

// Thousands of names, on a machine where others work too.
t.setTimeout(180_000);

type Wanted = readonly (readonly [Operation, string])[];

/** What is learned from runs of these records. */
function learnt(runs: readonly (readonly EventRecord[])[], more: Partial<LearnInput> = {}): LearntPolicy {
  const all = runs.map((records, index) => runOf(records, { session: `worker-${index + 1}` }));
  return learnRuns(all, more)[0] as LearntPolicy;
}

function verdict({ text }: LearntPolicy, operation: Operation, object: string): string {
  const access = { operations: [operation], object: readObject(object) as AccessObject, uid: 0, gid: 0 };
  return decide(parsePolicy(text, 'x.yaml', aroundOf()), access).verdict;
}

function admits(t: Test, policy: LearntPolicy, yes: Wanted, no: Wanted): void {
  for (const [operation, object] of yes)
    t.equal(verdict(policy, operation, object), 'permit', `${operation} ${object}`);
  for (const [operation, object] of no) t.equal(verdict(policy, operation, object), 'deny', `${operation} ${object}`);
}

const reads = (...objects: string[]): EventRecord[] => objects.map((object) => seen('read', object));
const at = (second: number): string => `2026-11-24T10:00:0${second}.000000Z`;

t.test('made names: the shape of what made them, and nothing else', async (t) => {
  const made = (path: string, gone = true): EventRecord[] => [
    seen('create', path, { time: at(1) }),
    seen('write', path, { time: at(2) }),
    ...(gone ? [seen('delete', path, { time: at(3) })] : []),
  ];
  const shapes: readonly (readonly [string, string, string])[] = [
    ['/srv/out/.one.txt.Ab3xYz', '/srv/out/.one.txt.Q9w8E7', '/srv/out/.one.txt.Q9w8E7q'],
    ['/srv/out/tmpab12_x9z', '/srv/out/tmpzz00_a1b', '/srv/out/tmpzz00_a1B'],
    [
      '/srv/out/0f8fad5b-d9cb-469f-a165-70867728950e',
      '/srv/out/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
      '/srv/out/aaaaaaaa',
    ],
    ['/srv/out/lock-0123456789abcdef', '/srv/out/lock-fedcba9876543210', '/srv/out/lock-fedcba987654321'],
    ['/srv/out/worker.812', '/srv/out/worker.99321', '/srv/out/worker.key'],
    ['/srv/out/week-20261103.db', '/srv/out/week-20271231.db', '/srv/out/week-20271231.key'],
    ['/srv/out/log.2026-11-03', '/srv/out/log.2027-01-09', '/srv/out/log.2027-01-9'],
    ['/srv/out/ccNSSSWt.res', '/srv/out/cca1B2c3.res', '/srv/out/cca1B2c3d.res'],
    ['/srv/out/x-1764000000', '/srv/out/x-1999999999', '/srv/out/x-17'],
    ['/srv/out/x.3141592653', '/srv/out/x.27182818', '/srv/out/x.31415926535'],
    ['/srv/out/x.1764000000123', '/srv/out/x.1999999999456', '/srv/out/x.27182818'],
    [
      '/srv/out/.#lk0x00005564b7e1c950.host.812x',
      '/srv/out/.#lk0x0000aaaabbbbcccc.host.9x',
      '/srv/out/.#lk0x1.host.9x',
    ],
  ];
  for (const [name, like, unlike] of shapes) admits(t, learnt([made(name)]), [['create', like]], [['create', unlike]]);
  // Left there: what made it says by O_EXCL that the name was not to be there.
  const kept = (name: string, exclusive: boolean) =>
    learnt([made(`/srv/out/${name}`, false).map((one) => (exclusive ? { ...one, exclusive: true as const } : one))]);
  for (const [name, like] of [
    ['tmpqwertyu1', 'tmpx8f3k_q2'],
    ['deadbee1', '00c0ffee'],
  ] as const) {
    admits(t, kept(name, true), [['create', `/srv/out/${like}`]], [['create', `/srv/out/${like}x`]]);
    admits(t, kept(name, false), [], [['create', `/srv/out/${like}`]]);
  }
  for (const name of ['README', 'report2024', 'chapter'])
    t.notMatch(kept(name, true).text, /pattern by the rule/, `of every file by tar: ${name}`);
  admits(
    t,
    learnt([made('/srv/out/chapter', false)]),
    [['create', '/srv/out/chapter']],
    [['create', '/srv/out/chaptes']],
  );
});

t.test('names made alike: parts that differ become their alphabet and length', async (t) => {
  const make = (...names: string[]) => learnt([names.map((name) => seen('create', `/srv/spool/${name}`))]);
  const spool = make('1xXX92-0000g6-2V-H', '1xXX91-0000g0-1X-H', '1xXX8y-0000fm-1i-H', '1xXX8y-0000fm-1i-D');
  admits(
    t,
    spool,
    [['create', '/srv/spool/1yAB0z-0004Zz-0v-H']],
    [
      ['create', '/srv/spool/1yAB0z-0004Zz-0v-K'],
      ['create', '/srv/spool/1yAB0z-0004Zz-0vx-H'],
      ['create', '/srv/spool/1yAB0z-0004Zz.key'],
      ['read', '/srv/spool/1yAB0z-0004Zz-0v-D'],
    ],
  );
  t.match(spool.text, /"made alike": .*3 names in 1 run that the program made of one build\n/);
  const second = ['285745P2103', '485507P2107', '991525P2112'].map((part) => `1795928735.M${part}.host.example.org`);
  admits(
    t,
    make(...second),
    [['create', '/srv/spool/1795999999.M1P99.host.example.org']],
    [['create', '/srv/spool/1795999999.M1P99.other.example.org']],
  );
  admits(t, make(...second.slice(1)), [], [['create', `/srv/spool/${second[0]}`]]);
  admits(t, make('part-1a', 'part-2b', 'part-3c'), [], [['create', '/srv/spool/part-4d']]);
  admits(t, make('harbour', 'lantern', 'orchard'), [], [['create', '/srv/spool/thistle']]);
  const used = second.map((name) => seen('read', `/srv/spool/${name}`));
  admits(t, learnt([used]), [], [['read', '/srv/spool/1795999999.M1P99.host.example.org']]);
});

t.test('series: digits only, and dates keep their length', async (t) => {
  const hosts = learnt([reads('/srv/host1', '/srv/host2', '/srv/host3')]);
  admits(
    t,
    hosts,
    [
      ['read', '/srv/host7'],
      ['read', '/srv/host12'],
    ],
    [
      ['read', '/srv/host1.key'],
      ['read', '/srv/host'],
      ['read', '/srv/host1a'],
      ['read', '/srv/host12345'],
    ],
  );
  const dates = learnt([reads('/srv/log-20261103.gz'), reads('/srv/log-20261110.gz')]);
  admits(t, dates, [['read', '/srv/log-20270101.gz']], [['read', '/srv/log-2027.gz']]);
  const sockets = ['1', '2', '3'].map((number) => [
    seen('bind', `unix:/srv/run/server-${number}`),
    seen('listen', `unix:/srv/run/server-${number}`),
  ]);
  admits(t, learnt(sockets), [['bind', 'unix:/srv/run/server-4']], [['bind', 'unix:/srv/run/other']]);
  const named = ['harbour', 'lantern', 'meadow'].map((name) => [seen('bind', `unix:/srv/run/${name}`)]);
  admits(t, learnt(named), [['bind', 'unix:/srv/run/meadow']], [['bind', 'unix:/srv/run/pebble']]);
  const two = learnt([reads('/srv/part1', '/srv/part2')]);
  admits(t, two, [['read', '/srv/part2']], [['read', '/srv/part3']]);
  const folders = ['ab', '0c', 'd1', '7f', '3e'].map((name) =>
    seen('create', `/srv/objects/${name}`, { directory: true }),
  );
  admits(t, learnt([folders]), [['create', '/srv/objects/9a']], [['create', '/srv/objects/zz']]);
});

t.test('data folders: names that were new in each of two runs', async (t) => {
  const runs = [
    reads('/srv/in/harbour.txt', '/srv/in/lantern.txt'),
    reads('/srv/in/meadow.txt'),
    reads('/srv/in/orchard.txt'),
  ];
  const policy = learnt(runs);
  admits(
    t,
    policy,
    [['read', '/srv/in/pebble.txt']],
    [
      ['read', '/srv/in/pebble.log'],
      ['write', '/srv/in/pebble.txt'],
      ['read', '/srv/in/sub/pebble.txt'],
      ['read', '/srv/in/my_secret.txt'],
      ['read', '/srv/other/pebble.txt'],
    ],
  );
  t.match(policy.text, /# pattern by the rule "data folder": 4 names in 3 runs, all new in each\n/);
  admits(t, learnt(runs.slice(0, 1)), [['read', '/srv/in/harbour.txt']], [['read', '/srv/in/pebble.txt']]);
  const fills = [
    reads('/srv/in/a', '/srv/in/b'),
    reads('/srv/in/a', '/srv/in/b', '/srv/in/c'),
    reads('/srv/in/a', '/srv/in/b', '/srv/in/c', '/srv/in/d'),
  ];
  admits(t, learnt(fills), [['read', '/srv/in/e']], [['read', '/srv/in/host1.key']]);
  const some = [
    reads('/srv/in/a', '/srv/in/b', '/srv/in/c'),
    reads('/srv/in/a', '/srv/in/b'),
    reads('/srv/in/b', '/srv/in/c'),
  ];
  admits(t, learnt(some), [], [['read', '/srv/in/d']]);
});

t.test('data folders: listed, and the entries then used alike', async (t) => {
  const entries = reads('/srv/in/a', '/srv/in/b');
  admits(
    t,
    learnt([[seen('list', '/srv/in', { directory: true }), ...entries]]),
    [['read', '/srv/in/c']],
    [['read', '/srv/in/id_rsa']],
  );
  admits(t, learnt([entries]), [], [['read', '/srv/in/c']]);
  const child = { policy: '/srv/bin/zchild', exe: '/srv/bin/zchild' };
  const told = [seen('list', '/srv/in', { directory: true }), ...entries.map((record) => ({ ...record, ...child }))];
  admits(t, learnRuns([runOf(told)])[1] as LearntPolicy, [['read', '/srv/in/c']], [['write', '/srv/in/c']]);
  const unlike = [seen('list', '/srv/in', { directory: true }), seen('read', '/srv/in/a'), seen('write', '/srv/in/b')];
  admits(t, learnt([unlike]), [], [['read', '/srv/in/c']]);
});

t.test('data folders: two files of it stood on the command line', async (t) => {
  const given = (
    named: readonly string[],
    records: readonly EventRecord[],
    strength: 'exact' | 'balanced' = 'balanced',
  ) => learnRuns([runOf(records, { named })], { strength })[0] as LearntPolicy;
  const two = ['/srv/in/harbour.bc', '/srv/in/lantern.bc'];
  const policy = given(two, reads(...two));
  admits(
    t,
    policy,
    [['read', '/srv/in/meadow.bc']],
    [
      ['read', '/srv/in/meadow'],
      ['write', '/srv/in/meadow.bc'],
      ['read', '/srv/in/sub/meadow.bc'],
      ['read', '/srv/in/password.bc'],
    ],
  );
  t.match(policy.text, /"data folder": 2 names in 1 run, they stood on the command line, and were used alike\n/);
  admits(t, given(two, reads('/srv/in/harbour.bc', '/srv/in/other.bc')), [], [['read', '/srv/in/meadow.bc']]);
  admits(
    t,
    given(two, [seen('read', two[0] as string), seen('write', two[1] as string)]),
    [],
    [['read', '/srv/in/x.bc']],
  );
  admits(t, given(two, reads(...two), 'exact'), [], [['read', '/srv/in/meadow.bc']]);
  const nameless = two.map((path) => path.replace('.bc', ''));
  admits(t, given(nameless, reads(...nameless)), [], [['read', '/srv/in/meadow']]);
  const three = [...nameless, '/srv/in/orchard'];
  admits(t, given(three, reads(...three)), [['read', '/srv/in/meadow']], [['read', '/srv/in/meadow.key']]);
  const unlike = ['/srv/in/app.conf', '/srv/in/pass.txt'];
  admits(t, given(unlike, reads(...unlike)), [], [['read', '/srv/in/other.txt']]);
  const home = two.map((path) => path.replace('/srv/in', '/home/somebody'));
  admits(t, given(home, reads(...home)), [], [['read', '/home/somebody/meadow.bc']]);
});

t.test('data folders: the folder stood in a configuration file', async (t) => {
  const configured = (folder: string, records: readonly EventRecord[]) =>
    learnRuns([runOf(records, { configured: [folder] })])[0] as LearntPolicy;
  const pages = reads('/srv/www/harbour.html', '/srv/www/lantern.html');
  const policy = configured('/srv/www', pages);
  admits(
    t,
    policy,
    [['read', '/srv/www/x.html']],
    [
      ['read', '/srv/www/x.key'],
      ['read', '/srv/www/.ssh/x.html'],
    ],
  );
  t.match(
    policy.text,
    /"data folder": 2 names in 1 run, the folder stood in a configuration file, and they were used alike\n/,
  );
  admits(t, configured('/srv/www', pages.slice(1)), [], [['read', '/srv/www/x.html']]);
  // What is everybody's says nothing about the folders in it.
  admits(t, configured('/srv', pages), [], [['read', '/srv/www/x.html']]);
});

t.test('derived names: made alike from what was given or listed', async (t) => {
  const given = ['/srv/in/harbour.txt', '/srv/in/lantern.txt'];
  const make = (...paths: string[]) => paths.flatMap((path) => [seen('create', path), seen('write', path)]);
  const policy = (records: readonly EventRecord[], named: readonly string[] = given) =>
    learnRuns([runOf([...reads(...given), ...records], { named })])[0] as LearntPolicy;
  const beside = policy(
    make('/srv/in/.harbour.txt.swp', '/srv/in/.lantern.txt.swp', '/srv/out/harbour.o', '/srv/out/lantern.o'),
  );
  admits(
    t,
    beside,
    [
      ['create', '/srv/in/.meadow.txt.swp'],
      ['write', '/srv/out/meadow.o'],
    ],
    [
      ['create', '/srv/in/meadow.swp'],
      ['write', '/srv/out/meadow.so'],
      ['write', '/srv/out/meadow'],
      ['create', '/srv/in/meadow.txt'],
    ],
  );
  t.match(
    beside.text,
    /"derived name": .*2 names in 1 run, made alike from names that the program was given or listed\n/,
  );
  const anew = policy(make(...given, '/srv/in/harbour.txt~', '/srv/in/lantern.txt~'));
  admits(t, anew, [['create', '/srv/in/meadow.txt~']], [['create', '/srv/in/meadow.log~']]);
  const no: Wanted = [['write', '/srv/out/meadow.o']];
  admits(t, policy(make('/srv/out/harbour.o')), [], no);
  admits(t, policy(make('/srv/out/harbour.o', '/srv/out/pebble.o')), [], no);
  admits(t, policy(make('/srv/out/harbours.o', '/srv/out/lanterns.o')), [], [['write', '/srv/out/meadows.o']]);
  admits(t, policy(make('/srv/out/harbour.o', '/srv/out/lantern.o'), []), [], no);
  admits(t, policy([seen('write', '/srv/out/harbour.o'), seen('write', '/srv/out/lantern.o')]), [], no);
  const keys = policy(make('/srv/out/harbour.key', '/srv/out/lantern.key'));
  admits(t, keys, [['write', '/srv/out/harbour.key']], [['write', '/srv/out/meadow.key']]);
  admits(t, policy(make('/tmp/harbour.o', '/tmp/lantern.o')), [], [['write', '/tmp/meadow.o']]);
});

t.test('ports by chance: bound as 0, or those of clients that a server answers', async (t) => {
  const answers = (...ports: number[]) => ports.map((port) => seen('send', `udp:192.0.2.1:${port}`));
  const serves = seen('bind', 'udp:192.0.2.9:53');
  admits(
    t,
    learnt([[serves, ...answers(40001, 50002)]]),
    [['send', 'udp:192.0.2.1:60000']],
    [
      ['send', 'udp:192.0.2.1:1024'],
      ['send', 'udp:192.0.2.2:60000'],
      ['connect', 'udp:192.0.2.1:60000'],
      ['send', 'sctp:192.0.2.1:60000'],
    ],
  );
  const no: Wanted = [['send', 'udp:192.0.2.1:60000']];
  admits(t, learnt([[serves, ...answers(40001)]]), [['send', 'udp:192.0.2.1:40001']], no);
  admits(t, learnt([answers(40001, 50002)]), [], no);
  admits(t, learnt([[serves, ...answers(1001, 1002)]]), [], no);
});

t.test('numbered names: a number of a name that was chosen and made', async (t) => {
  const run = (record: EventRecord, header: object) => learnRuns([runOf([record], header)])[0] as LearntPolicy;
  const out = run(seen('create', '/srv/out/program-1'), { named: ['/srv/out/program-1'] });
  admits(
    t,
    out,
    [['create', '/srv/out/program-42']],
    [
      ['create', '/srv/out/program-x'],
      ['create', '/srv/out/program-1.key'],
      ['create', '/srv/out/program-1234'],
    ],
  );
  const socket = run(seen('bind', 'unix:/srv/run/server-1'), { command: ['tmux', '-L', 'server-1'] });
  admits(t, socket, [['bind', 'unix:/srv/run/server-7']], [['bind', 'unix:/srv/run/server-x']]);
  for (const [name, header] of [
    ['program-1', {}],
    ['libz.so.1', { named: ['/srv/out/libz.so.1'] }],
    ['python3.11', { named: ['/srv/out/python3.11'] }],
    ['utf8', { named: ['/srv/out/utf8'] }],
  ] as const)
    admits(
      t,
      run(seen('create', `/srv/out/${name}`), header),
      [],
      [['create', `/srv/out/${name.replace(/1$|8$/, '2')}`]],
    );
  admits(t, run(seen('write', '/srv/out/part-1'), { named: ['/srv/out/part-1'] }), [], [['write', '/srv/out/part-2']]);
});

t.test('dated names: the file of a day that stood on the command line', async (t) => {
  const run = (
    path: string,
    named: readonly string[],
    operation: Operation = 'read',
    strength: 'balanced' | 'exact' = 'balanced',
  ) => learnRuns([runOf([seen(operation, path)], { named })], { strength })[0] as LearntPolicy;
  const [patch, week] = ['/srv/in/week-20261103.patch', '/srv/in/2026-11-03.csv'];
  admits(
    t,
    run(patch, [patch]),
    [['read', '/srv/in/week-20270110.patch']],
    [
      ['read', '/srv/in/week-x.patch'],
      ['read', '/srv/in/week-20270110.key'],
      ['read', '/srv/in/week-202701101.patch'],
      ['read', '/srv/other/week-20270110.patch'],
      ['write', '/srv/in/week-20270110.patch'],
    ],
  );
  t.match(run(patch, [patch]).text, /# pattern by the rule "dated name"\n/);
  admits(t, run(week, [week]), [['read', '/srv/in/2027-01-10.csv']], [['read', '/srv/in/20270110.csv']]);
  // Not given, no day, a folder of the day, what is run, and by names alone.
  admits(t, run(patch, []), [], [['read', '/srv/in/week-20270110.patch']]);
  admits(t, run(patch, ['/srv/in']), [], [['read', '/srv/in/week-20270110.patch']]);
  admits(t, run('/srv/in/week-20261399', ['/srv/in/week-20261399']), [], [['read', '/srv/in/week-20270110']]);
  admits(t, run(`/srv/20261103/in`, ['/srv/20261103']), [], [['read', '/srv/20270110/in']]);
  admits(t, run(patch, [patch], 'exec'), [['exec', patch]], [['exec', '/srv/in/week-20270110.patch']]);
  admits(t, run(patch, [patch], 'read', 'exact'), [], [['read', '/srv/in/week-20270110.patch']]);
  // Relative to where the program went by itself.
  const elsewhere = runOf(reads(patch), { command: ['patch', '-d', 'tree', '-i', '../in/week-20261103.patch'] });
  admits(t, learnRuns([elsewhere])[0] as LearntPolicy, [['read', '/srv/in/week-20270110.patch']], []);
  const key = '/srv/in/secret-20261103';
  admits(t, run(key, [key]), [['read', key]], [['read', '/srv/in/secret-20270110']]);
});

t.test('data folders: all below only where depths differ, and never what is run or linked', async (t) => {
  const run = (one: string, two: string): EventRecord[] => [...reads(`/srv/in/${one}`), ...reads(`/srv/in/${two}/x`)];
  admits(
    t,
    learnt([run('a', 'b'), run('c', 'd')]),
    [
      ['read', '/srv/in/e'],
      ['read', '/srv/in/e/f/g'],
    ],
    [
      ['read', '/srv/in'],
      ['read', '/srv/in/e/.ssh/g'],
    ],
  );
  const flat = learnt([reads('/srv/in/a/x', '/srv/in/b/x'), reads('/srv/in/c/x', '/srv/in/d/x')]);
  admits(t, flat, [['read', '/srv/in/e/x']], [['read', '/srv/in/e/y']]);
  const runs = ['a', 'b', 'c'].map((name) => [
    seen('read', `/srv/in/${name}`),
    seen('exec', `/srv/in/${name}`),
    seen('load', `/srv/in/${name}`),
  ]);
  admits(
    t,
    learnt(runs),
    [['read', '/srv/in/d']],
    [
      ['exec', '/srv/in/d'],
      ['load', '/srv/in/d'],
    ],
  );
});

t.test("folders that are everybody's are never named as a whole", async (t) => {
  for (const folder of ['/etc', '/usr', '/tmp', '/run', '/root', '/home/somebody', '/var/tmp', '/usr/bin', '']) {
    const runs = [
      reads(`${folder}/harbour`, `${folder}/lantern`),
      reads(`${folder}/meadow`),
      reads(`${folder}/orchard`),
    ];
    admits(
      t,
      learnt(runs, { machine: { ...NOWHERE, homes: ['/root'] } }),
      [['read', `${folder}/meadow`]],
      [['read', `${folder}/pebble`]],
    );
  }
});

t.test('outside of data folders no pattern admits more than twice what was seen', async (t) => {
  const runs = [reads('/etc/app/a.conf', '/etc/app/b.conf'), reads('/etc/app/c.conf'), reads('/etc/app/d.conf')];
  const machine = (count: number) => ({
    ...NOWHERE,
    entries: () => Array.from({ length: count }, (_, index) => `x${index}.conf` as Bytes),
  });
  admits(t, learnt(runs, { machine: machine(8) }), [['read', '/etc/app/e.conf']], []);
  admits(t, learnt(runs, { machine: machine(9) }), [], [['read', '/etc/app/e.conf']]);
});

t.test('packages: what one package alone owns, for reading, and where most of it was seen', async (t) => {
  const folder = '/usr/share/app';
  const names = ['a.dat', 'b.dat', 'c.dat', 'README'];
  const machine = (owner: string | null, files: readonly string[] = names) => ({
    ...NOWHERE,
    owner: (path: string) => (path === folder ? owner : null),
    entries: () => files as readonly Bytes[],
  });
  const used = reads(`${folder}/a.dat`, `${folder}/b.dat`);
  const policy = learnt([used], { machine: machine('app-data') });
  admits(
    t,
    policy,
    [['read', `${folder}/new.dat`]],
    [
      ['write', `${folder}/new.dat`],
      ['read', `${folder}/README`],
      ['read', `${folder}/sub/new.dat`],
      ['read', `${folder}/password.dat`],
    ],
  );
  t.match(policy.text, /"package": 2 names in 1 run, of the package app-data\n/);
  const no: Wanted = [['read', `${folder}/new.dat`]];
  admits(t, learnt([used], { machine: machine(null) }), [], no);
  admits(t, learnt([used], { machine: machine('app-data', [...names, 'd.dat']) }), [], no);
  admits(t, learnt([used.slice(1)], { machine: machine('app-data') }), [], no);
  const run = ['a.dat', 'b.dat'].map((name) => seen('exec', `${folder}/${name}`));
  admits(t, learnt([[...used, ...run]], { machine: machine('app-data') }), [], [['exec', `${folder}/new.dat`]]);
  admits(t, learnt([used], { machine: machine('app-data'), strength: 'exact' }), [], no);
});

t.test('own output: what it made and left behind it may replace', async (t) => {
  const make = (path: string): EventRecord[] => [
    seen('create', path, { time: at(1) }),
    seen('write', path, { time: at(2) }),
  ];
  admits(
    t,
    learnt([make('/srv/out/one')]),
    [
      ['delete', '/srv/out/one'],
      ['read', '/srv/out/one'],
    ],
    [
      ['delete', '/srv/out/two'],
      ['chmod', '/srv/out/one'],
    ],
  );
  admits(t, learnt([[seen('create', '/srv/out/sub', { directory: true })]]), [], [['delete', '/srv/out/sub']]);
  admits(
    t,
    learnt([make('/srv/out/one')], { strength: 'exact' }),
    [['write', '/srv/out/one']],
    [['delete', '/srv/out/one']],
  );
});

t.test("versions: the interface of a library stays, and so do interpreters' files", async (t) => {
  admits(
    t,
    learnt([[seen('load', '/opt/lib/libz.so.1.2.13'), ...reads('/usr/lib/python3.11/json/decoder.py')]]),
    [
      ['load', '/opt/lib/libz.so.1.3'],
      ['read', '/usr/lib/python3.13/json/decoder.py'],
    ],
    [
      ['load', '/opt/lib/libz.so.2.0'],
      ['load', '/opt/lib/libz.so.1.key'],
      ['read', '/usr/lib/python3.13/json/encoder.py'],
      ['read', '/usr/lib/perl3.11/json/decoder.py'],
    ],
  );
});

t.test('devices and processes', async (t) => {
  admits(
    t,
    learnt([[seen(['read', 'write'], '/dev/pts/3'), ...reads('/proc/77/stat')]]),
    [
      ['write', '/dev/pts/12'],
      ['read', '/proc/4711/stat'],
    ],
    [
      ['write', '/dev/pts/ptmx'],
      ['read', '/proc/4711/environ'],
      ['read', '/proc/x/stat'],
    ],
  );
});

t.test('how far: exact, balanced, broad', async (t) => {
  const series = [reads('/srv/part1', '/srv/part2')];
  admits(t, learnt(series, { strength: 'broad' }), [['read', '/srv/part3']], [['read', '/srv/part3.key']]);
  const data = [reads('/srv/in/a'), reads('/srv/in/b'), reads('/srv/in/c')];
  admits(t, learnt(data, { strength: 'exact' }), [['read', '/srv/in/a']], [['read', '/srv/in/d']]);
  const named = (strength: 'balanced' | 'broad', path: string, ...names: string[]) =>
    learnRuns([runOf(reads(...names), { named: [path] })], { strength })[0] as LearntPolicy;
  admits(
    t,
    named('balanced', '/srv/in', '/srv/in/a', '/srv/in/b'),
    [['read', '/srv/in/d']],
    [['read', '/srv/in/.env']],
  );
  admits(t, named('balanced', '/srv/in', '/srv/in/a'), [['read', '/srv/in/a']], [['read', '/srv/in/d']]);
  admits(t, named('broad', '/srv/in', '/srv/in/a'), [['read', '/srv/in/d']], [['read', '/srv/in/.env']]);
  admits(t, named('broad', '/srv/in/a', '/srv/in/a', '/srv/in/b'), [['read', '/srv/in/a']], [['read', '/srv/in/d']]);
});

t.test('many names of a folder are one pattern, and said', async (t) => {
  const records = (folder: string): EventRecord[] =>
    reads(
      ...Array.from(
        { length: 2_500 },
        (_, number) => `${folder}/${String.fromCharCode(97 + (number % 26))}${number.toString(36)}x`,
      ),
    );
  const policy = learnt([records('/srv/many')]);
  admits(t, policy, [['read', '/srv/many/anything']], [['read', '/srv/many/host.key']]);
  t.match(policy.text, /# pattern by the rule "data folder": .*500 attempts on more names than are kept\n/);
  const closed = learnt([records('/tmp')]);
  t.same(closed.unfolded, ['read of 500 more names below /tmp']);
  t.match(closed.text, /^# not learned: read of 500 more names below \/tmp$/m);
  const series = learnt([['1', '2', '3'].flatMap((number) => records(`/srv/many/week${number}`))]);
  admits(t, series, [['read', '/srv/many/week17/anything']], [['read', '/srv/many/weekend/anything']]);
});
