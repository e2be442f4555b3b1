// SPDX-License-Identifier: GPL-2.0-only
/** From events to policies: what was seen is permitted, what was not stays refused, and a person's file stays a person's. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { decide } from '../../src/decide/decide.js';
import { readObject } from '../../src/events/object.js';
import type { EventRecord } from '../../src/events/record.js';
import { certify } from '../../src/learn/certificate.js';
import type { Existing, Group, LearntPolicy } from '../../src/learn/input.js';
import { Observations } from '../../src/learn/observations.js';
import { madeName } from '../../src/learn/rules/made.js';
import { type Run, readRun, runLines } from '../../src/learn/run.js';
import type { AccessObject } from '../../src/policy/model.js';
import type { Operation } from '../../src/policy/operations.js';
import { parseGroup, parsePolicy } from '../../src/policy/parse.js';
import { aroundOf, learnRuns, PROGRAM, ROOT, runOf, seen } from './build.js';

const groupText = (name: string): string => readFileSync(`${ROOT}policies/groups/${name}.yaml`, 'utf8');
const around = aroundOf(groupText);
const groups: Group[] = ['libc', 'locale', 'names', 'tls'].map((name) => ({
  name,
  rules: parseGroup(name, groupText(name), name, around),
}));

function learn(records: readonly EventRecord[], existing: readonly Existing[] = []): LearntPolicy[] {
  const interpreter = (program: string) => (program === '/srv/bin/script' ? '/usr/bin/bash' : undefined);
  return learnRuns([runOf(records)], { existing, groups, around, interpreter });
}

const only = (policies: readonly LearntPolicy[]): LearntPolicy => policies[0] as LearntPolicy;

function verdict(text: string, operation: Operation, object: string, uid = 0): string {
  const access = { operations: [operation], object: readObject(object) as AccessObject, uid, gid: uid };
  return decide(parsePolicy(text, 'x.yaml', around), access).verdict;
}

t.test('what was seen is permitted, its neighbours are not', async (t) => {
  const records = [
    seen('read', '/srv/data/one'),
    seen(['read', 'write'], '/srv/data/two'),
    seen('connect', 'tcp:192.0.2.1:443'),
    seen('bind', 'unix:/run/worker.sock'),
    seen('socket', 'family 2, kind 1, protocol 0'),
    seen('socket', 'family 16, kind 3, protocol 0'),
    seen('exec', '/usr/bin/true'),
    seen('write', 'memfd'),
    seen('stat', '/srv/data'),
    seen('stat', '/srv/other'),
  ];
  const { text } = only(learn(records));
  for (const { operation, object } of records)
    for (const one of operation) t.equal(verdict(text, one, object), 'permit', `${one} ${object}`);
  for (const [operation, object] of [
    ['read', '/srv/data/three'],
    ['write', '/srv/data/one'],
    ['connect', 'tcp:192.0.2.1:444'],
    ['connect', 'tcp:192.0.2.2:443'],
    ['exec', '/usr/bin/false'],
    ['stat', '/srv/another'],
  ] as const)
    t.equal(verdict(text, operation, object), 'deny', `${operation} ${object}`);
  t.notMatch(text, /path: \/srv\/data\n/, 'what a permit implies is not written');
  t.match(text, /policy: own/, 'an exec says what comes after');
});

t.test('groups are taken in where they were used, and what they cover is not written', async (t) => {
  const libc = ['/usr/lib/x86_64-linux-gnu/libc.so.6', '/usr/lib/x86_64-linux-gnu/libm.so.6'];
  const { text, use } = only(learn([...libc.map((file) => seen('load', file)), seen('read', '/etc/passwd')]));
  t.strictSame(use, ['libc']);
  t.notMatch(text, /libm/);
  t.match(text, /\/etc\/passwd/, 'one file of the names group is no use of it');
});

t.test('each written rule: what it admits, and where it keeps away', async (t) => {
  const cases: readonly (readonly [string, EventRecord[], yes: [Operation, string][], no: [Operation, string][]])[] = [
    [
      'process',
      [seen('read', '/proc/77/stat')],
      [['read', '/proc/4711/stat']],
      [
        ['read', '/proc/4711/environ'],
        ['read', '/proc/stat'],
      ],
    ],
    [
      'version',
      [seen('load', '/opt/lib/libz.so.1.2.13')],
      [['load', '/opt/lib/libz.so.1.3']],
      [['load', '/opt/lib/libx.so.1']],
    ],
    [
      'made name',
      [seen('create', '/srv/tmp/sortAb3Xy9'), seen('write', '/srv/tmp/sortAb3Xy9')],
      [
        ['create', '/srv/tmp/sort9ZyQ1a'],
        ['write', '/srv/tmp/sort9ZyQ1a'],
      ],
      [
        ['create', '/srv/tmp/sort9ZyQ1ab'],
        ['create', '/srv/tmp/other'],
      ],
    ],
    ['made name', [seen('create', '/run/worker.812')], [['create', '/run/worker.9']], [['create', '/run/other.812']]],
    [
      'series',
      [1, 2, 3].map((number) => seen('read', `/sys/cpu${number}/freq`)),
      [['read', '/sys/cpu11/freq']],
      [
        ['read', '/sys/cpu11/other'],
        ['read', '/sys/cpux/freq'],
      ],
    ],
  ];
  for (const [name, records, yes, no] of cases) {
    const { text } = only(learn(records));
    t.ok(text.includes(`pattern by the rule "${name}"`), `${name}\n${text}`);
    for (const [operation, object] of yes) t.equal(verdict(text, operation, object), 'permit', `${name}: ${object}`);
    for (const [operation, object] of no) t.equal(verdict(text, operation, object), 'deny', `${name}: ${object}`);
  }
});

t.test('nothing is generalised over what is sensitive, nor from too little', async (t) => {
  for (const records of [
    [seen('read', '/etc/hosts'), seen('read', '/etc/hostname')],
    [1, 2, 3].map((number) => seen('read', `/srv/keys/server${number}.key`)),
    [seen('read', '/proc/77/environ')],
    [1, 2].map((number) => seen('read', `/srv/part${number}`)),
    [seen('read', '/srv/sortAb3Xy9')],
  ]) {
    const { text } = only(learn(records));
    t.notMatch(text, /pattern by the rule/);
    for (const { object } of records) t.equal(verdict(text, 'read', object), 'permit', object);
  }
  t.equal(
    verdict(only(learn([seen('read', '/etc/hosts'), seen('read', '/etc/hostname')])).text, 'read', '/etc/shadow'),
    'deny',
  );
});

t.test('random names are told from names', async (t) => {
  const no = (): boolean => false;
  for (const [name, text] of Object.entries({
    sortAb3Xy9: 'sort[0-9A-Za-z]{6}',
    tmpx8f3k_q2: 'tmp[a-z0-9_]{8}',
    'tmp.aB3dE5gH1j': 'tmp.[0-9A-Za-z]{10}',
    '0123456789abcdef0123': '[0-9a-f]{20}',
    sedx9Qz1B: 'sed[0-9A-Za-z]{6}',
  }))
    t.equal(madeName(name, { removed: false, exclusive: false }, no), text, name);
  for (const name of [
    'report2024',
    'README',
    'index.html',
    'libfoo',
    'MainWindow',
    'data',
    'x86_64-linux-gnu',
    'worker.pid',
  ])
    t.equal(madeName(name, { removed: false, exclusive: false }, no), undefined, name);
});

t.test("an object that one of several users touched is that user's", async (t) => {
  const { text } = only(
    learn([
      seen('read', '/srv/a'),
      seen('read', '/srv/b', { uid: 33 }),
      seen('read', '/srv/both'),
      seen('read', '/srv/both', { uid: 33 }),
    ]),
  );
  t.equal(verdict(text, 'read', '/srv/b', 33), 'permit');
  t.equal(verdict(text, 'read', '/srv/b', 0), 'permit', 'root becomes that user when it likes');
  t.equal(verdict(text, 'read', '/srv/a', 0), 'permit');
  t.equal(verdict(text, 'read', '/srv/a', 33), 'deny');
  t.equal(verdict(text, 'read', '/srv/both', 0), 'permit');
  t.equal(verdict(text, 'read', '/srv/both', 33), 'permit');
  t.match(text, /if: \{user: \[root\]\}/);
});

t.test('a second run keeps what a person wrote, and adds only what is new', async (t) => {
  const person = `# mine
version: 1
program: ${PROGRAM}   # the worker
rules:
- deny: read          # never
  path: /srv/secret
- permit: read
  path: ["/srv/a", "/srv/b"]
`;
  const existing = { file: 'w.yaml', text: person, policy: parsePolicy(person, 'w.yaml', around) };
  const { text, added } = only(learn([seen('read', '/srv/a'), seen('read', '/srv/c')], [existing]));
  t.equal(added.length, 1);
  for (const line of person.split('\n')) t.ok(text.includes(line), line);
  t.equal(verdict(text, 'read', '/srv/c'), 'permit');
  t.equal(verdict(text, 'read', '/srv/secret'), 'deny');
  const again = only(
    learn(
      [seen('read', '/srv/a'), seen('read', '/srv/c')],
      [{ ...existing, text, policy: parsePolicy(text, 'w.yaml', around) }],
    ),
  );
  t.equal(again.added.length, 0, 'the same once more adds nothing');
});

t.test('empty lists of rules can be added to', async (t) => {
  for (const tail of ['rules:\n', 'rules: []\n', 'rules: [{permit: read, path: /x}]\n', 'rules:']) {
    const text = `version: 1\nprogram: ${PROGRAM}\n${tail}`;
    const existing = { file: 'w.yaml', text, policy: parsePolicy(text, 'w.yaml', around) };
    t.equal(verdict(only(learn([seen('read', '/srv/a')], [existing])).text, 'read', '/srv/a'), 'permit', tail);
  }
});

t.test('a script has its interpreter, and children have policies of their own', async (t) => {
  const policies = learn([
    seen('exec', '/srv/bin/script'),
    seen([], '/srv/bin/script', { type: 'exec' }),
    seen('read', '/srv/x', { policy: '/srv/bin/script', exe: '/srv/bin/script' }),
  ]);
  t.strictSame(
    policies.map(({ program }) => program),
    ['/srv/bin/script', PROGRAM],
  );
  t.match(policies[0]?.text ?? '', /interpreter: \/usr\/bin\/bash/);
});

t.test('who runs a program that it holds runs it under its own policy', async (t) => {
  const exec = (object: string): EventRecord => seen('exec', object);
  const told = (object: string, reason: string): EventRecord => ({
    ...seen('exec', object, { reason, verdict: 'deny', errno: 'EACCES' }),
    learnt: undefined as never,
  });
  const run = runOf([
    // The kernel half does not tell who it is now: what it does is its caller's.
    ...[exec('/srv/bin/traced'), told('/srv/bin/traced', 'traced'), seen('read', '/srv/x')],
    ...[exec('/srv/bin/free'), seen([], '/srv/bin/free', { type: 'exec' })],
    ...[exec('/srv/bin/other'), told('/srv/bin/other', 'target'), seen([], '/srv/bin/other', { type: 'exec' })],
  ]);
  // As it is after a run was kept and read again.
  const again = readRun(runLines(run))?.run as Run;
  for (const policies of [learnRuns([run]), learnRuns([again])]) {
    t.same(
      policies.map(({ program }) => program),
      ['/srv/bin/free', '/srv/bin/other', PROGRAM],
      'what runs under its caller’s policy has none',
    );
    const own = parsePolicy(policies[2]?.text ?? '', 'w.yaml', around);
    t.same(
      own.rules
        .filter(({ operations }) => operations.includes('exec'))
        .map(({ objects, transition }) => [
          ...objects.map((object) => 'pattern' in object && object.pattern.text),
          transition,
        ]),
      [
        ['/srv/bin/traced', 'inherit'],
        ['/srv/bin/free', '/srv/bin/other', 'own'],
      ],
    );
    t.equal(verdict(policies[2]?.text ?? '', 'read', '/srv/x'), 'permit');
  }
});

t.test('what an explicit denial refused is told and not learned', async (t) => {
  const observations = new Observations();
  observations.add(
    seen('read', '/srv/secret', { verdict: 'deny', enforced: true, learnt: undefined as never, errno: 'EPERM' }),
    'learnt',
  );
  t.equal(observations.all().length, 0);
  t.equal(observations.refused().length, 1);
});

t.test('a loss taints the certificate', async (t) => {
  const counted = {
    ...{ session: 's', started: '2026-11-24T10:00:00Z', ended: '', events: 1, repeats: 0, learnt: 1 },
    ...{ unresolved: {}, skipped: 0, damaged: 0, floor: {} },
  };
  t.equal(certify({ ...counted, dropped: 0 }).tainted, false);
  t.equal(certify({ ...counted, dropped: 1 }).tainted, true);
  t.equal(certify({ ...counted, dropped: 0, unresolved: { race: 2 } }).tainted, true);
  t.equal(certify({ ...counted, dropped: 0, unresolved: { traced: 2 } }).tainted, false, 'told, and learned');
});

t.test('a policy in any shape has its rules and the new ones, or stays as it is', async (t) => {
  const head = `version: 1\nprogram: ${PROGRAM}\n`;
  const rule = '  - permit: read\n    path: /etc/hostname\n';
  const shapes: Readonly<Record<string, string>> = {
    plain: `${head}rules:\n${rule}`,
    'no line feed at the end': `${head}rules:\n${rule}`.trimEnd(),
    'rules in quotes': `${head}"rules":\n- permit: read\n  path: /etc/hostname\n`,
    'a blank before the colon': `${head}rules :\n- permit: read\n  path: /etc/hostname\n`,
    'single quotes, four blanks': `${head}'rules':\n    - permit: read\n      path: /etc/hostname\n`,
    'the end of the document': `${head}rules:\n${rule}...\n`,
    'its end with a comment': `${head}rules:\n${rule}... # the end\n\n`,
    'its beginning': `---\n${head}rules:\n${rule}`,
    'in braces': `{version: 1, program: ${PROGRAM}, rules: [{permit: read, path: /etc/hostname}]}\n`,
    'in braces over lines': `{\n  version: 1,\n  program: ${PROGRAM},\n  rules: [\n    {permit: read, path: /etc/hostname},\n  ],\n}\n`,
    'in brackets': `${head}rules: [{permit: read, path: /etc/hostname}]\n`,
    'a comment behind': `${head}rules:\n${rule}# the last word\n`,
    'a comment behind, and in front': `${head}# - rules:\nrules: # - these\n  # first\n${rule}    # the last word\n`,
    'a dash on a line of its own': `${head}rules:\n  -\n    permit: read\n    path: /etc/hostname\n`,
    'no rules': `${head}rules:\n`,
    'no rules, null': `${head}rules: null\n`,
    'no rules, ~': `${head}rules: ~\n`,
    'no rules, in brackets': `${head}rules: []\n`,
    'no rules, in brackets and a comment': `${head}rules: [] # none yet\n`,
    'no rules, in braces': `{version: 1, program: ${PROGRAM}, rules: []}\n`,
  };
  for (const [shape, text] of Object.entries(shapes))
    for (const more of [[], [seen('stat', '/etc/passwd')]]) {
      const policy = parsePolicy(text, 'f.yaml', around);
      const learnt = only(learn([seen('read', '/srv/data/one'), ...more], [{ file: 'f.yaml', text, policy }]));
      t.equal(learnt.beside, null, shape);
      t.equal(verdict(learnt.text, 'read', '/srv/data/one'), 'permit', `${shape}: the new`);
      if (more.length > 0) t.equal(verdict(learnt.text, 'stat', '/etc/passwd'), 'permit', `${shape}: the implied`);
      if (policy.rules.length > 0)
        t.equal(verdict(learnt.text, 'read', '/etc/hostname'), 'permit', `${shape}: the old`);
      t.equal(
        parsePolicy(learnt.text, 'f.yaml', around).rules.length,
        policy.rules.length + learnt.added.length,
        shape,
      );
    }
});

t.test('what cannot be added stands beside the policy, which stays as it is', async (t) => {
  // The text is no longer that of the policy: nothing that is made of it can hold.
  const policy = parsePolicy(`version: 1\nprogram: ${PROGRAM}\nrules: []\n`, 'f.yaml', around);
  const text = 'version: 1\nprogram: /srv/bin/other\nrules: []\n';
  const learnt = only(learn([seen('read', '/srv/data/one')], [{ file: 'f.yaml', text, policy }]));
  t.equal(learnt.text, text);
  t.equal(verdict(learnt.beside ?? '', 'read', '/srv/data/one'), 'permit');
});

t.test('by what the kernel acts is never learned, and said', async (t) => {
  const records = [
    seen(['read', 'write'], '/proc/sys/kernel/core_pattern'),
    seen('write', '/sys/fs/cgroup/cpu/a/release_agent'),
    seen('write', '/proc/sys/kernel/panic'),
  ];
  const first = only(learn(records));
  t.same(first.withheld, ['write /proc/sys/kernel/core_pattern', 'write /sys/fs/cgroup/cpu/a/release_agent']);
  t.match(first.text, /^# not learned: write \/proc\/sys\/kernel\/core_pattern \(/m);
  t.equal(verdict(first.text, 'write', '/proc/sys/kernel/core_pattern'), 'deny');
  t.equal(verdict(first.text, 'read', '/proc/sys/kernel/core_pattern'), 'permit');
  t.equal(verdict(first.text, 'write', '/proc/sys/kernel/panic'), 'permit');
  const permitted = `${first.text}  - permit: write\n    path: /proc/sys/kernel/core_pattern\n`;
  const policy = parsePolicy(permitted, 'f.yaml', around);
  const second = only(learn(records, [{ file: 'f.yaml', text: permitted, policy }]));
  t.same(second.withheld, ['write /sys/fs/cgroup/cpu/a/release_agent'], 'what a person permits is not told');
  t.equal(second.text.match(/# not learned: write \/sys\/fs/g)?.length, 1, 'and nothing twice');
  t.equal(verdict(second.text, 'write', '/proc/sys/kernel/core_pattern'), 'permit');
});

t.test('version 2 is learned where it was looked at', async (t) => {
  const records = [
    seen('read', '/srv/jail'),
    seen('capable', 'capability:sys_chroot'),
    seen('chroot', '/srv/jail'),
    seen('capable', 'capability:setuid'),
    seen('setuid', 'uid:33'),
    seen('setuid', 'uid:1000'),
    seen('setgid', 'gid:33'),
    seen('capable', 'capability:net_raw'),
    seen('signal', 'signal:TERM:child'),
    seen('signal', 'signal:TERM:policy'),
    seen('signal', 'signal:HUP:/usr/sbin/nginx'),
    seen('signal', 'signal:34:deleted'),
    seen('namespace', 'namespace:net'),
    seen('kernel', 'kernel:io_uring'),
    seen('kernel', 'kernel:keys'),
    seen('ipc', 'ipc:sem'),
    seen('limit', 'limit:nofile:child'),
    seen('priority', 'priority:nice:/usr/sbin/nginx'),
    seen('ptrace', 'ptrace:attach:/usr/bin/ls'),
    seen('mount', 'mount:tmpfs:/srv/scratch'),
    seen('unmount', 'unmount:tmpfs:/srv/scratch'),
    seen('attribute', 'attribute:times:/srv/a'),
    seen('attribute', 'attribute:user:/srv/a'),
    seen('attribute', 'attribute:flags:tmpfile'),
    seen('ioctl', 'ioctl:TCSETSW:/dev/tty'),
    seen('ioctl', 'ioctl:TIOCSWINSZ:/dev/tty'),
    seen('ioctl', 'ioctl:0x1234:/dev/one'),
    seen('ioctl', 'ioctl:SIOCGIFCONF:socket'),
  ];
  const { text } = only(learnRuns([runOf(records, { version: 2 })], { groups, around }));
  t.match(text, /^version: 2$/m);
  t.match(text, /- permit: chroot\n {4}path: \/srv\/jail\n/);
  t.match(text, /- permit: capable\n {4}capability: net_raw\n/, 'what the others imply is not written');
  t.match(text, /- permit: setuid\n {4}uid: \["1000", "33"\]\n/);
  for (const { operation, object } of records)
    for (const one of operation) t.equal(verdict(text, one, object), 'permit', `${one} ${object}`);
  for (const [operation, object] of [
    ['chroot', '/srv/other'],
    ['capable', 'capability:sys_admin'],
    ['setuid', 'uid:34'],
    ['setgid', 'gid:1000'],
    ['signal', 'signal:KILL:child'],
    ['signal', 'signal:TERM:/usr/sbin/nginx'],
    ['namespace', 'namespace:user'],
    ['kernel', 'kernel:sqpoll'],
    ['ipc', 'ipc:shm'],
    ['limit', 'limit:cpu:child'],
    ['priority', 'priority:io:/usr/sbin/nginx'],
    ['ptrace', 'ptrace:attach:/usr/bin/id'],
    ['mount', 'mount:ramfs:/srv/scratch'],
    ['mount', 'mount:tmpfs:/srv/other'],
    ['unmount', 'unmount:other:/srv/scratch'],
    ['attribute', 'attribute:flags:/srv/a'],
    ['attribute', 'attribute:times:/srv/b'],
    ['ioctl', 'ioctl:TCSETS:/dev/tty'],
    ['ioctl', 'ioctl:TCSETSW:/dev/one'],
    ['ioctl', 'ioctl:SIOCGIFCONF:pipe'],
  ] as const)
    t.equal(verdict(text, operation, object), 'deny', `${operation} ${object}`);
  t.match(text, /- permit: limit\n {4}limit: nofile\n {4}process: child\n/);
  t.match(text, /- permit: attribute\n {4}attribute: \[times, user\]\n {4}path: \/srv\/a\n/, 'of one file together');
  t.match(text, /- permit: ioctl\n {4}command: \[TCSETSW, TIOCSWINSZ\]\n {4}path: \/dev\/tty\n/);
  t.match(text, /- permit: ioctl\n {4}command: "0x1234"\n {4}path: \/dev\/one\n/);
  t.match(text, /- permit: mount\n {4}type: tmpfs\n {4}path: \/srv\/scratch\n/);
  t.match(text, /- permit: signal\n {4}signal: TERM\n {4}process: \[child, policy\]\n/);

  const older = 'version: 1\nprogram: /srv/bin/worker\nrules:\n  - permit: read\n    path: /srv/jail\n';
  const existing = [{ file: '/p/worker.yaml', text: older, policy: parsePolicy(older, '/p/worker.yaml', around) }];
  const kept = only(learnRuns([runOf(records, { version: 2 })], { groups, around, existing }));
  t.same([kept.added, kept.beside], [[], null], 'a policy of version 1 gets nothing that it does not govern');
});
