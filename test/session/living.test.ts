// SPDX-License-Identifier: GPL-2.0-only
/** Who is left, against a native half whose walks miss whom the test says. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readLog } from '../../src/audit/read.js';
import type { Host } from '../../src/host/host.js';
import { Gate } from '../../src/kernel/gate.js';
import { releaseGate } from '../../src/session/acquire.js';
import { look, lookWell } from '../../src/session/living.js';
import { Session, type SessionFacts } from '../../src/session/session.js';
import { readStates, writeState } from '../../src/session/state.js';
import { signalSubjects, subjectProcesses, subjectsGone } from '../../src/session/subjects.js';
import { deadSessions, sweep } from '../../src/supervise/sweep.js';
import { unloadAll } from '../../src/supervise/unload.js';
import type { FakeAddon } from './fake-addon.js';
import { fakeHost } from './fake-host.js';

const NOBODY = 2 ** 22 - 1;

function setUp(test: Test): { host: Host; addon: FakeAddon; gate: Gate; session: Session; log: string } {
  const { folder, addon, host } = fakeHost(test);
  const log = join(folder, 'log', 'd-1.jsonl');
  const facts: SessionFacts = {
    ...{ name: 'd-1', kind: 'run', command: ['/usr/sbin/d'], folder: '/nowhere', user: null, log, journal: null },
    ...{ mode: null },
  };
  const gate = new Gate(addon.load({ directory: host.pins }));
  return { host, addon, gate, session: Session.open(host, gate, facts, []), log };
}

/** As if the supervisor had been killed. */
function orphan({ host, session }: { host: Host; session: Session }): void {
  writeState(host, { ...session.state, supervisor: { pid: NOBODY, start: '1' } });
}

t.test('a walk that meets nobody proves nothing', async (t) => {
  const all = setUp(t);
  const { addon, gate, session, host } = all;
  t.same(look(gate, session.number), { tasks: [], over: true, missed: 0 });
  const task = addon.spawn('d', 1, session.number);
  task.hidden = true;
  t.same(look(gate, session.number), { tasks: [], over: false, missed: 1 });
  t.same(lookWell(gate, session.number).missed, 1);
  orphan(all);
  t.same(deadSessions(host, gate), [], 'its session is not swept');
  t.equal(await subjectsGone(addon, gate, session.number, AbortSignal.timeout(30)), false, 'nor left');
  addon.end(task.pid, 0);
  t.equal(await subjectsGone(addon, gate, session.number), true);
  t.equal(deadSessions(host, gate).length, 1);
});

t.test('a zombie that somebody holds is nobody, and one who lives beside it is', async (t) => {
  const { addon, gate, session } = setUp(t);
  addon.spawn('z', 1, session.number).zombie = true;
  t.equal(look(gate, session.number).over, true);
  t.same(subjectProcesses(gate, session.number), []);
  const hidden = addon.spawn('d', 1, session.number);
  hidden.hidden = true;
  t.equal(look(gate, session.number).over, false);
  addon.end(hidden.pid, 0);
  t.equal(look(gate, session.number).over, true);
});

t.test('somebody born during the walk makes it void', async (t) => {
  const { addon, gate, session } = setUp(t);
  addon.spawn('z', 1, session.number).zombie = true;
  const native = addon.gate as NonNullable<typeof addon.gate>;
  const subjects = native.subjects.bind(native);
  native.subjects = (number) => {
    const listed = subjects(number);
    // The walk has been where it is now.
    addon.spawn('late', 1, session.number);
    return listed;
  };
  t.equal(look(gate, session.number).over, false);
});

t.test('a dead task that is met twice is not taken for two', async (t) => {
  const { addon, gate, session } = setUp(t);
  addon.spawn('z', 1, session.number).zombie = true;
  addon.spawn('d', 1, session.number).hidden = true;
  const native = addon.gate as NonNullable<typeof addon.gate>;
  const subjects = native.subjects.bind(native);
  native.subjects = (number) => Buffer.concat([subjects(number), subjects(number)]);
  t.equal(look(gate, session.number).over, false);
});

t.test('who has a number by now is sent nothing', async (t) => {
  const { addon, gate, session } = setUp(t);
  const task = addon.spawn('d', 1, session.number);
  const processes = subjectProcesses(gate, session.number);
  t.equal(signalSubjects(addon, gate, processes, 10), 1);
  task.start += 1n;
  t.equal(signalSubjects(addon, gate, processes, 9), 0, 'another subject');
  task.policy = 0;
  t.equal(signalSubjects(addon, gate, processes, 9), 0, 'one that is none');
  t.same(addon.signals, [[task.pid, 10]]);
});

t.test('the gate stays while a subject of a session that is over lives', async (t) => {
  const { host, addon, gate, session } = setUp(t);
  const stray = addon.spawn('d', 1, session.number);
  session.free();
  t.equal(releaseGate(host, gate), false);
  const next = Session.open(host, gate, { ...session.state, name: 'd-2' }, []);
  t.equal(next.number, session.number, 'the number is used again');
  t.not(next.cookie, session.cookie);
  t.same(gate.subjects(next.number), [], 'and who had it before is not taken for the next one’s');
  t.equal(next.isOver, true);
  next.free();
  addon.end(stray.pid, 0);
  t.equal(releaseGate(host, gate), true);
});

t.test('behind a supervisor that died the log gets its end', async (t) => {
  const all = setUp(t);
  const { host, gate, log } = all;
  orphan(all);
  t.same(sweep(host, gate), ['d-1']);
  const { records, bad } = readLog(log);
  t.equal(bad, 0);
  t.same(
    records.map((record) => [record.type, record.type === 'end' && record.unattended]),
    [
      ['session', false],
      ['end', true],
    ],
  );
});

t.test('a log that is gone keeps no session', async (t) => {
  const all = setUp(t);
  const { host, gate, log } = all;
  orphan(all);
  rmSync(log, { force: true });
  writeFileSync(join(host.run, 'unused'), '');
  writeState(host, { ...all.session.state, supervisor: { pid: NOBODY, start: '1' }, log: '/dev/null' });
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  t.same(sweep(host, gate), ['d-1']);
  t.ok((await warned).message.startsWith('/dev/null: not all could be saved'));
});

t.test('unload names whom it frees, and says how many it could not', async (t) => {
  const all = setUp(t);
  const { host, addon, gate, session, log } = all;
  orphan(all);
  const task = addon.spawn('d', 1, session.number);
  addon.spawn('h', 1, session.number).hidden = true;
  const unloaded = unloadAll(host);
  t.same(unloaded.freed, [{ pid: task.pid, comm: 'd', session: 'd-1' }]);
  t.equal(unloaded.missed, 1);
  t.equal(gate.whole().off, true, 'supervisors are told');
  t.ok(readFileSync(log, 'utf8').includes('"unattended":true'));
});

t.test('a state that cannot be read keeps nothing on this host', async (t) => {
  const { host } = setUp(t);
  mkdirSync(join(host.run, 'broken'));
  writeFileSync(join(host.run, 'broken', 'state.json'), '{');
  t.throws(() => readStates(host), /not a session's state/);
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  t.same(unloadAll(host).sessions, ['broken', 'd-1']);
  t.ok((await warned).message.endsWith(": not a session's state"));
  t.same(readStates(host), []);
});
