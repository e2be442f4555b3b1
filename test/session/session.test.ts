// SPDX-License-Identifier: GPL-2.0-only
import { existsSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { structBytes } from '../../src/abi/struct.js';
import type { Host } from '../../src/host/host.js';
import { type Calls, encodeCalls } from '../../src/kernel/calls.js';
import { Gate } from '../../src/kernel/gate.js';
import { u32, u64 } from '../../src/kernel/records.js';
import { freeName } from '../../src/session/places.js';
import { type Image, Session, type SessionFacts } from '../../src/session/session.js';
import { readState, readStates } from '../../src/session/state.js';
import type { FakeAddon, FakeGate } from './fake-addon.js';
import { fakeHost } from './fake-host.js';

function setUp(test: Test): { host: Host; addon: FakeAddon; gate: Gate; native: FakeGate } {
  const { addon, host } = fakeHost(test);
  const native = addon.load({ directory: host.pins }) as FakeGate;
  return { host, addon, gate: new Gate(native), native };
}

function facts(name: string, kind: 'learn' | 'run' = 'run'): SessionFacts {
  return {
    name,
    kind,
    command: ['/usr/bin/cat'],
    folder: '/etc/callgate/policies/cat',
    user: null,
    log: '/dev/null',
    journal: null,
    mode: null,
  };
}

function image(index: number, program: string, text: string, size = 0): Image {
  return {
    index,
    program,
    file: `${program}.yaml`,
    digest: 'sha256:0',
    generation: 1,
    mode: 'enforce',
    version: 1,
    class: size,
    bytes: Buffer.from(text),
  };
}

t.test('a session takes its places, and gives all of them back', async (t) => {
  const { host, gate, native } = setUp(t);
  const session = Session.open(host, gate, facts('cat-1'), [
    image(1, '/usr/bin/cat', 'one'),
    image(2, '/bin/b', 'two'),
  ]);
  t.equal(session.number, 1);
  const [first, second] = session.state.policies;
  t.same(gate.slot(first?.number ?? 0), {
    image: { class: 0, place: 0 },
    mode: 'enforce',
    session: 1,
    cookie: session.cookie,
    program: 1,
  });
  t.same(native.getImage(0, second?.image.place ?? -1)?.toString(), 'two');
  t.same(gate.native.lookup('programs', Buffer.from('0100000002000000', 'hex')), u32(second?.number ?? 0));
  t.not(native.lookup('guards', u32(process.pid)), null, 'its supervisor is guarded');
  t.equal(gate.session(1)?.sequence, 0);
  t.equal(statSync(join(host.run, 'cat-1')).mode & 0o777, 0o700);
  t.equal(statSync(join(host.run, 'cat-1/state.json')).mode & 0o777, 0o600);
  t.same(readState(host, 'cat-1'), session.state);

  session.free();
  t.equal(gate.slots().size, 0);
  t.equal(native.images.size, 0);
  t.equal(native.rings.size, 0);
  t.same(native.keys('programs'), []);
  t.equal(native.lookup('guards', u32(process.pid)), null);
  t.equal(gate.session(1), null);
  t.notOk(existsSync(join(host.run, 'cat-1')));
});

t.test('two sessions share nothing', async (t) => {
  const { host, gate } = setUp(t);
  const one = Session.open(host, gate, facts('a-1'), [image(1, '/a', 'a')]);
  const two = Session.open(host, gate, facts('b-1'), [image(1, '/b', 'b')]);
  t.not(one.number, two.number);
  t.not(one.state.policies[0]?.number, two.state.policies[0]?.number);
  t.notSame(one.state.policies[0]?.image, two.state.policies[0]?.image);
  one.free();
  t.equal(gate.slots().size, 1, 'the other one is untouched');
  t.same(
    readStates(host).map(({ name }) => name),
    ['b-1'],
  );
});

t.test('what another use of the gate left in a map is not taken', async (t) => {
  const { host, gate, native } = setUp(t);
  native.putImage(0, 0, Buffer.from('not ours'));
  gate.setSlot(1, { image: { class: 0, place: 0 }, mode: 'enforce', session: 9, cookie: 9n, program: 1 });
  const session = Session.open(host, gate, facts('a-1'), [image(1, '/a', 'a')]);
  t.equal(session.state.policies[0]?.number, 2);
  t.same(session.state.policies[0]?.image, { class: 0, place: 1 });
});

t.test('a policy is replaced by one update, and its old image outlives it', async (t) => {
  const { host, gate, native } = setUp(t);
  const session = Session.open(host, gate, facts('a-1'), [image(1, '/a', 'old'), image(2, '/b', 'kept')]);
  const number = session.state.policies[0]?.number ?? 0;
  const retired = session.replace([{ ...image(1, '/a', 'new', 1), generation: 2 }, image(3, '/c', 'added')]);
  t.same(retired, [{ class: 0, place: 0 }]);
  t.same(gate.slot(number)?.image, { class: 1, place: 0 });
  t.equal(native.getImage(0, 0)?.toString(), 'old');
  t.same(readState(host, 'a-1')?.held, retired, 'and nobody takes its place meanwhile');
  t.same(
    session.state.policies.map(({ program, generation }) => [program, generation]),
    [
      ['/a', 2],
      ['/b', 1],
      ['/c', 1],
    ],
  );
  session.release(retired);
  t.equal(native.getImage(0, 0), null);
  t.same(readState(host, 'a-1')?.held, []);
  session.free();
  t.equal(native.images.size, 0);
});

t.test('a failure half-way leaves nothing behind', async (t) => {
  const { host, gate, native } = setUp(t);
  const put = native.putImage.bind(native);
  native.putImage = (imageClass, index, bytes) => {
    if (index === 1) throw Object.assign(new Error('no memory'), { code: 'ENOMEM' });
    put(imageClass, index, bytes);
  };
  t.throws(() => Session.open(host, gate, facts('a-1'), [image(1, '/a', 'a'), image(2, '/b', 'b')]), {
    message: 'no memory',
  });
  t.equal(gate.slots().size, 0);
  t.equal(native.images.size, 0);
  t.same(gate.sessions(), []);
  t.same(readStates(host), []);
});

t.test('the mode is switched for all policies, and the state says so', async (t) => {
  const { host, gate } = setUp(t);
  const session = Session.open(host, gate, facts('a-1'), [image(1, '/a', 'a'), image(2, '/b', 'b')]);
  session.setMode('complain');
  t.same(
    [...gate.slots().values()].map(({ mode }) => mode),
    ['complain', 'complain'],
  );
  t.equal(readState(host, 'a-1')?.mode, 'complain');
});

t.test('while learning, programs without a policy have the empty one', async (t) => {
  const { host, gate, native } = setUp(t);
  const session = Session.open(host, gate, facts('a-1', 'learn'), [image(1, '/a', 'a'), image(0, '', 'empty')]);
  t.equal(session.policyOf('/a')?.index, 1);
  t.equal(session.policyOf('/other')?.index, 0);
  t.ok(native.seen.has(session.number));
});

t.test('a name is never given twice', async (t) => {
  const { host, gate } = setUp(t);
  t.equal(freeName(host, '/usr/sbin/inetd'), 'inetd-1');
  Session.open(host, gate, facts('inetd-1'), [image(1, '/a', 'a')]);
  t.equal(freeName(host, '/usr/sbin/inetd'), 'inetd-2');
  t.equal(freeName(host, '/opt/a b/..x y'), 'x_y-1', 'and is a file name');
  symlinkSync('/nowhere/log', join(host.logs, 'inetd-2.jsonl'));
  t.equal(freeName(host, '/usr/sbin/inetd'), 'inetd-3', 'a link to a log that is gone takes the name as well');
});

t.test('system calls are looked at while a session wants it', async (t) => {
  const { host, gate, native } = setUp(t);
  const watching = (watch: Calls['watch']) => (cookie: bigint) => ({ cookie, watch, errno: 38, permit: [5n] });
  const plain = Session.open(host, gate, facts('cat-1'), []);
  t.same(native.called, []);
  const held = Session.open(host, gate, facts('cat-2'), [], watching('refused'));
  const learner = Session.open(host, gate, facts('cat-3', 'learn'), [], watching('learned'));
  t.same(native.called, ['refused', 'entered']);
  t.equal(gate.skipped(), 0);
  native.skips = 2;
  t.equal(gate.skipped(), 2);
  const calls = native.lookup('calls', u32(held.number)) as Buffer;
  t.same(calls, encodeCalls({ cookie: held.cookie, watch: 'refused', errno: 38, permit: [5n, 0n] }));
  t.same([calls.readBigUInt64LE(0), calls.readUInt32LE(8), calls.readUInt32LE(12)], [held.cookie, 1, 38]);

  const key = (cookie: bigint): Buffer => Buffer.concat([u64(cookie), u64(7n), u32(9), u32(2)]);
  const made = Buffer.alloc(structBytes('called'));
  made.writeBigUInt64LE(2n, 8);
  for (const cookie of [learner.cookie, 1n]) native.update('called', key(cookie), made);
  t.same(gate.called(learner.cookie), [
    { policy: 9, exe: 7, architecture: 'i386', made: [0n, 2n, 0n, 0n, 0n, 0n, 0n, 0n] },
  ]);

  held.free();
  t.same(native.called, ['refused', 'entered'], 'another one learns');
  t.same(native.lookup('calls', u32(held.number)), Buffer.alloc(structBytes('calls')));
  learner.free();
  t.same(native.called, []);
  t.same(native.keys('called'), [key(1n)], 'those of others stay');
  plain.free();
});
