// SPDX-License-Identifier: GPL-2.0-only
/** What a supervisor that was killed left standing still: told first, and denied by the next command that has to do with it. */
import { spawn } from 'node:child_process';
import { mkdirSync, realpathSync } from 'node:fs';
import t, { type Test } from 'tap';
import { structBytes, writeNumber } from '../../src/abi/struct.js';
import { render } from '../../src/commands/status.js';
import { bootNow } from '../../src/host/clock.js';
import { Gate } from '../../src/kernel/gate.js';
import { u32 } from '../../src/kernel/records.js';
import { Session } from '../../src/session/session.js';
import { readState, writeState } from '../../src/session/state.js';
import { status } from '../../src/session/status.js';
import { attachable, attachTo } from '../../src/supervise/attach.js';
import { settle, settleAll } from '../../src/supervise/settle.js';
import { unloadAll } from '../../src/supervise/unload.js';
import { hasFields } from '../fields.js';
import type { FakeTask } from '../session/fake-addon.js';
import { fakeHost } from '../session/fake-host.js';

function setUp(test: Test) {
  const { addon, host } = fakeHost(test);
  const gate = new Gate(addon.load({ directory: host.pins }));
  const open = (name: string): Session => {
    const facts = { name, kind: 'run', command: ['/usr/sbin/d'], folder: '/p', user: null, journal: null } as const;
    const image = { index: 1, program: '/usr/sbin/d', file: 'd.yaml', digest: 'sha256:0', generation: 1 } as const;
    return Session.open(host, gate, { ...facts, log: '/dev/null', mode: null }, [
      { ...image, mode: 'enforce', version: 1, class: 0, bytes: Buffer.from('image') },
    ]);
  };
  const asking = (session: Session, comm: string): FakeTask => {
    const task = addon.spawn(comm, session.state.policies[0]?.number ?? 0, session.number);
    task.stopped = true;
    const question = Buffer.alloc(structBytes('question'));
    writeNumber(question, 'question', 'cookie', session.cookie);
    writeNumber(question, 'question', 'start', task.start);
    writeNumber(question, 'question', 'sequence', 1n);
    writeNumber(question, 'question', 'since', bootNow());
    writeNumber(question, 'question', 'group', task.pid);
    gate.native.update('questions', u32(task.pid), question);
    return task;
  };
  /** As if its supervisor had been killed. */
  const abandon = (name: string): void => {
    const state = readState(host, name);
    if (state !== undefined) writeState(host, { ...state, supervisor: { pid: 1, start: '12345678' } });
  };
  return { addon, host, gate, open, asking, abandon };
}

t.test('what stands still is named first, whoever supervises it', async (t) => {
  const { host, gate, open, asking, abandon } = setUp(t);
  open('a-1');
  const two = asking(open('b-1'), 'cat');
  open('c-1');
  abandon('c-1');
  const before = status(host, gate);
  t.same(
    before.sessions.map(({ name }) => name),
    ['b-1', 'c-1', 'a-1'],
  );
  t.match(
    render(before),
    new RegExp(
      `^b-1:\n {2}cat \\(${two.pid}\\) STANDS STILL since \\S+: it waits for an answer\n {2}answer it: callgate attach b-1\n\ngate `,
    ),
  );
  t.same(
    attachable(host).map(({ session, supervisor, processes }) => [
      session,
      supervisor,
      processes.map(({ waits }) => waits),
    ]),
    [
      ['a-1', process.pid, []],
      ['b-1', process.pid, [true]],
      ['c-1', null, []],
    ],
  );
});

t.test('one whose supervisor lives is left to it', async (t) => {
  const { addon, host, gate, open, asking } = setUp(t);
  const session = open('a-1');
  asking(session, 'cat');
  t.same(settle(host, gate, session.state), { session: 'a-1', continued: [] });
  t.same({ signals: addon.signals, waiting: gate.questions.waiting().length }, { signals: [], waiting: 1 });
});

t.test('one whose supervisor was killed goes on, with nobody there to ask', async (t) => {
  const { addon, host, gate, open, asking, abandon } = setUp(t);
  const [session, other] = [open('a-1'), open('b-1')];
  const [task, bystander] = [asking(session, 'cat'), asking(other, 'tac')];
  gate.questions.attend(session.number, session.cookie, bootNow() + 1_000_000_000n);
  abandon('a-1');
  t.match(
    render(status(host, gate)),
    /nobody can answer it any more; deny it: callgate attach a-1, or end it: callgate stop a-1/,
  );
  await t.rejects(attachTo(host, { word: 'a-1', program: null, ask: false }), {
    message: `a-1: its supervisor was gone and cat (${task.pid}) stood still: what was asked is denied, and they go on; what its policies ask is denied from now on`,
    remedy: 'callgate stop a-1, then callgate run',
  });
  t.same(addon.signals, [[task.pid, 18]], 'and nobody else’s');
  t.same(
    gate.questions.waiting().map(({ tid }) => tid),
    [bystander.pid],
  );
  t.equal(gate.native.lookup('attendance', u32(session.number))?.readBigUInt64LE(8), 0n);
  t.same(settleAll(host, gate), []);
});

t.test('what is no subject cannot be attached to: it is said what makes it one', async (t) => {
  const { host, open } = setUp(t);
  const to = (word: number | string) => attachTo(host, { word: String(word), program: null, ask: false });
  const child = spawn('sleep', ['1000', '1']);
  const titled = spawn('sleep', ['1000'], { argv0: 'sleep: waits' });
  t.teardown(() => [child, titled].map((one) => one.kill('SIGKILL')));
  const sleep = realpathSync('/bin/sleep');
  const node = await to(process.pid).catch(({ remedy }: { remedy: string }) => remedy);
  t.match(
    String(node),
    /^callgate run --pid \d+ puts it under its policy as it runs, .* callgate run -- \/\S* /,
    'this process has threads: systrace cannot take it as it runs',
  );
  for (const begun of [false, true]) {
    if (begun) open('a-1');
    for (const [{ pid }, command] of [
      [child, `${sleep} 1000 1`],
      [titled, `${sleep} 1000`],
    ] as const)
      await t.rejects(to(pid as number), {
        message: `process ${pid} is under no policy, and supervises none: nothing it does is asked`,
        remedy: `systrace -t -p ${pid} ${sleep} asks about it from now on, as it runs; callgate run --pid ${pid} puts it under its policy as it runs, callgate learn --pid ${pid} makes that; callgate run -- ${command} begins it anew, under its policy; callgate learn -- ${command} makes the policy`,
      });
    await t.rejects(to(0x7fffffff), { message: '2147483647: there is no such process', remedy: 'callgate attach' });
  }
  await t.rejects(to('cat'), { message: /^cat: no session/ });
});

t.test('answers and questions go with their session', async (t) => {
  const { gate, open, asking } = setUp(t);
  const [session, other] = [open('a-1'), open('b-1')];
  for (const one of [session, other]) {
    asking(one, 'cat');
    gate.questions.reply(
      {
        ...{
          cookie: one.cookie,
          policy: 1,
          generation: 1,
          operations: 1,
          scope: 'policy',
          task: { pid: 0, start: 0n },
        },
        object: { objectType: 1, bytes: Buffer.from('/x') },
      },
      { verdict: 'permit', errnum: 0, expires: 0n },
    );
  }
  session.free();
  t.equal(gate.native.keys('replies').length, 1);
  hasFields(t, gate.questions.waiting()[0] ?? {}, { cookie: other.cookie });
});

t.test('what stands still when all is taken off goes on, free', async (t) => {
  const { addon, host, open, asking } = setUp(t);
  const session = open('a-1');
  const task = asking(session, 'cat');
  addon.spawn('tac', session.state.policies[0]?.number ?? 0, session.number);
  mkdirSync(host.pins);
  const { freed } = unloadAll(host);
  t.equal(freed.length, 2);
  t.same(addon.signals, [[task.pid, 18]]);
  t.ok(addon.calls.indexOf('unload') >= 0);
});
