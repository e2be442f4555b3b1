// SPDX-License-Identifier: GPL-2.0-only
/** Programs that run already: which can be taken, and what is said of the others. */
import { type ChildProcess, spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import t from 'tap';
import { requireNoSupervisor, requireTakable, taking } from '../../src/classic/running.js';
import { isTakable, lookAt, type Running } from '../../src/host/running.js';
import { Gate } from '../../src/kernel/gate.js';
import { encodeSubject } from '../../src/kernel/records.js';
import { Session } from '../../src/session/session.js';
import { fakeHost } from '../session/fake-host.js';

const SLEEP: Running = { pid: 812, threads: 1, tracer: 0, exe: '/usr/bin/sleep', rings: false, stopped: false };

function refused(changed: Partial<Running>): string {
  try {
    requireTakable({ ...SLEEP, ...changed }, 4000, 'systrace -a sleep 10');
    return 'taken';
  } catch (error) {
    return (error as Error).message;
  }
}

t.test('who can be taken', (t) => {
  t.equal(refused({}), 'taken');
  t.equal(refused({ stopped: true }), 'taken');
  t.equal(refused({ pid: 4000 }), '4000 is this systrace itself');
  t.equal(refused({ pid: 1 }), '1 is init: everything would hang on what it is denied');
  t.equal(refused({ exe: null }), "812 is the kernel's own: it runs no program");
  t.equal(refused({ tracer: 7 }), '812 is traced by 7, which acts in its place');
  t.equal(refused({ rings: true }), '812 has an io_uring: it could act through it unjudged');
  t.equal(refused({ threads: 2 }).slice(0, 19), '812 has 2 threads: ');
  for (const changed of [
    {},
    { stopped: true },
    { pid: 1 },
    { exe: null },
    { tracer: 7 },
    { rings: true },
    { threads: 2 },
  ])
    t.equal(isTakable({ ...SLEEP, ...changed }), refused(changed) === 'taken', JSON.stringify(changed));
  t.end();
});

const started = (program: string, ...words: string[]): Promise<ChildProcess> =>
  new Promise((resolve) => {
    const child = spawn(program, words, { stdio: 'ignore' });
    t.teardown(() => child.kill('SIGKILL'));
    child.once('spawn', () => resolve(child));
  });

t.test('what is seen of a process', async (t) => {
  const child = await started('sleep', '1000');
  const sleep = realpathSync('/bin/sleep');
  t.same(lookAt(child.pid as number), { ...SLEEP, pid: child.pid, exe: sleep });
  const many = lookAt(process.pid);
  t.ok(many.threads > 1, 'this process has threads');
  t.throws(() => lookAt(0x7fffffff), { message: '2147483647: there is no such process' });
});

t.test('it is stopped, made a subject, and let go on', async (t) => {
  const child = await started('sleep', '1000');
  const pid = child.pid as number;
  const { addon, host } = fakeHost(t);
  const gate = new Gate(addon.load({ directory: host.pins }));
  const facts = { name: 's-1', kind: 'run', command: ['sleep'], folder: '/p', user: null, log: '/dev/null' } as const;
  const session = Session.open(host, gate, { ...facts, journal: null, mode: null }, []);
  const acts: string[] = [];
  const real = { pid, state: (): boolean => lookAt(pid).stopped };
  Object.assign(addon, {
    openPidfd: () => 99,
    closeFd: () => acts.push('close'),
    sendSignal: (_fd: number, signal: number) => {
      acts.push(`signal ${signal}`);
      process.kill(pid, signal);
    },
    mark: (_gate: unknown, pidfd: number, subject: Uint8Array) =>
      acts.push(
        `mark ${pidfd} ${real.state() ? 'stopped' : 'running'} ${Buffer.from(subject).equals(encodeSubject(3, session.number, session.cookie))}`,
      ),
    waitPidfd: () => ({ done: Promise.resolve(), cancel: () => undefined }),
  });
  const { ended } = await taking(3, pid, '/usr/bin/sleep').enter(session);
  t.same(acts, ['signal 19', 'mark 99 stopped true', 'signal 18']);
  t.same(await ended, { code: 0, signal: null }, 'that it has ended is no failure');
  acts.length = 0;
  Object.assign(addon, {
    mark: () => {
      throw Object.assign(new Error('mark'), { code: 'EEXIST' });
    },
  });
  await t.rejects(taking(3, pid, '/usr/bin/sleep').enter(session), {
    message: `${pid} is under a policy already`,
    remedy: `callgate attach ${pid} --ask`,
  });
  t.same(acts, ['signal 19', 'signal 18', 'close'], 'what cannot be taken goes on as well');
});

t.test('the number of a supervisor is not its program’s', async (t) => {
  const { addon, host } = fakeHost(t);
  const gate = new Gate(addon.load({ directory: host.pins }));
  for (const [kind, remedy] of [
    ['run', `callgate attach ${process.pid} --ask`],
    ['learn', 'callgate status'],
  ] as const) {
    const facts = {
      name: `${kind}-1`,
      kind,
      command: ['/usr/sbin/inetd'],
      folder: '/p',
      user: null,
      mode: null,
    } as const;
    const session = Session.open(host, gate, { ...facts, log: '/dev/null', journal: null }, []);
    t.throws(() => requireNoSupervisor(process.pid, [session.state]), {
      message: `${process.pid} is the supervisor of ${kind}-1: /usr/sbin/inetd is under a policy already`,
      remedy,
    });
    t.doesNotThrow(() => requireNoSupervisor(812, [session.state]));
  }
});
