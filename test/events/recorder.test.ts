// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { ENUMS } from '../../src/abi/abi.gen.js';
import { EventDecoder } from '../../src/events/decode.js';
import { lineOf } from '../../src/events/line.js';
import { FLOORS, REASON_TEXTS, REASONS } from '../../src/events/names.js';
import type { EventRecord } from '../../src/events/record.js';
import { type JudgingPolicy, Recorder, timeText } from '../../src/events/recorder.js';
import type { Rule } from '../../src/policy/model.js';
import { hasFields } from '../fields.js';
import { eventBytes, FLAG, OBJECT, TYPE } from './build.js';

const rule = (number: number, line: number, group?: string): Rule => ({
  verdict: 'deny',
  operations: ['read'],
  objects: [],
  place: { file: 'cat.yaml', line, column: 1 },
  number,
  ...(group === undefined ? {} : { group }),
});

/** Two rules of a group are taken in before the policy's own. */
const RULES = [rule(1, 3, 'libc'), rule(2, 5, 'libc'), rule(1, 9)];
const DIGEST = 'sha256:1';

function recorder(anyone = false, most?: number): (bytes: Buffer) => EventRecord {
  const policies = new Map<string, JudgingPolicy>([
    ['1 1', { program: '/usr/bin/cat', digest: DIGEST, rules: RULES, anyone }],
    ['1 2', { program: '/usr/bin/cat', digest: 'sha256:2', rules: [rule(1, 77)], anyone }],
  ]);
  const policy = (number: number, generation: number) => policies.get(`${number} ${generation}`);
  const made = new Recorder({ name: 'cat-1', policy, bootTime: 1_795_000_000_000_000_000n }, most);
  const decoder = new EventDecoder();
  return (bytes) => {
    const [event] = decoder.push(bytes);
    if (event === undefined) throw new Error('no event');
    return made.record(event);
  };
}

t.test('the public form, to the key and its order', async (t) => {
  const record = recorder()(eventBytes('/etc/shadow', { rule: 3, errnum: 2, time: 123_456_789n, owner: 0 }));
  t.equal(
    JSON.stringify(record),
    JSON.stringify({
      ...{ v: 1, seq: 1, time: '2026-11-18T11:06:40.123456Z', session: 'cat-1', policy: '/usr/bin/cat' },
      ...{ digest: DIGEST, rule: 1, line: 9, operation: ['read'], object: '/etc/shadow', verdict: 'deny' },
      ...{ enforced: true, errno: 'ENOENT', pid: 812, tid: 813, ppid: 799, uid: 1000, gid: 1001, owner: 0 },
      ...{ exe: '/usr/bin/cat', comm: 'cat', count: 1 },
    }),
  );
});

t.test('the rule is named as its file has it, of the generation that judged', async (t) => {
  const record = recorder();
  hasFields(t, record(eventBytes('/x', { rule: 2 })), { rule: 2, line: 5, group: 'libc' });
  hasFields(t, record(eventBytes('/x', { rule: 1, generation: 2 })), { rule: 1, line: 77, digest: 'sha256:2' });
  hasFields(t, record(eventBytes('/x', { rule: 0 })), { rule: null, line: null });
  t.notOk('group' in record(eventBytes('/x', { rule: 3 })));
  hasFields(t, record(eventBytes('/x', { rule: 9 })), { rule: null, line: null }, 'a number that no rule has');
  hasFields(
    t,
    record(eventBytes('/x', { policy: 8 })),
    { policy: '?', digest: '?', exe: '?' },
    'a policy that none held',
  );
});

t.test('an exec event says what runs from then on', async (t) => {
  const record = recorder();
  t.equal(record(eventBytes('/a', { exe: 7 })).exe, '?', 'its announcement was lost');
  hasFields(t, record(eventBytes('/usr/bin/sed', { type: TYPE.exec, verdict: 0, sequence: 7 })), {
    type: 'exec',
    object: '/usr/bin/sed',
  });
  hasFields(t, record(eventBytes('/a', { exe: 7 })), { exe: '/usr/bin/sed', policy: '/usr/bin/cat' });
  hasFields(t, record(eventBytes('/a')), { exe: '/usr/bin/cat' });
  hasFields(
    t,
    recorder(true)(eventBytes('/a')),
    { policy: '/usr/bin/cat' },
    'learning: the entry, under the policy of everyone',
  );
  const learner = recorder(true);
  learner(eventBytes('/usr/bin/sed', { type: TYPE.exec, verdict: 0, sequence: 7 }));
  hasFields(
    t,
    learner(eventBytes('/a', { exe: 7 })),
    { policy: '/usr/bin/sed' },
    'learning: what runs is what is learned',
  );
});

t.test('programs that are still used are remembered, however many came since', async (t) => {
  const record = recorder(false, 100);
  const run = (sequence: number) => record(eventBytes(`/p${sequence}`, { type: TYPE.exec, verdict: 0, sequence }));
  run(1);
  run(2);
  for (let sequence = 3; sequence < 300; sequence++) {
    if (sequence % 60 === 0) record(eventBytes('/a', { exe: 1 }));
    run(sequence);
  }
  t.equal(record(eventBytes('/a', { exe: 1 })).exe, '/p1');
  t.equal(record(eventBytes('/a', { exe: 2 })).exe, '?');
  t.equal(record(eventBytes('/a', { exe: 299 })).exe, '/p299');
});

t.test('the new end of a move says what had the old name', async (t) => {
  const record = recorder();
  const end = (path: string, fields: object): EventRecord =>
    record(eventBytes(path, { verdict: 0, errnum: 0, flags: FLAG.moved | FLAG.learnt, ...fields }));
  const old = end('/x.tmp', { operations: ['delete'], sequence: 3 });
  t.notOk('from' in old);
  hasFields(t, end('/x', { operations: ['create'], sequence: 4, first: 3 }), { from: '/x.tmp', object: '/x' });
  t.equal(end('/y', { operations: ['create'], sequence: 5, first: 3 }).from, '/x.tmp', 'the same again');
  t.equal(end('/y', { operations: ['create'], sequence: 6, first: 2 }).from, '?', 'its event was lost');
  t.notOk('exchanged' in end('/x', { operations: ['create'], sequence: 7, first: 3 }));
  end('/a', { operations: ['create', 'delete'], sequence: 8 });
  hasFields(t, end('/b', { operations: ['create', 'delete'], sequence: 9, first: 8 }), { from: '/a', exchanged: true });
  end('', { object: OBJECT.none, operations: ['delete'], sequence: 10 });
  t.equal(end('/z', { operations: ['create'], sequence: 11, first: 10 }).from, '?', 'it could not be told');
  const path = `/${'x'.repeat(200)}`.repeat(30);
  const half = (offset: number): Buffer =>
    eventBytes(path.slice(offset, offset + 4096), {
      ...{ flags: FLAG.moved, operations: ['delete'], sequence: 12, length: path.length, offset, part: offset / 4096 },
    });
  t.equal(record(Buffer.concat([half(0), half(4096)])).object, path);
  t.equal(end('/z', { operations: ['create'], sequence: 13, first: 12 }).from, path, 'a name in two parts');
  const resumed = new Recorder({ name: 'cat-1', policy: () => undefined, bootTime: 0n });
  resumed.resume(old);
  const [event] = new EventDecoder().push(eventBytes('/x', { flags: FLAG.moved, sequence: 14, first: 3 }));
  t.equal(event === undefined ? undefined : resumed.record(event).from, '/x.tmp', 'told to another supervisor');
});

t.test('what could not be told, learnt and floor', async (t) => {
  const record = recorder();
  const unresolved = record(eventBytes('', { object: OBJECT.none, reason: 1 }));
  hasFields(t, unresolved, { object: '?', reason: 'depth', verdict: 'deny' });
  const learnt = record(eventBytes('/x', { verdict: 0, flags: FLAG.learnt | FLAG.directory, errnum: 0 }));
  hasFields(t, learnt, { learnt: true, directory: true, enforced: false, verdict: 'permit' });
  t.notOk('errno' in learnt);
  hasFields(t, record(eventBytes('', { type: TYPE.floor, object: OBJECT.none, reason: 8 })), {
    type: 'floor',
    reason: 'bpf',
  });
  hasFields(t, record(eventBytes('/x', { operations: ['read', 'write'], decided: ['write'] })), { decided: ['write'] });
  t.notOk('decided' in record(eventBytes('/x')), 'all of them');
  t.equal(record(eventBytes('/x', { errnum: 4095 })).errno, '4095');
});

t.test('the words are those of the kernel half, in its order', async (t) => {
  const words = (values: Readonly<Record<string, number>>, prefix: string) =>
    Object.entries(values)
      .filter(([name]) => !name.endsWith('_COUNT'))
      .map(([name, value]) => [value, name.replace(prefix, '').toLowerCase()]);
  t.same(
    words(ENUMS.floor, 'FLOOR_'),
    FLOORS.map((word, value) => [value, word]),
  );
  t.same(words(ENUMS.unresolved, 'UNRESOLVED_').slice(1), REASONS.map((word, value) => [value, word]).slice(1));
  t.same(Object.keys(REASON_TEXTS), REASONS.slice(1), 'each has its sentence');
});

t.test('lines for a person', async (t) => {
  const record = recorder();
  const line = (bytes: Buffer): string => lineOf(record(bytes));
  t.equal(line(eventBytes('/etc/shadow')), 'denied (EPERM) read /etc/shadow: cat[812] uid 1000, no rule matches');
  t.equal(
    line(eventBytes('/x', { rule: 3, errnum: 13 })),
    'denied (EACCES) read /x: cat[812] uid 1000, rule 1 (line 9)',
  );
  t.equal(line(eventBytes('/x', { rule: 1 })), 'denied (EPERM) read /x: cat[812] uid 1000, rule 1 of group libc');
  t.match(line(eventBytes('/x', { flags: 0 })), /^would deny \(EPERM\) read/);
  t.match(line(eventBytes('/x', { count: 5 })), /, 5 times$/);
  t.notMatch(line(eventBytes('/x')), /times/);
  t.match(line(eventBytes('', { object: 0, reason: 1 })), /\?: cat\[812\] uid 1000, the path has more components/);
  t.match(line(eventBytes('/x', { operations: ['read', 'write'], decided: ['write'] })), /^denied \(EPERM\) write \/x/);
  t.equal(
    line(eventBytes('', { type: TYPE.floor, object: 0, reason: 5 })),
    'refused chroot (EPERM): cat[812] uid 1000, no policy permits it',
  );
  t.equal(line(eventBytes('/bin/sh', { type: TYPE.exec, verdict: 0 })), 'runs /bin/sh: pid 812 uid 1000');
});

t.test('no byte of a name reaches a terminal as it is', async (t) => {
  const record = recorder();
  const evil = '/tmp/\x1b]0;x\x07\n\r\u202e\u0085end';
  record(eventBytes(evil, { type: TYPE.exec, verdict: 0, sequence: 7 }));
  for (const type of [TYPE.access, TYPE.exec, TYPE.floor])
    t.notMatch(lineOf(record(eventBytes(evil, { type, exe: 7, comm: '\x1b[2J' }))), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  const forged: EventRecord = { ...record(eventBytes('/x')), exe: '/x\x1b[2J', comm: '\x1b' };
  t.notMatch(lineOf(forged), /\p{Cc}/u);
});

t.test('times', async (t) => {
  t.equal(timeText(0n), '1970-01-01T00:00:00.000000Z');
  t.equal(timeText(1_795_514_400_123_456_789n), '2026-11-24T10:00:00.123456Z');
  t.equal(timeText(1_000_007_000n), '1970-01-01T00:00:01.000007Z');
});

t.test('times that are close to each other, and far apart', async (t) => {
  const record = recorder();
  for (const [time, text] of [
    [0n, '2026-11-18T11:06:40.000000Z'],
    [999_999_999n, '2026-11-18T11:06:40.999999Z'],
    [1_000_000_000n, '2026-11-18T11:06:41.000000Z'],
    [1_000_001_000n, '2026-11-18T11:06:41.000001Z'],
    [999_000n, '2026-11-18T11:06:40.000999Z'],
    [86_400_000_000_000n, '2026-11-19T11:06:40.000000Z'],
  ] as const)
    t.equal(record(eventBytes('/x', { time })).time, text);
});

t.test('an object of odd bytes reads as it did', async (t) => {
  const record = recorder();
  for (const [bytes, text] of [
    ['/a b~!"', '/a b~!"'],
    ['/a\\b', '/a\\\\b'],
    ['/a\x7f', '/a\\x7f'],
    ['/\xc3\xa9', '/é'],
    ['/\xff', '/\\xff'],
  ] as const)
    t.equal(record(eventBytes(Buffer.from(bytes, 'latin1'))).object, text);
});
