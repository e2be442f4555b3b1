// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { type Denial, denialsOf, renderDenial } from '../../src/audit/denials.js';
import type { EventRecord, SessionNote } from '../../src/events/record.js';
import { writeStatement } from '../../src/policy/statement.js';
import { hasFields } from '../fields.js';

process.env.TZ = 'Asia/Kolkata';

let seq = 0;
const record = (fields: Partial<EventRecord> = {}): EventRecord => ({
  ...{ v: 1, seq: ++seq, time: `2026-11-24T10:00:${String(seq % 60).padStart(2, '0')}.000000Z`, session: 'cat-1' },
  ...{ policy: '/usr/bin/cat', digest: 'sha256:1', rule: null, line: null, operation: ['read'], object: '/etc/x' },
  ...{ verdict: 'deny', enforced: true, errno: 'EPERM', pid: 1, tid: 1, ppid: 1, uid: 0, gid: 0 },
  ...{ exe: '/usr/bin/cat', comm: 'cat', count: 1 },
  ...fields,
});

t.test('one for each program, operation and object, the most frequent first', async (t) => {
  const first = record();
  const last = record({ count: 4, errno: 'ENOENT', session: 'cat-2' });
  const denials = denialsOf([
    record({ object: '/etc/y' }),
    first,
    record({ policy: '/bin/sh' }),
    record({ operation: ['write'] }),
    record({ enforced: false }),
    last,
  ]);
  t.equal(denials.length, 5);
  hasFields(t, denials[0], {
    ...{ policy: '/usr/bin/cat', operation: ['read'], object: '/etc/x', count: 5, errno: 'ENOENT', enforced: true },
    ...{ first: first.time, last: last.time, sessions: ['cat-1', 'cat-2'], event: `cat-2:${last.seq}` },
    ...{ floor: null, reason: null, before: null },
  });
});

t.test('what was permitted or learnt is none', async (t) => {
  t.same(denialsOf([record({ verdict: 'permit' }), record({ verdict: 'permit', learnt: true, enforced: false })]), []);
  t.same(denialsOf([record({ type: 'exec', verdict: 'permit' })]), []);
  t.equal(denialsOf([record({ enforced: false })])[0]?.enforced, false, 'complain mode refuses nothing, but tells');
});

t.test('the statement names what was refused, and nothing that was not', async (t) => {
  const [denial] = denialsOf([record({ operation: ['read', 'write'], decided: ['write'], object: '/tmp/a\\x2ab' })]);
  t.same(denial?.operation, ['write']);
  t.equal(denial?.statement && writeStatement(denial.statement), '  - permit: write\n    path: "/tmp/a\\\\*b"\n');
  const [connect] = denialsOf([record({ operation: ['connect'], object: 'tcp:192.0.2.1:80' })]);
  t.equal(
    connect?.statement && writeStatement(connect.statement),
    '  - permit: connect\n    address: "tcp:192.0.2.1:80"\n',
  );
});

t.test('a rule that refused decides first: the statement must stand before it', async (t) => {
  t.same(denialsOf([record({ rule: 3, line: 17 })])[0]?.before, { rule: 3, line: 17, group: null });
  t.same(denialsOf([record({ rule: 1, line: 4, group: 'libc' })])[0]?.before, { rule: 1, line: 4, group: 'libc' });
});

t.test('a system call', async (t) => {
  const call = { type: 'syscall', operation: [], object: 'uname', architecture: 'x86_64' } as const;
  const { errno: _, ...killed } = record({ ...call, architecture: 'i386', reason: 'killed' });
  const denials = denialsOf([record(call), record(call), killed]);
  t.same(
    denials.map(renderDenial).map((text) => text.replace(/, last.*/, '')),
    [
      '/usr/bin/cat: system call uname (EPERM), 2 times\n  add uname to syscalls: of the policy, and start the program anew',
      '/usr/bin/cat: system call uname (i386) (SIGSYS), once\n  no policy permits calls of another architecture',
    ],
  );
  const told = ({ object, architecture, remedy, statement, count }: Denial): unknown[] => [
    ...[object, architecture, remedy, statement, count],
  ];
  t.same(denials.map(told), [
    ['uname', 'x86_64', 'add uname to syscalls: of the policy, and start the program anew', null, 2],
    ['uname', 'i386', 'no policy permits calls of another architecture', null, 1],
  ]);
  const newer =
    'no policy permits the call of number 999: this callgate has no name for it, for it is newer, or there is none';
  const nameless = denialsOf([record({ ...call, object: '999' })]);
  t.same(nameless.map(told), [['999', 'x86_64', newer, null, 1]]);
  t.equal(renderDenial(nameless[0] as Denial).split('\n')[1], `  ${newer}`);
  const unnamed = 'this callgate has no name for it, for it is newer, or there is none';
  const x32 = 'x32 alone has it, and x86_64 has none of that number';
  t.same(
    ['511', '512', '547', '548'].map((object) => denialsOf([record({ ...call, object })])[0]?.remedy),
    [
      `no policy permits the call of number 511: ${unnamed}`,
      `no policy permits the call of number 512: ${x32}`,
      `no policy permits the call of number 547: ${x32}`,
      `no policy permits the call of number 548: ${unnamed}`,
    ],
  );
  t.notOk('architecture' in (denialsOf([record()])[0] as Denial), 'a file has none');
});

t.test('what no statement permits', async (t) => {
  const floor = denialsOf([record({ type: 'floor', reason: 'mount', operation: [], object: '?' })]);
  hasFields(t, floor, [{ floor: 'mount', statement: null, reason: null, before: null, enforced: true }]);
  hasFields(t, denialsOf([record({ object: '?', reason: 'depth' })]), [
    { statement: null, reason: 'depth', floor: null },
  ]);
  // The rule is there already; the policy of the program is what is missing.
  const target = record({ operation: ['exec'], object: '/bin/sh', reason: 'target', rule: 2, line: 9 });
  hasFields(t, denialsOf([target]), [{ statement: null, reason: 'target', before: null }]);
  hasFields(
    t,
    denialsOf([target, record({ operation: ['exec'], object: '/bin/sh' })]).map(({ statement }) => statement === null),
    [true, false],
    'the like, refused for want of a rule, has its own line',
  );
});

const AT = '2026-11-24T10:00:00.500000Z';
/** As it is shown where the clock is five and a half hours ahead. */
const SHOWN = '2026-11-24T15:30:00+05:30';
const begun: SessionNote = {
  ...{ v: 1, type: 'session', time: AT, session: 'cat-1', kind: 'run' },
  ...{ command: ['cat', 'a b'], folder: '/p/cat' },
};
const LEARN = "callgate learn --policies /p/cat -- cat 'a b'";
const one = (fields: Partial<EventRecord>): EventRecord => record({ seq: 7, time: AT, ...fields });
const rendered = (records: readonly EventRecord[]): string => denialsOf(records, [begun]).map(renderDenial).join('\n');

t.test('a denied exec: both statements, what each grants, and how the policy is made', async (t) => {
  t.equal(
    rendered([one({ operation: ['exec'], object: '/usr/bin/id' })]),
    `/usr/bin/cat: exec /usr/bin/id (EPERM), once, last ${SHOWN}, event cat-1:7
  either under a policy of its own, which alone says what it may do:
  - permit: exec
    path: /usr/bin/id
    policy: own
  and that policy is made by: ${LEARN}
  or under this policy: it may do all that /usr/bin/cat may:
  - permit: exec
    path: /usr/bin/id
    policy: inherit`,
  );
  t.equal(
    denialsOf([one({ operation: ['exec'], object: '/usr/bin/id' })])[0]?.learn,
    'callgate learn --policies DIR -- CMD',
    'where the log does not say what was run',
  );
});

t.test('an exec of a program without a policy: the rule is there, the policy is not', async (t) => {
  t.equal(
    rendered([one({ operation: ['exec'], object: '/usr/bin/id', reason: 'target', rule: 2, line: 9 })]),
    `/usr/bin/cat: exec /usr/bin/id (EPERM), once, last ${SHOWN}, event cat-1:7
  rule 2 (line 9) permits it, and there is no policy for /usr/bin/id: what it may do is learned by
    ${LEARN}
  or write \`policy: inherit\` in that rule: it may then do all that /usr/bin/cat may`,
  );
});

t.test('what the floor refuses, and whether the language has a word for it', async (t) => {
  const floor = (reason: string, object = '?'): string =>
    rendered([one({ type: 'floor', reason, operation: [], object })]).split('\n')[1] ?? '';
  t.same(
    [
      floor('mount'),
      floor('mount', 'bind'),
      floor('mount', 'nodev'),
      floor('capability', 'CAP_SYS_RAWIO'),
      floor('capability', 'CAP_SYS_ADMIN'),
      floor('ptrace'),
    ],
    [
      '  a rule for mount may permit this, in a policy of version 2',
      '  no policy permits this',
      '  a disk may be mounted with the option nodev only',
      '  no policy permits this',
      '  a rule for capable may permit this, in a policy of version 2',
      '  a rule for ptrace may permit this, in a policy of version 2',
    ],
  );
});

t.test('the search of a shell is one line', async (t) => {
  const looks = ['/usr/local/sbin', '/usr/local/bin/id', '/usr/bin/id'].map((object) =>
    one({ operation: ['stat'], object }),
  );
  t.equal(
    rendered([...looks, one({ object: '/etc/y' })]),
    `/usr/bin/cat: stat of 3 names in a search along PATH (EPERM), 3 times, last ${SHOWN}, event cat-1:7
  - permit: stat
    path:
      - /usr/bin/id
      - /usr/local/bin/id
      - /usr/local/sbin
/usr/bin/cat: read /etc/y (EPERM), once, last ${SHOWN}, event cat-1:7
  - permit: read
    path: /etc/y`,
  );
});

t.test('several objects of one folder are one statement; two stand alone, and what a rule refuses too', async (t) => {
  const read = (object: string, fields: Partial<EventRecord> = {}): EventRecord => one({ object, ...fields });
  t.equal(
    rendered(['/srv/c', '/srv/a', '/srv/b'].map((object) => read(object))),
    `/usr/bin/cat: read of 3 names in /srv (EPERM), 3 times, last ${SHOWN}, event cat-1:7
  - permit: read
    path:
      - /srv/a
      - /srv/b
      - /srv/c`,
  );
  t.same(
    denialsOf([read('/srv/a'), read('/srv/b')]).map(({ objects, together }) => ({ objects, together })),
    [
      { objects: ['/srv/a'], together: null },
      { objects: ['/srv/b'], together: null },
    ],
  );
  t.equal(denialsOf(['a', 'b', 'c'].map((name) => read(`/srv/${name}`, { rule: 1, line: 4 }))).length, 3);
  const many = Array.from({ length: 45 }, (_, at) => read(`/srv/${at}`));
  t.same(
    denialsOf(many).map(({ objects }) => objects.length),
    [20, 20, 5],
    'as many as a person reads',
  );
});

t.test('what no statement permits says why', async (t) => {
  t.equal(
    rendered([one({ object: '?', reason: 'depth' })]),
    `/usr/bin/cat: read ? (EPERM), once, last ${SHOWN}, event cat-1:7
  no statement permits this (the path has more components than are followed)`,
  );
});

t.test('0.0.0.0 is no destination: the statement names what is judged', async (t) => {
  const statements = (operation: EventRecord['operation'], object: string): readonly string[] =>
    denialsOf([one({ operation, object })])[0]?.statement?.objects ?? [];
  t.same(statements(['connect'], 'tcp:0.0.0.0:80'), ['tcp:127.0.0.1:80']);
  t.same(statements(['send'], 'udp:[::]:53'), ['udp:[::1]:53']);
  t.same(statements(['bind'], 'tcp:0.0.0.0:80'), ['tcp:0.0.0.0:80'], 'but one may bind to it');
});
