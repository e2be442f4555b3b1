// SPDX-License-Identifier: GPL-2.0-only
/** The launcher, the child it holds and the addon, without a gate: what the program is given is what the caller had. */
import { execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { addon, type LaunchOptions } from '../../src/kernel/addon.js';
import { conditionsIn, told } from '../vm/surroundings.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
execFileSync(`${ROOT}scripts/build-test-programs`);
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'callgate-launch-')));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** The launcher with another script in the place of callgate: the program is run, and nothing else is done. */
function installation(): string {
  mkdirSync(`${folder}/bin`);
  mkdirSync(`${folder}/dist/src/cli`, { recursive: true });
  copyFileSync(`${ROOT}build/Release/callgate`, `${folder}/bin/callgate`);
  const source = `${ROOT}dist/src`;
  writeFileSync(
    `${folder}/dist/src/cli/start.cjs`,
    `(async () => {
      const { caller } = await import('${source}/cli/caller.js');
      const { launchOf } = await import('${source}/supervise/begin.js');
      const { findProgram } = await import('${source}/supervise/program.js');
      const { variableOf } = await import('${source}/supervise/environment.js');
      const { addon } = await import('${source}/kernel/addon.js');
      const { env, held, words: [, , ...argv] } = caller();
      const program = findProgram(argv[0], variableOf(env, 'PATH'));
      const child = addon().hold(launchOf({ program, argv, env, held, identity: {}, cwd: null }));
      const ended = child.wait();
      await child.release();
      const { code, signal } = await ended;
      process.exitCode = signal === null ? code : 128 + signal;
    })().catch((error) => { console.error(error); process.exitCode = 125; });`,
  );
  return `${folder}/bin/callgate`;
}

t.test('what the program is given is what it is given without callgate', async (t) => {
  const callgate = installation();
  for (const [name, conditions] of Object.entries(conditionsIn(folder))) {
    const native = told(folder, conditions, []);
    t.equal(native.status, 7, `${name}: natively`);
    const under = told(folder, conditions, [callgate, 'run']);
    t.same(under, native, name);
  }
});

const options = (file: string, ...argv: string[]): LaunchOptions => ({
  ...{ file, argv: [file, ...argv], env: ['PATH=/usr/bin:/bin'], cwd: '/' },
  ...{ stdio: [0, 1, 2] as const, detached: false },
});

t.test('a child that is forked here', async (t) => {
  const child = addon().hold(options('/bin/sh', '-c', 'test "$PWD" = / && exit 5'));
  const ended = child.wait();
  await child.release();
  t.same(await ended, { code: 5, signal: null });
  t.throws(() => child.wait(), { code: 'EALREADY' });
  t.throws(() => child.release(), { code: 'EALREADY' });
});

t.test('one that cannot be run says why', async (t) => {
  writeFileSync(`${folder}/plain`, '', { mode: 0o644 });
  const child = addon().hold({ ...options('x'), file: Buffer.from(`${folder}/plain`) });
  const ended = child.wait();
  await t.rejects(child.release(), { code: 'EACCES' });
  t.same(await ended, { code: 127, signal: null });
  const elsewhere = addon().hold({ ...options('/bin/true'), cwd: '/nowhere' });
  const end = elsewhere.wait();
  await t.rejects(elsewhere.release(), { code: 'ENOENT' });
  t.same(await end, { code: 127, signal: null });
});

t.test('one that is ended while it is held', async (t) => {
  const child = addon().hold(options('/bin/true'));
  const ended = child.wait();
  addon().sendSignal(child.pidfd, 9);
  t.same(await ended, { code: null, signal: 9 });
  await child.release();
  const given = addon().hold(options('/bin/true'));
  given.abandon();
  t.throws(() => process.kill(given.pid, 0), { code: 'ESRCH' });
});

t.test('wrong options are refused before anything is forked', async (t) => {
  const wrong: readonly unknown[] = [
    ...[undefined, {}, { ...options('/bin/true'), argv: ['a\0b'] }, { ...options('/bin/true'), env: [7] }],
    ...[
      { ...options('/bin/true'), file: Buffer.from([0x2f, 0]) },
      { ...options('/bin/true'), groups: ['x'] },
    ],
    ...[
      { ...options('/bin/true'), held: { pid: 'x' } },
      { ...options('/bin/true'), stdio: undefined },
    ],
  ];
  for (const each of wrong) t.throws(() => addon().hold(each as LaunchOptions), { code: 'EINVAL' });
});

t.test('a tracer that holds what is left of the program delays its end, and does not change it', async (t) => {
  execFileSync('mkfifo', [`${folder}/fifo`]);
  const fifo = openSync(`${folder}/fifo`, 'r+');
  const child = addon().hold({ ...options('/bin/sh', '-c', 'read x; exit 9'), stdio: [fifo, 1, 2] });
  const ended = child.wait();
  await child.release();
  const tracer = spawn(`${ROOT}out/test/trace`, [String(child.pid)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const printed = new Promise<void>((resolve) => {
    tracer.stdout.on('data', (chunk: Buffer) => {
      lines.push(...chunk.toString().trim().split('\n'));
      if (lines.length === 1) writeSync(fifo, '\n');
      if (lines.includes('ended')) resolve();
    });
  });
  await printed;
  let settled = false;
  void ended.then(() => {
    settled = true;
  });
  // The zombie is there and not ours yet: a turn of the loop in which its pidfd was readable.
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  t.notOk(settled);
  tracer.stdin.end();
  t.same(await ended, { code: 9, signal: null });
  t.same(lines, ['traces', 'ended']);
});

t.test('each thread has children of its own', async (t) => {
  const child = addon().hold(options('/bin/true'));
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
     const addon = require(workerData.module);
     const child = addon.hold(workerData.options);
     const ended = child.wait();
     child.release().then(() => ended).then((end) => parentPort.postMessage(end));`,
    {
      eval: true,
      workerData: { module: `${ROOT}build/Release/callgate.node`, options: options('/bin/sh', '-c', 'exit 4') },
    },
  );
  t.same(await new Promise((resolve) => worker.once('message', resolve)), { code: 4, signal: null });
  await worker.terminate();
  const ended = child.wait();
  await child.release();
  t.same(await ended, { code: 0, signal: null });
});
