import t from 'tap';
import { denialsOf } from '../../src/audit/denials.js';
import type { EventRecord } from '../../src/events/record.js';
import { writeStatement } from '../../src/policy/statement.js';
import { hasFields } from '../fields.js';

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
