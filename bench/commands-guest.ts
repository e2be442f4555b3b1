// SPDX-License-Identifier: GPL-2.0-only
/**
 * `callgate run -- true` beside `true`: on a bare kernel, on a gate that is kept since the last session, and beside another session; run by
 * bench/commands.ts in a VM. What is counted is processor time, a nanosecond an instruction: while nothing runs the guest's clock
 * jumps to the next timer. And what an open costs who is confined by nothing: before, between sessions, and while there is one.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { medianOf } from './figure.js';
import { timed } from './timed.js';
import { tellHost } from './vm.js';

const BIN = fileURLToPath(new URL('../../bin/callgate', import.meta.url));
const FOLDER = '/tmp/policies';
const TURNS = { alone: 11, loaded: 5, kept: 5, bare: 3 };

function times(count: number, act: () => number): readonly number[] {
  return Array.from({ length: count }, act);
}

function tell(operation: string, alone: number, found: readonly number[]): void {
  const { median, spread } = medianOf(found);
  tellHost({ operation, unit: 'instructions', base: alone, added: median - alone, spread });
}

const STEP_MS = 20;
const PATIENCE = 500;
/** What measure opens. */
const ROOM = '/tmp/open';
const MEASURE = fileURLToPath(new URL('../../out/bench/measure', import.meta.url));

/** Instructions of an open and close of two components. */
function anOpen(): { readonly median: number; readonly least: number; readonly most: number } {
  const told = execFileSync(MEASURE, ['none', '1001', 'open2'], { cwd: ROOM, encoding: 'utf8' });
  const [, median = 0, least = 0, most = 0] = (/^open2 .*$/m.exec(told)?.[0] ?? '').split(' ').map(Number);
  return { median, least, most };
}

function unload(): void {
  const { status, stderr } = spawnSync(BIN, ['unload', '--all'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`unload: ${status} ${stderr}`);
}

/** Until the kernel has freed the links: a grace period behind the end of the last session. */
function hooksGone(): void {
  const hooks = (): boolean =>
    /"prog_type":"lsm"/.test(execFileSync('bpftool', ['-j', 'link', 'show'], { encoding: 'utf8' }));
  for (let tries = 0; hooks(); tries++) {
    if (tries === PATIENCE) throw new Error('hooks are on with no session left');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STEP_MS);
  }
}

function tellOpen(operation: string): void {
  const { median, least, most } = anOpen();
  tellHost({ operation, unit: 'instructions', base: bareOpen, added: median - bareOpen, spread: most - least });
}

mkdirSync(FOLDER, { mode: 0o700 });
mkdirSync(`${ROOM}/tree`, { recursive: true });
writeFileSync(`${ROOM}/tree/file.txt`, 'text\n');
for (const program of ['true', 'cat'])
  writeFileSync(`${FOLDER}/usr_bin_${program}.yaml`, `version: 1\nprogram: /usr/bin/${program}\nuse: [libc]\nrules:\n`);
const run = [BIN, 'run', '--policies', FOLDER, '--', '/usr/bin/true'];
const INSTRUCTIONS_A_MICROSECOND = 1000;
const instructions = (words: readonly string[]): number => timed(words).processor * INSTRUCTIONS_A_MICROSECOND;

// What is met first is in no cache.
instructions(['/usr/bin/true']);
const alone = medianOf(times(TURNS.alone, () => instructions(['/usr/bin/true']))).median;
tell(
  'node -e 0',
  alone,
  times(TURNS.loaded, () => instructions(['node', '-e', '0'])),
);
const bareOpen = anOpen().median;
instructions(run);
tell(
  'run -- true, bare kernel',
  alone,
  times(TURNS.bare, () => {
    unload();
    return instructions(run);
  }),
);
tell(
  'run -- true, kept gate',
  alone,
  times(TURNS.kept, () => instructions(run)),
);
hooksGone();
tellOpen('open and close, the gate is kept');
// A session that lasts keeps the gate attached: cat waits for what is never written.
const holder = spawn(BIN, ['run', '--policies', FOLDER, '--', '/usr/bin/cat'], {
  stdio: ['pipe', 'pipe', 'inherit'],
  env: { ...process.env, LANG: 'C' },
});
holder.stdin.write('ready\n');
await once(holder.stdout, 'data');
instructions(run);
tell(
  'run -- true, loaded gate',
  alone,
  times(TURNS.loaded, () => instructions(run)),
);
tellOpen('open and close, another is confined');
const closed = once(holder, 'close');
holder.stdin.end();
await closed;
unload();
