// SPDX-License-Identifier: GPL-2.0-only
/** The gate between sessions: its hooks are off, it stays, and the next session goes on with it where nothing speaks against it. */
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { fieldOf, structBytes } from '../../src/abi/struct.js';
import type { Host } from '../../src/host/host.js';
import { MARK_WORDS, renewedWhole, u32 } from '../../src/kernel/records.js';
import { acquireGate, findGate, releaseGate } from '../../src/session/acquire.js';
import { Session, type SessionFacts } from '../../src/session/session.js';
import { status } from '../../src/session/status.js';
import { closeSession } from '../../src/supervise/begin.js';
import { tidy } from '../../src/supervise/sweep.js';
import { Watcher } from '../../src/supervise/watcher.js';
import { type FakeAddon, type FakeGate, failure } from './fake-addon.js';
import { fakeHost } from './fake-host.js';

const FACTS: SessionFacts = {
  ...{ name: 'd-1', kind: 'run', command: ['/usr/sbin/d'], folder: '/p', user: null },
  ...{ log: '/dev/null', journal: null, mode: null },
};

/** What was asked of the addon about the gate. */
const done = (addon: FakeAddon): string[] =>
  addon.calls.splice(0).filter((call) => ['load', 'attach', 'detach', 'unload'].includes(call));

/** A host whose gate is kept, and the gate. */
function kept(t: Test): { addon: FakeAddon; host: Host; fake: FakeGate } {
  const { addon, host } = fakeHost(t);
  t.equal(releaseGate(host, acquireGate(host)), true);
  t.same(done(addon), ['load', 'detach']);
  // So that there is something where a gate's pins would be.
  mkdirSync(host.pins);
  writeFileSync(`${host.pins}/ready`, '');
  return { addon, host, fake: addon.gate as FakeGate };
}

t.test('it is kept, and the next session puts its hooks on', async (t) => {
  const { addon, host, fake } = kept(t);
  t.same(status(host, findGate(host)).gate?.attached, false);
  const gate = acquireGate(host);
  t.same([done(addon), gate.attached, fake.attached], [['attach'], true, true]);
  t.same(status(host, findGate(host)).gate?.attached, true);
  t.equal(acquireGate(host).attached, true);
  t.same(done(addon), [], 'one that is in use is used as it is');
  const session = Session.open(host, gate, FACTS, []);
  t.equal(releaseGate(host, gate), false, 'a session is in use');
  session.free();
  t.equal(releaseGate(host, gate), true);
  t.same(done(addon), ['detach']);
});

t.test('it is unloaded where that is asked for', async (t) => {
  const { addon, host } = fakeHost(t);
  t.equal(releaseGate(host, acquireGate(host), false), true);
  t.same(done(addon), ['load', 'unload']);
});

t.test('it is not kept with the dead counted in it, or runs that were skipped', async (t) => {
  for (const doubt of ['zombie', 'skip'] as const) {
    const { addon, host } = fakeHost(t);
    const gate = acquireGate(host);
    const session = Session.open(host, gate, FACTS, []);
    if (doubt === 'zombie') addon.spawn('d', 1, session.number).zombie = true;
    else (addon.gate as FakeGate).skips = 1;
    session.free();
    t.equal(releaseGate(host, gate), true);
    t.same(done(addon), ['load', 'unload'], doubt);
  }
});

t.test('another build’s is loaded anew, and so is one that somebody is in', async (t) => {
  const spoil: Record<string, (fake: FakeGate, addon: FakeAddon) => void> = {
    'another build': (fake) => {
      fake.same = false;
    },
    'a session': (fake) => fake.update('sessions', u32(7), sessionOf(1n)),
    'a subject': (_fake, addon) => void addon.spawn('d', 1, 1),
    'a hook that does not go on': (_fake, addon) => {
      addon.attachError = failure('EBUSY', 'attach lsm/file_open');
    },
  };
  for (const [what, act] of Object.entries(spoil)) {
    const { addon, host, fake } = kept(t);
    act(fake, addon);
    t.not(acquireGate(host).native, fake, what);
    t.same(
      done(addon).filter((call) => call !== 'attach'),
      ['unload', 'load'],
      what,
    );
  }
});

t.test('one of another build with its hooks on is used while somebody is in it, and else replaced', async (t) => {
  const { addon, host, fake } = kept(t);
  const gate = acquireGate(host);
  done(addon);
  fake.same = false;
  const session = Session.open(host, gate, FACTS, []);
  t.equal(acquireGate(host).native, fake);
  t.same(done(addon), []);
  session.free();
  t.not(acquireGate(host).native, fake);
  t.same(done(addon), ['unload', 'load']);
});

t.test('another version’s is no obstacle while it is only kept', async (t) => {
  const { addon, host } = kept(t);
  addon.adoptError = Object.assign(failure('EPROTO', 'adopt'), { found: 7, attached: true });
  t.throws(() => acquireGate(host), /holds a gate of another version \(ABI 7/);
  t.same(done(addon), []);
  addon.adoptError = Object.assign(failure('EPROTO', 'adopt'), { found: 7, attached: false });
  t.equal(acquireGate(host).attached, true);
  t.same(done(addon), ['unload', 'load']);
});

t.test('what it knows is what a gate knows that was just loaded', async (t) => {
  const { host, fake } = kept(t);
  for (let word = 0; word < MARK_WORDS; word += 9) fake.update('protection_marks', u32(word), Buffer.alloc(8, 0xff));
  fake.update('owners', Buffer.alloc(8, 1), Buffer.alloc(structBytes('maker')));
  fake.update('owning', Buffer.alloc(structBytes('process'), 1), Buffer.alloc(structBytes('owning')));
  acquireGate(host);
  t.same(fake.keys('owning'), []);
  t.same(fake.keys('owners'), [], 'of a descriptor that was made while nothing was hooked nobody knows');
  for (let word = 0; word < MARK_WORDS; word++)
    t.same(fake.lookup('protection_marks', u32(word)), Buffer.alloc(8), `word ${word}`);
  const before = Buffer.alloc(structBytes('gate'), 0x11);
  const after = renewedWhole(before);
  const at = (buffer: Buffer, name: 'born' | 'removals'): bigint =>
    buffer.readBigUInt64LE(fieldOf('gate', name).offset);
  t.equal(at(after, 'born'), at(before, 'born'));
  t.equal(at(after, 'removals'), at(before, 'removals') + 1n);
  for (const name of ['born', 'removals'] as const) after.writeBigUInt64LE(0n, fieldOf('gate', name).offset);
  t.same(after, Buffer.alloc(structBytes('gate')));
});

t.test('a command that only looks takes hooks off that are on for nobody', async (t) => {
  const { addon, host, fake } = kept(t);
  await tidy(host);
  t.same(done(addon), [], 'a kept gate is left alone');
  const gate = acquireGate(host);
  const session = Session.open(host, gate, FACTS, []);
  done(addon);
  await tidy(host);
  t.same(done(addon), [], 'and one with a session in it');
  session.free();
  await tidy(host);
  t.same([done(addon), fake.attached], [['detach'], false]);
  addon.adoptError = failure('ECANCELED', 'adopt');
  await tidy(host);
  t.same(done(addon), ['unload'], 'what was left half-way goes');
});

t.test('the watcher is told when this session has nothing left to be taken off', async (t) => {
  const told = async (others: (addon: FakeAddon, host: Host, session: Session) => void): Promise<string> => {
    const { addon, host, folder } = fakeHost(t);
    const session = Session.open(host, acquireGate(host), FACTS, []);
    others(addon, host, session);
    const fd = openSync(`${folder}/told`, 'w');
    await closeSession(session, { unload: false, watcher: new Watcher(fd, process.pid) });
    closeSync(fd);
    return readFileSync(`${folder}/told`, 'utf8');
  };
  t.equal(await told(() => undefined), 'D');
  t.equal(await told((_addon, host, { gate }) => void Session.open(host, gate, { ...FACTS, name: 'd-2' }, [])), 'D');
  t.equal(await told((addon) => addon.unload()), 'D', 'another took all of it off');
  const stray = (addon: FakeAddon): void => {
    // Of a session that is over.
    addon.spawn('d', 1, 9);
  };
  t.equal(await told(stray), '', 'it has to wait for one that outlived its session');
});

function sessionOf(cookie: bigint): Buffer {
  const session = Buffer.alloc(structBytes('session'));
  session.writeUInt32LE(1, fieldOf('session', 'active').offset);
  session.writeBigUInt64LE(cookie, fieldOf('session', 'cookie').offset);
  return session;
}
