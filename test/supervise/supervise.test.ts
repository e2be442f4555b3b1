// SPDX-License-Identifier: GPL-2.0-only
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Application } from '../../src/application/application.js';
import { FolderSource } from '../../src/application/source.js';
import { ask } from '../../src/control/client.js';
import type { Answers } from '../../src/control/protocol.js';
import { ProgramNotFound } from '../../src/host/failure.js';
import type { Host } from '../../src/host/host.js';
import { ignore } from '../../src/host/signals.js';
import type { LaunchOptions } from '../../src/kernel/addon.js';
import { Gate } from '../../src/kernel/gate.js';
import { Numbering } from '../../src/session/images.js';
import { Session } from '../../src/session/session.js';
import { readState, writeState } from '../../src/session/state.js';
import { findSession } from '../../src/session/target.js';
import { changeMode, endSession } from '../../src/supervise/attended.js';
import { type Ended, exitStatus } from '../../src/supervise/foreground.js';
import { launching } from '../../src/supervise/launch.js';
import { stopSession, sweepSession } from '../../src/supervise/stop.js';
import { Supervisor } from '../../src/supervise/supervisor.js';
import { around } from '../cases.js';
import { type FakeAddon, failure } from '../session/fake-addon.js';
import { fakeHost } from '../session/fake-host.js';

interface SetUp {
  host: Host;
  addon: FakeAddon;
  session: Session;
  talk: string[];
  run(file?: string): Promise<Ended>;
}

function setUp(test: Test): SetUp {
  const { addon, host } = fakeHost(test);
  const gate = new Gate(addon.load({ directory: host.pins }));
  const facts = {
    name: 'd-1',
    kind: 'run' as const,
    command: ['/usr/sbin/d'],
    folder: '/p',
    user: null,
    log: '/dev/null',
    journal: null,
    mode: null,
  };
  const image = {
    index: 1,
    program: '/usr/sbin/d',
    file: 'd.yaml',
    digest: 'sha256:0',
    generation: 1,
    mode: 'enforce' as const,
    version: 1 as const,
    class: 0,
    bytes: Buffer.from('image'),
  };
  const session = Session.open(host, gate, facts, [image]);
  const talk: string[] = [];
  const launch = (file: string): LaunchOptions => ({
    file,
    argv: [file],
    env: [],
    cwd: '/',
    stdio: [0, 1, 2],
    detached: false,
  });
  const run = (file = '/usr/sbin/d'): Promise<Ended> => {
    const say = (line: string): void => void talk.push(line);
    const application = { folder: '/p', policies: [] };
    const supervisor = new Supervisor({ session, application, sinks: [], policies: null, talk: say });
    return supervisor.attend(launching(session.state.policies[0]?.number ?? 0, launch(file)));
  };
  return { host, addon, session, talk, run };
}

t.test('the program is a subject before it is let go', async (t) => {
  const { addon, session, run } = setUp(t);
  addon.onStart = (task) => {
    t.equal(task.policy, session.state.policies[0]?.number);
    t.equal(task.session, session.number);
    addon.end(task.pid, 7);
  };
  t.same(await run(), { code: 7, signal: null });
});

t.test('the exit status is the shell’s', async (t) => {
  t.equal(exitStatus({ code: 3, signal: null }), 3);
  t.equal(exitStatus({ code: null, signal: 15 }), 143);
});

t.test('it stays until the last subject is gone, and says who runs on', async (t) => {
  const { addon, session, talk, run } = setUp(t);
  let daemon = 0;
  addon.onStart = (task) => {
    daemon = addon.spawn('d', task.policy, task.session).pid;
    addon.end(task.pid, 0);
    setTimeout(() => {
      // A child forked behind its back is waited for as well.
      const child = addon.spawn('child', task.policy, session.number);
      addon.end(daemon, 0);
      setTimeout(() => addon.end(child.pid, 0), 50);
    }, 300);
  };
  t.same(await run(), { code: 0, signal: null }, 'the status is that of the program, not of its children');
  t.same(talk, [`d runs on, pid ${daemon}; callgate stop d-1 ends it`]);
  t.equal(addon.tasks.size, 0);
});

t.test('children that end at once are no background', async (t) => {
  const { addon, talk, run } = setUp(t);
  addon.onStart = (task) => {
    const child = addon.spawn('d', task.policy, task.session);
    addon.end(task.pid, 0);
    setTimeout(() => addon.end(child.pid, 0), 10);
  };
  await run();
  t.same(talk, []);
});

t.test('signals go to every subject', async (t) => {
  const { addon, run } = setUp(t);
  addon.onStart = (task) => {
    addon.spawn('child', task.policy, task.session);
    setTimeout(() => process.kill(process.pid, 'SIGTERM'), 10);
  };
  const listeners = process.listenerCount('SIGTERM');
  t.same(await run(), { code: null, signal: 15 });
  t.equal(addon.signals.length, 2);
  t.equal(process.listenerCount('SIGTERM'), listeners, 'and callgate’s own handlers are gone with it');
});

t.test('Ctrl-C behind the end of the program: what is left is asked to end, and then made to', async (t) => {
  const { addon, talk, run } = setUp(t);
  const sent = async (signal: NodeJS.Signals, count: number): Promise<void> => {
    process.kill(process.pid, signal);
    while (addon.signals.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  let [main, child] = [0, 0];
  addon.onStart = (task) => {
    main = task.pid;
    task.ignores = [2];
    const left = addon.spawn('left', task.policy, task.session);
    left.ignores = [2, 15];
    child = left.pid;
  };
  const ended = run();
  while (child === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const count of [2, 4]) await sent('SIGINT', count);
  t.same(
    addon.signals.map(([pid, signal]) => `${pid === main ? 'program' : 'left'} ${signal}`).sort(),
    ['left 2', 'left 2', 'program 2', 'program 2'],
    'as long as the program is there they are its own affair',
  );
  addon.end(main, 3);
  while (talk.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  t.same(talk, [`d runs on, pid ${child}; callgate stop d-1 ends it`]);
  addon.signals.length = 0;
  ignore('SIGINT');
  await sent('SIGINT', 1);
  t.same(addon.signals, [[child, 2]], 'who was to take no notice of it passes it on, and no more');
  process.removeAllListeners('SIGINT');
  addon.signals.length = 0;
  await sent('SIGTERM', 1);
  t.same(addon.signals, [[child, 15]]);
  await sent('SIGTERM', 2);
  t.same(addon.signals[1], [child, 9]);
  t.same(await ended, { code: 3, signal: null }, 'and the status is still the program’s');
});

t.test('a program that is not there', async (t) => {
  const { run } = setUp(t);
  await t.rejects(run('/missing'), ProgramNotFound);
});

t.test('stop asks, and tells who does not listen', async (t) => {
  const { host, addon, session } = setUp(t);
  const one = addon.spawn('one', 1, session.number);
  t.same((await stopSession(host, session.gate, session.state, false)).ended, [{ pid: one.pid, comm: 'one' }]);
  const deaf = addon.spawn('deaf', 1, session.number);
  deaf.ignores = [15];
  const killed = await stopSession(host, session.gate, session.state, true);
  t.same(killed, { session: 'd-1', ended: [{ pid: deaf.pid, comm: 'deaf' }], signal: 'SIGKILL' });
});

t.test('a session whose supervisor lives is not swept', async (t) => {
  const { host, session } = setUp(t);
  t.equal(sweepSession(host, session.gate, 'd-1'), false);
});

t.test('a session is found by name, pid and program', async (t) => {
  const { host, addon, session } = setUp(t);
  const task = addon.spawn('d', 1, session.number);
  for (const word of ['d-1', String(task.pid), 'd', '/usr/sbin/d'])
    t.equal(findSession(host, session.gate, word).name, 'd-1', word);
  t.throws(() => findSession(host, session.gate, 'other'), /no session/);
  t.throws(() => findSession(host, session.gate, '1'), /no session/);
});

t.test('mode and stop go through the supervisor where one attends', async (t) => {
  const { host, addon, session, run } = setUp(t);
  const started = new Promise<void>((resolve) => {
    addon.onStart = () => resolve();
  });
  const ended = run();
  await started;
  const folder = join(host.run, 'd-1');
  t.same(await changeMode(host, 'd-1', 'complain'), {
    ...{ session: 'd-1', mode: 'complain', was: ['enforce'], policies: ['/usr/sbin/d'] },
  });
  t.equal(session.state.mode, 'complain', 'the supervisor itself switched it');
  t.equal(readState(host, 'd-1')?.mode, 'complain');
  await t.rejects(ask(folder, { v: 1, do: 'reload' }, 5000), /is learning/);
  const [subject] = [...addon.tasks.keys()];
  addon.connecting = subject ?? 0;
  await t.rejects(ask(folder, { v: 1, do: 'mode', mode: 'complain' }, 5000), {
    ...{ name: 'Refusal', message: `process ${subject} is under a policy itself: it may not ask this` },
  });
  addon.connecting = process.pid;
  t.same((await endSession(host, 'd', false)).ended, [{ pid: subject, comm: 'd' }]);
  t.same(await ended, { code: null, signal: 15 });
  t.notOk(existsSync(join(folder, 'control')), 'the door goes with the supervisor');
  await t.rejects(changeMode(host, 'd-1', 'enforce'), /supervisor \d+ lives/, 'there is one writer of a state');
});

t.test('where nobody attends the command does it itself', async (t) => {
  const { host, addon, session } = setUp(t);
  const state = { ...session.state, supervisor: { pid: 1, start: '0' } };
  writeState(host, state);
  addon.spawn('d', 1, session.number);
  t.equal((await changeMode(host, 'd-1', 'complain')).mode, 'complain');
  t.equal(readState(host, 'd-1')?.mode, 'complain');
  t.equal((await endSession(host, 'd-1', true)).signal, 'SIGKILL');
  t.equal(readState(host, 'd-1'), undefined, 'and frees it');
});

t.test('a changed policy: what cannot be retired, or taken in, ends nobody', async (t) => {
  const { host, addon, session } = setUp(t);
  const policies = join(host.run, '..', 'p');
  mkdirSync(policies, { mode: 0o755 });
  const file = join(policies, 'd.yaml');
  const text = 'version: 1\nprogram: /usr/sbin/d\ndefault: deny\nrules:\n';
  writeFileSync(file, text, { mode: 0o644 });
  const source = new FolderSource(policies, [], around);
  const numbering = new Numbering();
  const talk: string[] = [];
  const application = (await source.load()) as Application;
  const supervisor = new Supervisor({
    ...{ session, application, sinks: [], policies: { source, numbering, mode: 'as-written', around } },
    talk: (line) => void talk.push(line),
  });
  let pid = 0;
  const started = new Promise<void>((resolve) => {
    addon.onStart = (task) => {
      pid = task.pid;
      resolve();
    };
  });
  const number = session.state.policies[0]?.number ?? 0;
  const launch = { file: '/usr/sbin/d', argv: ['d'], env: [], cwd: '/', detached: false } as const;
  const ended = supervisor.attend(launching(number, { ...launch, stdio: [0, 1, 2] }));
  await started;
  const answer = (await ask(join(host.run, 'd-1'), { v: 1, do: 'reload' }, 5000)) as Answers['reload'];
  t.same(answer, { session: 'd-1', taken: [{ program: '/usr/sbin/d', generation: 2 }] });
  // The lock cannot be had from now on: the old image cannot be retired, and that is told.
  const lock = addon.lock.bind(addon);
  addon.lock = () => {
    throw failure('ENOLCK', 'flock');
  };
  while (!talk.some((line) => line.includes('old images keep their places')))
    await new Promise((resolve) => setTimeout(resolve, 20));
  writeFileSync(file, `${text}nonsense\n`);
  await t.rejects(supervisor.reload(), /d\.yaml/);
  while (!talk.some((line) => line.includes('d.yaml:5'))) await new Promise((resolve) => setTimeout(resolve, 20));
  t.same(session.state.held.length, 1, 'it is freed with the session');
  addon.lock = lock;
  addon.end(pid, 0);
  t.same(await ended, { code: 0, signal: null });
});
