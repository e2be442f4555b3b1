// SPDX-License-Identifier: GPL-2.0-only
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Case, readCases } from '../../src/application/cases.js';
import { testPolicies } from '../../src/application/tried.js';
import { addressBytes } from '../../src/policy/ip.js';
import { OPERATIONS } from '../../src/policy/operations.js';
import { around } from '../cases.js';

const only = (text: string): Pick<Case, 'access' | 'wanted' | 'section'> | undefined => {
  const { cases, problems } = readCases('cases', text);
  if (problems.length > 0 || cases.length !== 1) return undefined;
  const { access, wanted, section } = cases[0] as Case;
  return { access, wanted, section };
};
const wrong = (text: string): string[] =>
  readCases('cases', text).problems.map(
    ({ line, column, message, remedy }) => `${line}:${column} ${message}; ${remedy}`,
  );

t.test('what a line says', async (t) => {
  t.same(only('permit read /etc/hostname'), {
    access: { operations: ['read'], object: { type: 'path', path: '/etc/hostname' }, uid: 0, gid: 0 },
    wanted: { verdict: 'permit' },
    section: null,
  });
  t.same(only('# of cat\n\nusr_bin_cat\n  deny  write,read\t/a\\x20b gid 2 uid 1 owner 3 errno ENOENT log no\r\n'), {
    access: { operations: ['write', 'read'], object: { type: 'path', path: '/a b' }, uid: 1, gid: 2, owner: 3 },
    wanted: { verdict: 'deny', errno: 'ENOENT', log: false },
    section: 'usr_bin_cat',
  });
  t.same(
    only('permit read /a#b uid 7 # the third, as of today')?.access,
    { operations: ['read'], object: { type: 'path', path: '/a#b' }, uid: 7, gid: 0 },
    'a comment begins with a word',
  );
  t.same(only('permit read /a\\\\xZZ')?.access.object, { type: 'path', path: '/a\\xZZ' }, 'two backslashes are one');
  t.same(only('permit exec /usr/bin/x policy inherit log yes')?.wanted, {
    verdict: 'permit',
    log: true,
    transition: 'inherit',
  });
  t.same(
    only('permit socket family\\x202,\\x20kind\\x201,\\x20protocol\\x200')?.access.object,
    { type: 'family', family: 2, kind: 1, protocol: 0 },
    'as events write it, its spaces too',
  );
  t.same(only('ask connect unix:@x')?.access.object, { type: 'abstract', name: 'x' });
  t.same(
    only('deny connect tcp:0.0.0.0:80')?.access.object,
    { type: 'inet', protocol: 'tcp', address: addressBytes('127.0.0.1'), port: 80 },
    'what the kernel takes it for',
  );
  t.same(
    only('deny bind tcp:0.0.0.0:80')?.access.object,
    { type: 'inet', protocol: 'tcp', address: addressBytes('0.0.0.0'), port: 80 },
    'and is bound to',
  );
});

t.test('whatever has an owner may have one', async (t) => {
  for (const attempt of [
    'signal signal:HUP:/usr/sbin/rsyslogd',
    'limit limit:cpu:child',
    'priority priority:nice:child',
    'ptrace ptrace:read:/usr/bin/x',
    'attribute attribute:times:/x',
    'ioctl ioctl:TCSETS:/dev/tty',
    'mount mount:tmpfs:/mnt/x',
    'ipc ipc:shm',
    'chroot /x',
  ]) {
    t.same(wrong(`permit ${attempt} owner 3`), []);
    t.equal(only(`permit ${attempt} owner 3`)?.access.owner, 3);
  }
});

t.test('what is wrong with one, and where', async (t) => {
  t.same(wrong('permt read /x'), ['1:1 "permt" is no verdict; did you mean permit?']);
  t.same(wrong('x\npermit raed /x'), ['2:8 "raed" is no operation; did you mean read?']);
  t.same(wrong('permit read'), ['1:8 a case has a verdict, operations and an object; write: deny read /etc/shadow']);
  t.same(wrong('permit'), ['1:1 a case has a verdict, operations and an object; write: deny read /etc/shadow']);
  for (const object of ['x', '/a/../b', '/a/', '//a', '/a/.', 'unix:/a/../b', 'tcp:80'])
    t.match(wrong(`permit read ${object}`)[0], /is no object; write an absolute path/, object);
  for (const object of ['/..a', '/a/b..', '/.a', '/']) t.same(wrong(`permit read ${object}`), [], object);
  t.same(wrong('permit read /a\\xZZ'), [
    '1:13 "/a\\xZZ" has a backslash that stands for nothing; write \\x20 for a space, \\\\ for a backslash',
  ]);
  t.match(wrong('permit read tcp:127.0.0.1:80')[0], /is no object of read; operations on sockets are/);
  t.match(wrong('permit connect /x')[0], /is no object of connect; write an address/);
  t.match(wrong('permit read /a b')[0], /^1:16 "b" is none of uid, gid, owner/);
  t.match(wrong('permit read /a uid')[0], /uid has no value/);
  t.match(wrong('permit read /a uid 1 uid 2')[0], /^1:22 uid stands here twice/);
  t.match(wrong('permit read /a uid 4294967296')[0], /is no id/);
  t.match(wrong('permit read /a errno EPERM')[0], /only a denial has an errno/);
  t.match(wrong('deny read /a errno ENOFILE')[0], /is no error name/);
  t.match(wrong('permit read /a policy own')[0], /only a permitted exec/);
  t.match(wrong('permit exec /a policy owm')[0], /did you mean own\?/);
  t.match(wrong('permit connect tcp:127.0.0.1:1 owner 1')[0], /an address has no owner/);
  t.same(wrong('permit setuid uid:5 owner 1'), ['1:27 the object of setuid has no owner; leave it out']);
  t.same(wrong('permit kernel kernel:bpf'), [
    '1:15 "kernel:bpf": no policy permits bpf: with it a program runs code of its own in the kernel, or takes the gate off; leave it out, or run the program under no policy (policy: unconfined)',
  ]);
  t.same(wrong('permit mount foo'), ['1:14 "foo" is no object; write what is mounted, and where: mount:tmpfs:/mnt/x']);
  t.same(wrong('permit zzzzzzzzz /x'), [`1:8 "zzzzzzzzz" is no operation; write ${OPERATIONS.join(', ')}`]);
  t.match(wrong('permit read /a log true')[0], /neither yes nor no/);
});

const POLICY = `version: 1
program: /usr/bin/cat
rules:
  - permit: read
    path: /etc/hostname
  - deny: read
    path: /etc/shadow
    errno: ENOENT
    log: false
  - permit: exec
    path: /usr/bin/x
    policy: inherit
`;

function folder(t: Test, files: Readonly<Record<string, string>>): string {
  const made = mkdtempSync(join(tmpdir(), 'callgate-cases-'));
  t.teardown(() => rmSync(made, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(made, name, '..'), { recursive: true });
    writeFileSync(join(made, name), text);
  }
  return made;
}
const run = (word: string): string[] =>
  testPolicies(word, '/', '/nowhere', around).files.flatMap(({ cases }) =>
    cases.map(({ line, passed, wrong }) => `${line} ${passed ? 'passed' : wrong.join(', ')}`),
  );

t.test('each case passes, and fails where its like is wanted', async (t) => {
  const cases = [
    ['permit read /etc/hostname', 'deny read /etc/hostname', 'it is permitted'],
    ['deny write /etc/hostname', 'permit write /etc/hostname', 'it is denied with EPERM'],
    ['deny read,stat /etc/hostname/x', 'ask read,stat /etc/hostname/x', 'it is denied with EPERM'],
    ['deny read /etc/shadow errno ENOENT', 'deny read /etc/shadow errno EPERM', 'it is denied with ENOENT'],
    ['deny read /etc/shadow log no', 'deny read /etc/shadow log yes', 'it is not logged'],
    [
      'permit exec /usr/bin/x policy inherit',
      'permit exec /usr/bin/x policy own',
      'what it runs has the policy inherit',
    ],
  ] as const;
  for (const [good, bad, why] of cases)
    t.same(run(folder(t, { 'a.yaml': POLICY, cases: `${good}\n${bad}\n` })), ['1 passed', `2 ${why}`]);
});

t.test('a case names what the kernel judges, or holds for both', async (t) => {
  const at = realpathSync(folder(t, { 'real/file': 'x' }));
  symlinkSync('file', `${at}/real/link`);
  symlinkSync('real', `${at}/way`);
  const policy = (path: string): string =>
    `version: 1\nprogram: /usr/bin/cat\nrules:\n  - permit: [read, delete]\n    path: ${path}\n`;
  const behind = `it goes through a link, and the kernel judges resolved paths: write ${at}/real/file`;
  const target = `at ${at}/real/file, to which it is a link, `;
  const results = (path: string): string[] =>
    run(
      folder(t, {
        'a.yaml': policy(path),
        cases: [
          `deny read ${at}/way/file`,
          `permit read ${at}/real/file`,
          `permit read ${at}/real/link`,
          `deny read ${at}/real/link`,
          `permit delete ${at}/real/link`,
        ].join('\n'),
      }),
    );
  t.same(results(`${at}/real/file`), [
    `1 ${behind}`,
    '2 passed',
    '3 it is denied with EPERM',
    `4 ${target}it is permitted`,
    '5 it is denied with EPERM',
  ]);
  t.same(results(`"${at}/real/*"`), [
    `1 ${behind}`,
    '2 passed',
    '3 passed',
    `4 it is permitted, ${target}it is permitted`,
    '5 passed',
  ]);
});

t.test('whose cases they are', async (t) => {
  const other = POLICY.replace('/usr/bin/cat', '/usr/bin/tac').replace('/etc/hostname', '/etc/motd');
  const both = folder(t, {
    'a.yaml': POLICY,
    'b.yaml': other,
    cases: 'a\npermit read /etc/hostname\n/usr/bin/tac\npermit read /etc/motd\ndeny read /etc/hostname\n',
  });
  t.same(run(both), ['2 passed', '4 passed', '5 passed']);
  t.same(run(join(both, 'b.yaml')), ['4 passed', '5 passed'], 'those of one policy');
  t.throws(() => run(join(both, 'c.yaml')), /no file, no folder/);
  writeFileSync(join(both, 'cases'), 'permit read /etc/motd\n');
  t.throws(() => run(both), /cases:1: whose case is this\? there are a\.yaml, b\.yaml/);
  writeFileSync(join(both, 'cases'), 'c\npermit read /etc/motd\n');
  t.throws(() => run(both), /cases:2: there is no policy c beside it/);
});

t.test('folders of folders, and none', async (t) => {
  const all = folder(t, {
    'x/a.yaml': POLICY,
    'x/cases': 'permit read /etc/hostname\n',
    'y/a.yaml': POLICY,
    'y/cases': '\npermit read /etc/hostname\n',
    'z/a.yaml': POLICY,
  });
  t.same(run(all), ['1 passed', '2 passed']);
  for (const word of [join(all, 'z'), join(all, 'z/a.yaml')])
    t.throws(() => run(word), /no cases beside its policies/, word);
  writeFileSync(join(all, 'x/cases'), '# nothing yet\n');
  t.throws(() => run(join(all, 'x')), /no cases beside its policies/);
  symlinkSync('cases', join(all, 'z/cases'));
  t.throws(() => run(all), /z\/cases: a symbolic link; a file of cases is read from the file itself/);
  t.throws(() => run(join(all, 'z')), /a symbolic link; a file of cases/);
});
