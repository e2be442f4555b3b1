// SPDX-License-Identifier: GPL-2.0-only
/** What is suggested: from narrow to wide, each a statement that parses and permits what was asked. */
import t from 'tap';
import { type Asked, proposals } from '../../src/ask/suggest.js';
import { decide } from '../../src/decide/decide.js';
import { readObject } from '../../src/events/object.js';
import { NOTHING_GIVEN } from '../../src/learn/given.js';
import { NOWHERE } from '../../src/learn/places.js';
import type { AccessObject } from '../../src/policy/model.js';
import type { Operation } from '../../src/policy/operations.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { writeStatement } from '../../src/policy/statement.js';
import { around } from '../cases.js';

const asked = (text: string, operations: readonly Operation[], more: Partial<Asked> = {}): Asked => ({
  ...{
    program: '/usr/bin/x',
    operations,
    object: readObject(text) as AccessObject,
    directory: false,
    pid: 812,
    uid: 0,
  },
  ...more,
});
const evidence = (before: readonly Asked[] = [], programs: readonly string[] = [], begun: readonly string[] = []) => ({
  ...{ before, programs, context: { sensitive: [], machine: NOWHERE, given: NOTHING_GIVEN } },
  begins: (program: string) => begun.includes(program),
});
const texts = (one: Asked, ...rest: Parameters<typeof evidence>): [string, string][] =>
  proposals(one, evidence(...rest)).map(({ label, statement }) => [
    label,
    `${statement.objects.join(' ')}${statement.transition === undefined ? '' : ` ${statement.transition}`}`,
  ]);

t.test('a file, a folder, names like others', async (t) => {
  t.same(texts(asked('/srv/a', ['read'])), [
    ['this object', '/srv/a'],
    ['its folder', '/srv/*'],
    ['all below its folder', '/srv/**'],
    ['the whole operation', '/***'],
  ]);
  t.same(texts(asked('/top', ['read'])), [
    ['this object', '/top'],
    ['the whole operation', '/***'],
  ]);
  t.same(texts(asked('/srv/d', ['list'], { directory: true }))[1], ['it and all below it', '/srv/d/***']);
  const numbered = [1, 2, 3].map((number) => asked(`/srv/job-${number}.txt`, ['read']));
  const [, like] = texts(asked('/srv/job-4.txt', ['read']), numbered);
  t.same(like, ['names like it (series)', '/srv/job-[0-9]{1-3}.txt']);
  t.equal(texts(asked('/proc/812/stat', ['read']))[1]?.[0], 'names like it (process)');
});

t.test('an address', async (t) => {
  t.same(texts(asked('tcp:192.0.2.17:443', ['connect'])), [
    ['this object', 'tcp:192.0.2.17:443'],
    ['its network, this port', 'tcp:192.0.2.0/24:443'],
    ['any host, this port', 'tcp:443'],
    ['this host, any port', 'tcp:192.0.2.17:*'],
    ['the whole operation over tcp', 'tcp:*'],
  ]);
  t.equal(texts(asked('tcp:[2001:db8:1:2:3::4]:443', ['connect']))[1]?.[1], 'tcp:[2001:db8:1:2::/64]:443');
  t.same(
    texts(asked('unix:/run/x', ['connect'])).map(([, text]) => text),
    ['unix:/run/x', 'unix:/run/*', 'unix:/run/**', 'unix:/***'],
  );
});

t.test('an exec: under a policy of its own, where it has one or one can be begun', async (t) => {
  const own = 'this program, under a policy of its own';
  const inherit = ['this program, under this policy, with all that this one permits', '/usr/bin/y inherit'] as const;
  const y = asked('/usr/bin/y', ['exec']);
  t.same(texts(y, [], ['/usr/bin/y']).slice(0, 2), [[own, '/usr/bin/y own'], inherit]);
  t.same(texts(y, [], [], ['/usr/bin/y']).slice(0, 2), [
    [`${own}, which begins empty: what it does is asked`, '/usr/bin/y own'],
    inherit,
  ]);
  t.same(
    texts(y, [], [], ['/usr/bin/z']).slice(0, 2),
    [inherit, [`${own} (there is none, and it is refused until there is)`, '/usr/bin/y own']],
    'else own lets nothing run',
  );
});

t.test('a library that is read: with its mapping, by one answer', async (t) => {
  const both = 'this library, to read and to map as code: both questions by one answer';
  for (const name of ['libc.so.6', 'libz.so', 'libpcre2-8.so.0.11.2', '_json.cpython-311-x86_64-linux-gnu.so']) {
    const path = `/usr/lib/${name}`;
    const [first, second] = proposals(asked(path, ['read']), evidence());
    t.same(
      [first, second].map((one) => [one?.label, one?.statement.operations, one?.statement.objects, one?.whole]),
      [
        ['this object', ['read'], [path], false],
        [both, ['read', 'load'], [path], false],
      ],
      name,
    );
  }
  for (const [text, operations] of [
    ['/etc/ld.so.cache', ['read']],
    ['/usr/lib/sound', ['read']],
    ['/usr/lib/libc.so.6', ['load']],
    ['/usr/lib/libc.so.6', ['read', 'write']],
    ['unix:/run/x.so', ['connect']],
  ] as const)
    t.notOk(
      proposals(asked(text, operations), evidence()).some(({ label }) => label === both),
      `${operations} ${text}`,
    );
});

t.test('each permits what was asked, and only the last is the whole operation', async (t) => {
  const all: readonly (readonly [string, readonly Operation[]])[] = [
    ['/srv/a b/[x].txt', ['read', 'write']],
    ['/srv/\\xff', ['delete']],
    ['/usr/bin/y', ['exec']],
    ['tcp:192.0.2.17:443', ['connect']],
    ['udp:[::1]:53', ['send']],
    ['unix:/run/x y', ['connect']],
    ['unix:@name', ['connect']],
    ['unix:', ['connect']],
    ['memfd', ['exec']],
    ['family 16, kind 3, protocol 0', ['socket']],
    ['family 2, kind 1, protocol 0', ['socket']],
  ];
  for (const [text, operations] of all) {
    const one = asked(text, operations);
    const found = proposals(one, evidence());
    t.ok(found.length >= 1 && found.length <= 5, text);
    t.same(
      found.slice(0, -1).filter(({ whole }) => whole),
      [],
    );
    for (const { statement } of found) {
      const policy = parsePolicy(`version: 1\nprogram: /x\nrules:\n${writeStatement(statement)}`, 'p', around);
      const access = { operations, object: one.object, uid: 0, gid: 0 };
      t.equal(decide(policy, access).verdict, 'permit', `${text}: ${writeStatement(statement)}`);
    }
  }
});
