// SPDX-License-Identifier: GPL-2.0-only
/** The supervisor and a real gate: who is waited for, who is signalled, and what is left when it is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { systemHost } from '../../src/host/host.js';
import { adoptGate, type Gate } from '../../src/kernel/gate.js';
import { decodeVersion, u32 } from '../../src/kernel/records.js';
import { acquireGate, locked, releaseGate } from '../../src/session/acquire.js';
import { readStates } from '../../src/session/state.js';
import { subjectProcesses, subjectsGone } from '../../src/session/subjects.js';
import { stopSession, sweepSession } from '../../src/supervise/stop.js';
import { sweep } from '../../src/supervise/sweep.js';
import { needsLsm } from './machine.js';

t.setTimeout(900_000);

const PROCESS = fileURLToPath(new URL('./supervisor-process.js', import.meta.url));

interface Supervisor {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  /** Resolves when the text was printed. */
  printed(text: string): Promise<void>;
}

function supervisor(...command: string[]): Supervisor {
  const child = spawn(process.execPath, [PROCESS, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let check = (): void => undefined;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk;
      check();
    });
  // Not 'close': what the supervisor leaves behind holds the pipes open.
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.on('exit', (code, signal) => resolve({ code, signal })),
  );
  const printed = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      check = () => output.includes(text) && resolve();
      check();
      void ended.then(() =>
        output.includes(text) ? resolve() : reject(new Error(`ended without ${text}: ${output}`)),
      );
    });
  return { process: child, output: () => output, ended, printed };
}

t.test('with a gate', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  const host = systemHost();
  // In use for the whole test: loading takes longer than all of it.
  const gate: Gate = await locked(host, () => {
    const loaded = acquireGate(host);
    loaded.setSession(255, 1n);
    return loaded;
  });
  const kept = gate.identity;
  mkdirSync('/tmp/supervise', { recursive: true });
  t.teardown(() => rmSync('/tmp/supervise', { recursive: true }));

  await t.test('the exit status is the program’s', async (t) => {
    t.same(await supervisor('sh', '-c', 'exit 7').ended, { code: 7, signal: null });
    t.same(await supervisor('sh', '-c', 'kill -9 $$').ended, { code: 137, signal: null });
  });

  await t.test('a program in the background is waited for, and told', async (t) => {
    const run = supervisor('bash', '-c', '(setsid sh -c "read x < /tmp/supervise/go; exit 0" & echo $! ) ; exit 3');
    const { execFileSync } = await import('node:child_process');
    execFileSync('mkfifo', ['/tmp/supervise/go']);
    await run.printed('runs on, pid');
    t.equal(run.process.exitCode, null);
    t.equal(subjectProcesses(gate, 0).length, 1);
    execFileSync('sh', ['-c', 'echo > /tmp/supervise/go']);
    t.same(await run.ended, { code: 3, signal: null });
  });

  await t.test('SIGTERM reaches a child with a session of its own', async (t) => {
    const run = supervisor('bash', '-c', 'setsid sleep 1000 & echo ready; wait');
    await run.printed('ready');
    // Until setsid has run sleep, it is one process more that the signal must find.
    run.process.kill('SIGTERM');
    t.same(await run.ended, { code: 143, signal: null });
    t.same(subjectProcesses(gate, 0), []);
  });

  await t.test('killing the supervisor frees nobody', async (t) => {
    const run = supervisor('bash', '-c', 'sleep 1000 & echo ready; wait');
    await run.printed('ready');
    run.process.kill('SIGKILL');
    await run.ended;
    const [state] = readStates(host);
    if (state === undefined) return t.fail('the session’s state is gone');
    t.ok(subjectProcesses(gate, state.number).length >= 2, 'bash and sleep are subjects still');
    t.same(await locked(host, () => sweep(host, gate)), [], 'and their session is not swept');
    await stopSession(host, gate, state, true);
    t.same(await locked(host, () => sweepSession(host, gate, state.name)), true);
    t.same(readStates(host), []);
    t.same(gate.sessions(), [255]);
    t.equal(gate.slots().size, 0);
  });

  await t.test('a session of a dead supervisor is swept once its last subject is gone', async (t) => {
    const run = supervisor('bash', '-c', 'echo ready; sleep 1');
    await run.printed('ready');
    run.process.kill('SIGKILL');
    await run.ended;
    const number = readStates(host)[0]?.number ?? 0;
    t.equal(await subjectsGone(host.addon, gate, number), true);
    t.equal((await locked(host, () => sweep(host, gate))).length, 1);
    t.same(gate.sessions(), [255]);
  });

  await t.test('the gate is found by others', async (t) => {
    const found = adoptGate(host.addon, host.pins);
    t.equal(found?.identity, gate.identity);
    found?.close();
  });

  await t.test('its hooks go off when nobody is left, and it is kept', async (t) => {
    await locked(host, () => {
      gate.setSession(255, null);
      const hooks = readdirSync(`${host.pins}/links`);
      t.equal(releaseGate(host, gate), true);
      t.same(readdirSync(`${host.pins}/links`), []);
      const again = acquireGate(host);
      t.same([again.identity, again.skipped(), again.sessions()], [kept, 0, []]);
      t.same(readdirSync(`${host.pins}/links`), hooks);
      const later = (): string[] =>
        readdirSync(host.pins).includes('later') ? readdirSync(`${host.pins}/later`).sort() : [];
      const version = (gate: Gate): number => decodeVersion(gate.native.lookup('policies', u32(0)) as Buffer);
      t.same([version(again), later()], [1, []], 'those of version 2 are off');
      again.raiseVersion(1);
      t.same([version(again), later()], [1, []], 'a policy of version 1 needs none of them');
      for (let times = 0; times < 2; times++) {
        again.raiseVersion(2);
        t.same(
          [version(again), later()],
          [2, [...host.addon.laterHooks].sort()],
          'one of version 2 has them put on, once',
        );
      }
      t.equal(releaseGate(host, again), true);
      t.same(readdirSync(`${host.pins}/links`), []);
      t.same(later(), [], 'and they go with the others');
      const anew = acquireGate(host);
      t.same([anew.identity, version(anew), later()], [kept, 1, []]);
      anew.raiseVersion(2);
      t.same(later(), [...host.addon.laterHooks].sort(), 'put on again while the links of before still go');
      t.equal(releaseGate(host, anew), true);
    });
  });
});
