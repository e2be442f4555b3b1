// SPDX-License-Identifier: GPL-2.0-only
/**
 * Who is left behind a supervisor (launcher/watcher.c), with another Node program in the place of callgate's: what it does is told by
 * its standard input, and what the watcher has it do stands in a file.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { processStart } from '../../src/host/proc-stat.js';
import { addon } from '../../src/kernel/addon.js';
import type { Session } from '../../src/session/session.js';
import { watchWatcher } from '../../src/supervise/watched.js';

const LAUNCHER = fileURLToPath(new URL('../../../build/Release/callgate', import.meta.url));
/** Writes to the watcher what it reads; called by the watcher, says what stands in `answer` and notes that it was called. */
const SCRIPT = `
const fs = require('node:fs');
const path = require('node:path');
const folder = path.join(__dirname, '../../..');
if (process.argv0 === 'callgate-watch') {
  fs.appendFileSync(folder + '/called', 'called ' + Object.keys(process.env).filter((name) => name.startsWith('CALLGATE_')).join() + '\\n');
  process.stdout.write(fs.readFileSync(folder + '/answer', 'utf8'));
} else {
  const fd = Number(process.env.CALLGATE_WATCHER.split(':')[0]);
  process.stdin.on('data', (bytes) => { fs.writeSync(fd, bytes); process.stdout.write('told'); });
}
`;

t.setTimeout(60_000);

/** Without what those who run the tests say by it. */
const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CALLGATE_')));

interface Scene {
  readonly folder: string;
  readonly supervisor: ChildProcess;
  /** How often Node was asked so far. */
  called(): readonly string[];
  answer(text: string): void;
  /** Has the supervisor tell its watcher. */
  tell(bytes: string): Promise<void>;
  kill(): Promise<void>;
}

/** @param short the command line has fewer bytes than what `ps` is to show */
async function setUp(t: Test, short = false): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-watcher-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const name of ['bin', 'dist', 'dist/src', 'dist/src/cli']) mkdirSync(`${folder}/${name}`);
  copyFileSync(LAUNCHER, `${folder}/bin/callgate`);
  writeFileSync(`${folder}/dist/src/cli/start.cjs`, SCRIPT);
  const answer = (text: string): void => writeFileSync(`${folder}/answer`, text);
  answer('');
  const supervisor = spawn(`${folder}/bin/callgate`, ['run', 'true'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // By it the watcher is known among all processes; the first may be written over.
    env: { AAA: 'A'.repeat(64), ...own, SCENE: folder },
    ...(short ? { argv0: 'c' } : {}),
  });
  const called = (): readonly string[] =>
    existsSync(`${folder}/called`) ? readFileSync(`${folder}/called`, 'utf8').split('\n').slice(0, -1) : [];
  const tell = async (bytes: string): Promise<void> => {
    const told = new Promise((resolve) => supervisor.stdout?.once('data', resolve));
    supervisor.stdin?.write(bytes);
    await told;
  };
  const kill = async (): Promise<void> => {
    // The end of its output, which the watcher does not hold open.
    const ended = new Promise((resolve) => supervisor.once('close', resolve));
    supervisor.kill('SIGKILL');
    await ended;
  };
  return { folder, supervisor, called, answer, tell, kill };
}

/** Until it holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** The watcher of a scene. */
function watchers(folder: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      const own = /^\d+$/.test(name) && readFileSync(`/proc/${name}/comm`, 'utf8') === 'callgate-watch\n';
      return own && readFileSync(`/proc/${name}/environ`, 'latin1').includes(`SCENE=${folder}\0`) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** Has it a pidfd of the process? */
function waitsFor(watcher: number, pid: number): boolean {
  const folder = `/proc/${watcher}/fdinfo`;
  return readdirSync(folder).some((fd) => readFileSync(`${folder}/${fd}`, 'utf8').includes(`Pid:\t${pid}\n`));
}

t.test('who was told that there is nothing, or was told nothing, does nothing', async (t) => {
  for (const bytes of ['', 'AD', 'ADAD']) {
    const scene = await setUp(t);
    if (bytes !== '') await scene.tell(bytes);
    await until(() => watchers(scene.folder).length === 1);
    await scene.kill();
    await until(() => watchers(scene.folder).length === 0);
    t.same(scene.called(), [], bytes);
  }
});

t.test('who was told that there is something has Node look until it says nobody', async (t) => {
  const scene = await setUp(t);
  const subject = spawn('sleep', ['1000']);
  t.teardown(() => subject.kill());
  const pid = subject.pid as number;
  scene.answer(`${pid} ${processStart(pid)}\n`);
  await scene.tell('ADA');
  await scene.kill();
  await until(() => scene.called().length === 1);
  // Of what the launcher told its Node nothing is told to this one.
  t.same(scene.called(), ['called ']);
  await until(() => watchers(scene.folder).some((watcher) => waitsFor(watcher, pid)));
  t.same(scene.called(), ['called '], 'while it lives nobody looks again');
  scene.answer('');
  subject.kill();
  await until(() => watchers(scene.folder).length === 0);
  t.same(scene.called(), ['called ', 'called ']);
});

t.test('who has the number of one that is gone is not waited for', async (t) => {
  const scene = await setUp(t);
  scene.answer(`${process.pid} 1\n`);
  await scene.tell('A');
  await scene.kill();
  await until(() => scene.called().length === 2);
  scene.answer('');
  await until(() => watchers(scene.folder).length === 0);
  t.pass('it looked again, though one of that number lives');
});

t.test('ps tells it from its supervisor, whose number it says', async (t) => {
  for (const short of [false, true]) {
    const scene = await setUp(t, short);
    await until(() => watchers(scene.folder).length === 1);
    const [watcher] = watchers(scene.folder) as [number];
    const shown = (): string => readFileSync(`/proc/${watcher}/cmdline`, 'latin1').replace(/\0+$/, '');
    t.equal(shown(), `callgate-watch ${scene.supervisor.pid}`, short ? 'though its own words were fewer' : 'long');
    t.match(readFileSync(`/proc/${scene.supervisor.pid}/cmdline`, 'latin1'), /^node\0.*start\.cjs\0run\0/);
    await scene.tell('D');
    await scene.kill();
    await until(() => watchers(scene.folder).length === 0);
  }
});

t.test('that it is gone is said, once', async (t) => {
  const native = addon();
  for (const when of ['before', 'while']) {
    const watcher = spawn('sleep', ['1000']);
    const ended = new Promise((resolve) => watcher.once('exit', resolve));
    const pid = watcher.pid as number;
    const state = { watcher: { pid, start: String(processStart(pid)) } };
    if (when === 'before') {
      watcher.kill('SIGKILL');
      await ended;
    }
    const said: string[] = [];
    const told = new Promise<void>((resolve) => {
      const end = watchWatcher({ host: { addon: native }, state } as unknown as Session, (words) => {
        said.push(words);
        resolve();
      });
      t.teardown(end);
    });
    watcher.kill('SIGKILL');
    await told;
    t.match(said.join('|'), new RegExp(`^the watcher \\(${pid}\\) is gone: if this supervisor is killed now`), when);
  }
  const said: string[] = [];
  const silent = { host: { addon: native }, state: { watcher: null } } as unknown as Session;
  watchWatcher(silent, (words) => void said.push(words))();
  const watcher = spawn('sleep', ['1000']);
  const ended = new Promise((resolve) => watcher.once('exit', resolve));
  const pid = watcher.pid as number;
  const state = { watcher: { pid, start: String(processStart(pid)) } };
  watchWatcher({ host: { addon: native }, state } as unknown as Session, (words) => void said.push(words))();
  watcher.kill('SIGKILL');
  await ended;
  t.same(said, [], 'nothing of one that there never was, or behind the end');
});

t.test('it holds nothing of the caller’s', async (t) => {
  const scene = await setUp(t);
  await scene.tell('A');
  const [watcher] = watchers(scene.folder);
  t.same(readdirSync(`/proc/${watcher}/fd`).sort(), ['0', '1', '2', '3', '4']);
  const stat = readFileSync(`/proc/${watcher}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  // Group and session.
  t.equal(stat[2], stat[3], 'a session of its own');
  t.not(Number(stat[1]), scene.supervisor.pid, 'nobody’s child');
  await scene.tell('D');
  await scene.kill();
  await until(() => watchers(scene.folder).length === 0);
});
