// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { writeNumber } from '../../src/abi/struct.js';
import { objectDescription } from '../../src/decide/text.js';
import { EventDecoder } from '../../src/events/decode.js';
import { hasFields } from '../fields.js';
import { argumentBytes, eventBytes, FLAG, OBJECT, TYPE } from './build.js';

t.test('every field of a record', async (t) => {
  const [event] = new EventDecoder().push(
    eventBytes('/etc/shadow', {
      ...{ sequence: 42, time: 5n, exe: 7, generation: 3, policy: 9, rule: 2, errnum: 13, count: 6, owner: 0 },
      operations: ['read', 'write'],
      decided: ['write'],
      flags: FLAG.enforced | FLAG.created | FLAG.exclusive | FLAG.directory,
    }),
  );
  hasFields(t, event, {
    ...{ type: 'access', verdict: 'deny', sequence: 42, time: 5n, exe: 7, generation: 3, policy: 9, rule: 2 },
    ...{ errnum: 13, count: 6, owner: 0, pid: 812, tid: 813, ppid: 799, uid: 1000, gid: 1001, comm: 'cat' },
    ...{ operations: ['read', 'write'], decided: ['write'], object: { type: 'path', path: '/etc/shadow' } },
    ...{ enforced: true, learnt: false, created: true, exclusive: true, directory: true },
  });
  t.equal(new EventDecoder().push(eventBytes('/x'))[0]?.owner, null, 'an object without an owner');
});

t.test('every sort of object', async (t) => {
  const port = (address: string) => Buffer.from(`06${address}01bb00`, 'hex');
  for (const [object, bytes, text] of [
    [OBJECT.path, Buffer.from('/'), '/'],
    [OBJECT.path, Buffer.from('/tmp/\xff\n', 'latin1'), '/tmp/\\xff\\x0a'],
    [OBJECT.kind, Buffer.from([1]), 'deleted'],
    [OBJECT.inet, port('00000000000000000000ffffc0000201'), 'tcp:192.0.2.1:443'],
    [OBJECT.inet, port('20010db8000000000000000000000001'), 'tcp:[2001:db8::1]:443'],
    [OBJECT.unix, Buffer.from('/run/x'), 'unix:/run/x'],
    [OBJECT.abstract, Buffer.from('a\0b'), 'unix:@a\\x00b'],
    [OBJECT.unnamed, Buffer.alloc(0), 'unix:'],
    [OBJECT.family, Buffer.from('0010000300000000', 'hex'), 'family 16, kind 3, protocol 0'],
  ] as const) {
    const [event] = new EventDecoder().push(eventBytes(bytes, { object }));
    t.equal(event?.object && objectDescription(event.object), text);
  }
});

t.test('an object that is none leaves the event', async (t) => {
  for (const [object, bytes] of [
    [OBJECT.none, Buffer.alloc(0)],
    [OBJECT.kind, Buffer.from([15])],
    [OBJECT.inet, Buffer.from('06', 'hex')],
    [OBJECT.inet, Buffer.alloc(20, 0x2a)],
    [OBJECT.family, Buffer.alloc(7)],
    [99, Buffer.from('x')],
  ] as const) {
    const decoder = new EventDecoder();
    const [event] = decoder.push(eventBytes(bytes, { object, verdict: 1 }));
    hasFields(t, event, { object: null, verdict: 'deny' });
    t.equal(decoder.malformed, 0);
  }
});

t.test('a system call: its name, and whose it is', async (t) => {
  const call = (architecture: number, number: number): unknown => {
    const [event] = new EventDecoder().push(
      eventBytes('', { object: OBJECT.none, type: 6, first: architecture * 2 ** 32 + number }),
    );
    const { type, word, architecture: of, first, moved, object } = event ?? {};
    return { type, word, of, first, moved, object };
  };
  const told = (word: string, of: string): object => ({
    ...{ type: 'syscall', word, of, first: 0, moved: false, object: null },
  });
  t.same(call(0, 63), told('uname', 'x86_64'));
  t.same(call(0, 4242), told('4242', 'x86_64'));
  t.same(call(1, 520), told('execve', 'x32'));
  t.same(call(2, 27), told('alarm', 'i386'));
});

const parts = (path: string, sequence: number, cuts: readonly number[]): Buffer[] =>
  [0, ...cuts].map((offset, part) =>
    eventBytes(path.slice(offset, cuts[part]), { sequence, part, offset, length: path.length }),
  );

t.test('a long path comes in parts, with others between them and over several batches', async (t) => {
  const long = `/${'x'.repeat(254)}`.repeat(40);
  const [first, second, third] = parts(long, 1, [4080, 8160]) as [Buffer, Buffer, Buffer];
  const decoder = new EventDecoder();
  const other = `${'/y'.repeat(3000)}`;
  const [one, two] = parts(other, 2, [4000]) as [Buffer, Buffer];
  const seen = [
    ...decoder.push(Buffer.concat([first, eventBytes('/short', { sequence: 3 }), one])),
    ...decoder.push(second),
    ...decoder.push(Buffer.concat([two, third])),
  ];
  t.same(
    seen.map(({ sequence, object }) => [sequence, object?.type === 'path' && object.path]),
    [
      [3, '/short'],
      [2, other],
      [1, long],
    ],
  );
});

t.test('a batch is used again by its owner: what waits is a copy', async (t) => {
  const [first, last] = parts('/abcdefgh', 1, [4]) as [Buffer, Buffer];
  const decoder = new EventDecoder();
  decoder.push(first);
  first.fill(0);
  hasFields(t, decoder.push(last)[0]?.object, { path: '/abcdefgh' });
});

t.test('a path with a hole is no path', async (t) => {
  const [first, , third] = parts('/abcdefgh', 1, [3, 6]) as [Buffer, Buffer, Buffer];
  const decoder = new EventDecoder();
  hasFields(t, decoder.push(Buffer.concat([first, third])), [{ object: null, sequence: 1 }]);
});

t.test('the object moved after its first parts: the last record says it could not be told', async (t) => {
  const [first] = parts('/abcdefgh', 1, [4]) as [Buffer];
  const end = eventBytes('', { object: OBJECT.none, part: 1, offset: 4, length: 0, reason: 10 });
  hasFields(t, new EventDecoder().push(Buffer.concat([first, end])), [{ object: null, reason: 10 }]);
});

t.test('ends that never come do not pile up', async (t) => {
  const decoder = new EventDecoder();
  const [first, last] = parts('/abcdefgh', 1, [4]) as [Buffer, Buffer];
  decoder.push(first);
  for (let sequence = 2; sequence < 400; sequence++) decoder.push(parts('/abcdefgh', sequence, [4])[0] as Buffer);
  hasFields(t, decoder.push(last), [{ object: null }], 'the oldest was given up');
  hasFields(t, decoder.push(parts('/abcdefgh', 399, [4])[1] as Buffer), [{ object: { path: '/abcdefgh' } }]);
});

t.test('records that are none are counted, and the good ones of the batch are kept', async (t) => {
  const good = eventBytes('/good');
  const wrong = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = eventBytes('/bad');
    change(bytes);
    return bytes;
  };
  for (const [what, bytes, kept] of [
    ['type', wrong((bytes) => writeNumber(bytes, 'event', 'type', 9)), 2],
    ['type 0', wrong((bytes) => writeNumber(bytes, 'event', 'type', 0)), 2],
    ['verdict', wrong((bytes) => writeNumber(bytes, 'event', 'verdict', 3)), 2],
    ['size 0', wrong((bytes) => writeNumber(bytes, 'event', 'size', 0)), 1],
    ['size over the end', wrong((bytes) => writeNumber(bytes, 'event', 'size', 0xffffffff)), 1],
  ] as const) {
    const decoder = new EventDecoder();
    t.equal(decoder.push(Buffer.concat([good, bytes, good])).length, kept, what);
    t.equal(decoder.malformed, 1, what);
  }
  const decoder = new EventDecoder();
  t.equal(decoder.push(Buffer.concat([good, good.subarray(0, 40)])).length, 1, 'a record cut within its header');
  t.equal(decoder.malformed, 1);
});

t.test('exec and floor', async (t) => {
  const events = new EventDecoder().push(
    Buffer.concat([
      eventBytes('/bin/sh', { type: TYPE.exec, verdict: 0 }),
      eventBytes('', { type: TYPE.floor, reason: 1, object: 0 }),
    ]),
  );
  hasFields(t, events, [
    { type: 'exec', verdict: 'permit', object: { path: '/bin/sh' } },
    { type: 'floor', reason: 1, object: null },
  ]);
});

t.test('a batch of many is handed on in chunks, whole and in order', async (t) => {
  const numbers = Array.from({ length: 1000 }, (_, at) => at + 1);
  const batch = Buffer.concat(numbers.map((sequence) => eventBytes(`/file/${sequence}`, { sequence })));
  const chunks = [...new EventDecoder().chunks(batch)];
  t.ok(chunks.length > 1 && chunks.every(({ length }) => length > 0), 'several, none of them empty');
  t.same(
    chunks.flat().map(({ sequence, object }) => [sequence, object && objectDescription(object)]),
    numbers.map((number) => [number, `/file/${number}`]),
  );
  const cut = new EventDecoder();
  t.equal([...cut.chunks(batch.subarray(0, batch.length - 8))].flat().length, 999, 'those before one that is cut');
  t.equal(cut.malformed, 1);
});

t.test('names of processes one behind the other', async (t) => {
  const names = ['cat', 'cat', 'cats', 'cat', '', 'sixteen letters'];
  const batch = Buffer.concat(names.map((comm) => eventBytes('/x', { comm })));
  t.same(
    new EventDecoder().push(batch).map(({ comm }) => comm),
    names,
  );
});

t.test('what a program is run with is no event', async (t) => {
  const decoder = new EventDecoder();
  const events = decoder.push(
    Buffer.concat([
      eventBytes('/usr/bin/cp', { type: TYPE.exec, sequence: 7 }),
      argumentBytes('/srv/week', ['cp', 'a b', '', '/out/\xff'], { exe: 7, policy: 3 }),
      argumentBytes('', ['cp', 'a'], { first: 9 }, 'half'),
      argumentBytes('/', ['cp'], { first: 2, reason: 3 }),
      eventBytes('/x', { sequence: 8 }),
    ]),
  );
  t.same(
    events.map(({ sequence }) => sequence),
    [7, 8],
  );
  t.same(decoder.takeArguments(), [
    { policy: 3, exe: 7, count: 4, unread: false, folder: '/srv/week', words: ['cp', 'a b', '', '/out/\xff'] },
    { policy: 1, exe: 0, count: 9, unread: false, folder: null, words: ['cp', 'a'] },
    { policy: 1, exe: 0, count: 2, unread: true, folder: '/', words: ['cp'] },
  ]);
  t.same(decoder.takeArguments(), [], 'each is told once');
  t.equal(decoder.malformed, 0);
});
