// SPDX-License-Identifier: GPL-2.0-only
/** The lock: one at a time, waited for without holding up the event loop, its holder named. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Host } from '../../src/host/host.js';
import { lockHolders } from '../../src/host/locks.js';
import { addon } from '../../src/kernel/addon.js';
import { locked } from '../../src/session/acquire.js';

function hostIn(test: Test): Host {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-lock-'));
  test.teardown(() => rmSync(folder, { recursive: true }));
  const run = join(folder, 'run');
  return { addon: addon(), pins: '', run, journals: '', logs: '', policies: '', groups: [], installation: '' };
}

/** Another process that has the lock; resolves once it has. */
async function holder(host: Host): Promise<ChildProcess> {
  await locked(host, () => undefined);
  const child = spawn('flock', [join(host.run, 'lock'), 'sh', '-c', 'echo held; read line'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

t.test('two actions of one process never overlap', async (t) => {
  const host = hostIn(t);
  const steps: string[] = [];
  const act = (name: string) =>
    locked(host, async () => {
      steps.push(`${name} begins`);
      await new Promise(setImmediate);
      steps.push(`${name} ends`);
    });
  await Promise.all([act('one'), act('two')]);
  t.same(steps, ['one begins', 'one ends', 'two begins', 'two ends']);
});

t.test('the event loop goes on while another process has it', async (t) => {
  const host = hostIn(t);
  const child = await holder(host);
  let done = false;
  const waiting = locked(host, () => {
    done = true;
  });
  // Each turn of the loop is one that a blocked process would not have.
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  t.equal(done, false);
  child.stdin?.end('\n');
  await waiting;
  t.equal(done, true);
});

t.test('who holds it too long is named', async (t) => {
  const host = hostIn(t);
  const child = await holder(host);
  const [found] = lockHolders(join(host.run, 'lock'));
  t.ok(found !== undefined && found.pid > 0);
  await t.rejects(
    locked(host, () => undefined, 0),
    {
      message: `${join(host.run, 'lock')}: held for more than 0 s by ${found?.comm} (pid ${found?.pid})`,
      remedy: `wait for it, or end it: kill ${found?.pid}`,
    },
  );
  child.stdin?.end('\n');
});

t.test('a failure lets go of it', async (t) => {
  const host = hostIn(t);
  await t.rejects(
    locked(host, () => {
      throw new Error('no');
    }),
    { message: 'no' },
  );
  t.equal(await locked(host, () => 'free'), 'free');
  t.same(lockHolders(join(host.run, 'lock')), []);
});
