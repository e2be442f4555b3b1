// SPDX-License-Identifier: GPL-2.0-only
/** The launcher as systrace: who becomes the program, who stays in the background, and what the shell is told. No gate is needed. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'callgate-background-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** The launcher with another script: it runs the program, and writes down who it is itself. */
mkdirSync(`${folder}/bin`);
mkdirSync(`${folder}/dist/src/cli`, { recursive: true });
copyFileSync(`${ROOT}build/Release/callgate`, `${folder}/bin/systrace`);
const source = `${ROOT}dist/src`;
writeFileSync(
  `${folder}/dist/src/cli/start.cjs`,
  `(async () => {
    const fs = require('node:fs');
    const stat = fs.readFileSync('/proc/self/stat', 'latin1').split(') ')[1].split(' ');
    fs.writeFileSync('${folder}/supervisor', JSON.stringify({ pid: process.pid, name: process.argv0, session: Number(stat[3]) }));
    const { caller } = await import('${source}/cli/caller.js');
    if (caller() === null) return;
    const { env, held, words } = caller();
    if (words.some((word) => word.toString() === 'quit')) return void fs.writeSync(held.control, Buffer.from('xM'));
    if (words.some((word) => word.toString() === 'die')) process.kill(process.pid, 'SIGKILL');
    const { addon } = await import('${source}/kernel/addon.js');
    const argv = words.slice(words.findIndex((word) => word.toString().startsWith('/bin/')));
    const file = words.some((word) => word.toString() === 'missing') ? '/nowhere' : argv[0].toString();
    const { launchOf } = await import('${source}/supervise/begin.js');
    const program = { path: file, file: Buffer.from(file), name: 'p', before: [] };
    const child = addon().hold(launchOf({ program, argv, env, held, identity: {}, cwd: null }));
    if (words.some((word) => word.toString() === 'abandon')) return child.abandon();
    const ended = child.wait();
    await child.release();
    fs.writeFileSync('${folder}/ended.new', JSON.stringify(await ended));
    fs.renameSync('${folder}/ended.new', '${folder}/ended');
  })().catch((error) => { console.error(error.message); process.exitCode = 125; });`,
);

interface Told {
  readonly pid: number;
  readonly name: string;
  readonly session: number;
}

/** Runs it by a shell that says its own pid first, and becomes it. */
function run(...words: string[]) {
  for (const file of ['supervisor', 'ended']) rmSync(`${folder}/${file}`, { force: true });
  const child = spawnSync('/bin/sh', ['-c', 'echo $$; exec "$0" "$@"', `${folder}/bin/systrace`, ...words], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, LANG: 'C' },
  });
  const [shell = '', ...lines] = child.stdout.split('\n');
  const supervisor = JSON.parse(readFileSync(`${folder}/supervisor`, 'utf8')) as Told;
  return { status: child.status, signal: child.signal, shell: Number(shell), said: lines, supervisor };
}

async function ended(): Promise<unknown> {
  for (;;) {
    try {
      return JSON.parse(readFileSync(`${folder}/ended`, 'utf8'));
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

t.test('the process that was started becomes the program', async (t) => {
  const { status, shell, said, supervisor } = run('-a', '/bin/sh', '-c', 'echo $$ $PPID; exit 7');
  t.equal(status, 7, 'its status is the program’s');
  t.equal(said[0], `${shell} ${process.pid}`, 'its pid and its parent are what they were');
  t.equal(supervisor.name, 'systrace');
  t.ok(
    supervisor.pid !== shell && supervisor.session !== shell && supervisor.session !== supervisor.pid,
    'systrace is elsewhere, in a session of its own',
  );
  t.same(await ended(), { code: null, signal: null }, 'how it ended is its parent’s to know');
});

t.test('with -t it is the other way round', async (t) => {
  const { status, shell, said, supervisor } = run('-t', '/bin/sh', '-c', 'echo $$ $PPID; exit 7');
  t.equal(status, 0, 'the status is this script’s');
  t.equal(supervisor.pid, shell);
  t.equal(said[0]?.split(' ')[1], String(shell), 'the program is its child');
  t.same(await ended(), { code: 7, signal: null });
});

t.test('what cannot be started tells the shell', (t) => {
  t.equal(run('-a', '/bin/sh', 'quit').status, 'M'.charCodeAt(0), 'the status that systrace says');
  t.equal(run('-a', '/bin/sh', 'abandon').status, 126);
  t.equal(run('-a', '/bin/sh', 'missing').status, 127);
  t.equal(run('-a', '/bin/sh', 'die').status, 127, 'systrace died: nothing is run');
  for (const words of [['-V'], ['-x'], ['-p', '12', '/bin/sh'], ['-a']])
    t.equal(run(...words).supervisor.name, 'systrace', `${words.join(' ')}: no program is held`);
  t.end();
});
