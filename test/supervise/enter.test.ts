// SPDX-License-Identifier: GPL-2.0-only
/** Programs that run already: who can be taken in, what is said, and how a session of them ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { realpathSync, statSync } from 'node:fs';
import t, { type Test } from 'tap';
import { Gate } from '../../src/kernel/gate.js';
import { Session } from '../../src/session/session.js';
import { detachAll, detachedText, requireEntered } from '../../src/supervise/detach.js';
import { entering } from '../../src/supervise/enter.js';
import { letFall, type Named, nameProcesses } from '../../src/supervise/enterable.js';
import type { FakeAddon, FakeGate } from '../session/fake-addon.js';
import { fakeHost } from '../session/fake-host.js';

const NOBODY = { held: null };

function started(test: Test, program: string, ...words: string[]): Promise<ChildProcess> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { stdio: 'ignore' });
    test.teardown(() => child.kill('SIGKILL'));
    child.once('spawn', () => resolve(child));
  });
}

/** A host whose pidfds are pids, of real processes too. */
function setUp(test: Test): ReturnType<typeof fakeHost> & { held: number[] } {
  const fake = fakeHost(test);
  const held: number[] = [];
  Object.assign(fake.addon, {
    openPidfd: (pid: number) => {
      held.push(pid);
      return pid;
    },
    closeFd: (fd: number) => held.splice(held.indexOf(fd), 1),
  });
  return { ...fake, held };
}

function said(act: () => unknown): string {
  try {
    act();
    return 'nothing';
  } catch (error) {
    return (error as Error).message;
  }
}

t.test('who can be taken in', async (t) => {
  const { host, held } = setUp(t);
  const [sleep, other, tail] = await Promise.all([
    started(t, 'sleep', '1000'),
    started(t, 'sleep', '1000'),
    started(t, 'tail', '-f', '/dev/null'),
  ]);
  const pids = [sleep, other, tail].map(({ pid }) => pid as number);
  const [one = 0, two = 0, three = 0] = pids;
  const exe = realpathSync('/bin/sleep');
  const named = nameProcesses(host, [one, two], NOBODY);
  t.same(
    named,
    [one, two].map((pid) => ({ pid, pidfd: pid, exe })),
  );
  letFall(host.addon, named);
  t.same(held, []);
  const refused = (pid: number, own: { held: number | null } = NOBODY): string =>
    said(() => nameProcesses(host, [pid], own));
  t.equal(refused(1), '1 is init: everything would hang on what it is denied');
  t.equal(refused(process.pid), `${process.pid} is callgate's own`);
  t.equal(refused(one, { held: one }), `${one} is callgate's own`);
  t.equal(refused(one, { held: two }), `${one} is callgate's own`, 'who runs the file of the launcher');
  t.equal(refused(2 ** 30), `${2 ** 30}: there is no such process`);
  const tail_ = realpathSync(`/proc/${three}/exe`);
  t.equal(
    said(() => nameProcesses(host, [one, three], NOBODY)),
    `${one} runs ${exe}, and ${three} runs ${tail_}: those of one program enter one session`,
  );
  t.same(held, [], 'whoever is refused is held no longer');
});

interface Scene {
  readonly addon: FakeAddon;
  readonly native: FakeGate;
  readonly gate: Gate;
  readonly session: Session;
  readonly named: Named;
  readonly lines: string[];
}

/** A real process, and the same as the native half has it. */
async function scene(t: Test): Promise<Scene> {
  const { addon, host } = fakeHost(t);
  const native = addon.load({ directory: host.pins }) as FakeGate;
  const gate = new Gate(native);
  const child = await started(t, 'sleep', '1000');
  const pid = child.pid as number;
  const task = addon.spawn('sleep', 0, 0);
  addon.tasks.delete(task.pid);
  const exe = realpathSync('/bin/sleep');
  Object.assign(task, { pid, file: BigInt(statSync(exe).ino) });
  addon.tasks.set(pid, task);
  native.identify = () => ({ device: 0, inode: BigInt(statSync(exe).ino) });
  const facts = { name: 's-1', kind: 'run', command: ['sleep'], folder: '/p', user: null, log: '/dev/null' } as const;
  const session = Session.open(host, gate, { ...facts, journal: null, mode: null, entered: [pid] }, []);
  return { addon, native, gate, session, named: { pid, pidfd: addon.openPidfd(pid), exe }, lines: [] };
}

function origin({ named, lines }: Scene, hangup = false): ReturnType<typeof entering> {
  const talk = (line: string): void => void lines.push(line);
  return entering({ named: [named], program: '/usr/bin/sleep', policy: 3, hangup, talk });
}

t.test('taken in: it is told, and its end is no failure', async (t) => {
  const all = await scene(t);
  const { ended } = await origin(all).enter(all.session);
  const { pid } = all.named;
  t.same(all.lines, [
    `s-1: ${pid} is under a policy, 1 thread; Ctrl-C lets go`,
    'what was there before is not judged anew: open descriptors, mappings, the working folder, and calls under way',
  ]);
  t.equal(all.addon.tasks.get(pid)?.policy, 3);
  all.addon.end(pid, 0);
  t.same(await ended, { code: 0, signal: null });
});

t.test('let go: it runs on, and the session is over', async (t) => {
  const all = await scene(t);
  const { gate, session, addon } = all;
  const taken = origin(all);
  let waits = 0;
  addon.waitPidfd = () => {
    waits++;
    return { done: new Promise(() => undefined), cancel: () => waits-- };
  };
  const { ended } = await taken.enter(session);
  const { pid } = all.named;
  t.equal(waits, 1);
  const detached = await detachAll(session.host, gate, session.state);
  taken.ran?.left();
  t.same(detached, { session: 's-1', left: [{ pid, comm: 'sleep' }] });
  t.equal(detachedText(detached.left), `let go, and under no policy any more: sleep (${pid})`);
  t.same(await ended, { code: 0, signal: null });
  t.same([waits, addon.pidfds.get(pid)], [0, 0], 'it is waited for no more, or callgate would not end before it');
  t.equal(addon.tasks.get(pid)?.policy, 0);
  t.equal(session.isOver, true);
});

t.test('a program that callgate started is not let go', async (t) => {
  const { session } = await scene(t);
  t.doesNotThrow(() => requireEntered(session.state));
  const { entered: _, ...state } = session.state;
  t.throws(() => requireEntered(state), {
    message: 's-1: its program was started under its policy, and stays so to its end',
    remedy: 'callgate stop s-1',
  });
});

t.test('who cannot be taken in is as before', async (t) => {
  const all = await scene(t);
  const { native, addon, session } = all;
  const task = addon.tasks.get(all.named.pid);
  if (task === undefined) throw new Error('none');
  const attempt = async (change: () => void, message: RegExp, undo: () => void): Promise<void> => {
    change();
    await t.rejects(async () => origin(all).enter(session), { message });
    t.equal(native.watching, 0);
    undo();
  };
  const { file } = task;
  await attempt(
    () => Object.assign(task, { file: 1n }),
    /has become another program than/,
    () => Object.assign(task, { file }),
  );
  await attempt(
    () => Object.assign(task, { policy: 4, cookie: 9n }),
    /is under a policy of another session already/,
    () => Object.assign(task, { policy: 0, cookie: 0n }),
  );
  await attempt(
    () => Object.assign(task, { marks: 8 }),
    /traces other processes/,
    () => Object.assign(task, { marks: 0 }),
  );
  await attempt(
    () => Object.assign(native, { missedForks: 1 }),
    /1 forks happened that the kernel did not tell of/,
    () => Object.assign(native, { missedForks: 0 }),
  );
  t.equal(task.policy, 0, 'let go again');
});
