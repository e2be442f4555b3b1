// SPDX-License-Identifier: GPL-2.0-only
/**
 * What callgate takes of memory; run by bench/memory.ts in a VM. Maps and programs of the kernel half: what the kernel itself says
 * of each (`memlock` in /proc/PID/fdinfo, as bpftool prints it; from Linux 6.4 on it is what a map has, not what it may
 * have), and the machine code. A subject: what the kernel's own allocations grow by with a thousand of them, less what they
 * grow by with a thousand tasks that are none. Processes: VmRSS and VmHWM.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { BenchGate } from './gate.js';
import { BIN, ended, mountBpf, programOf, started, writePolicy } from './sessions.js';
import { timed } from './timed.js';
import { tellHost } from './vm.js';

const RULES = [10, 100, 1_000, 10_000] as const;
const CROWD = 1000;
const FLOOD = 20_000;
const KIB = 1024;

interface Held {
  readonly maps: number;
  readonly programs: number;
  /** Maps of which each processor has its own. */
  readonly perProcessor: number;
}

interface Told {
  readonly bytes_memlock?: number;
  readonly bytes_jited?: number;
  readonly type?: string;
}

/** Of all maps and programs of the machine. */
function held(): Held {
  const list = (what: string): Told[] =>
    JSON.parse(execFileSync('bpftool', ['-j', what, 'show'], { encoding: 'utf8', maxBuffer: 1 << 26 })) as Told[];
  const sum = (all: readonly Told[], of: (one: Told) => number): number => all.reduce((so, one) => so + of(one), 0);
  const [maps, programs] = [list('map'), list('prog')];
  return {
    maps: sum(maps, ({ bytes_memlock = 0 }) => bytes_memlock),
    programs: sum(programs, ({ bytes_memlock = 0, bytes_jited = 0 }) => bytes_memlock + bytes_jited),
    perProcessor: maps.filter(({ type }) => /percpu|lru/.test(type ?? '')).length,
  };
}

function tell(operation: string, bytes: number, base = 0): void {
  tellHost({ operation, unit: 'bytes', base, added: bytes, spread: 0 });
}

/** A line of a file of /proc that says so many kB, in bytes. */
function kibibytes(file: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? 0) * KIB;
}

/** What the kernel has allocated for itself and cannot take back. */
function kernelMemory(): number {
  return ['SUnreclaim', 'Percpu'].reduce((sum, name) => sum + kibibytes('/proc/meminfo', name), 0);
}

/** Kernel memory while a crowd of so many stands there. */
async function standing(words: readonly string[], count: number): Promise<number> {
  const crowd = await started([...words, programOf('crowd'), String(count), '/etc/hostname']);
  // What is freed behind a grace period is not theirs.
  await setTimeout(2000);
  const taken = kernelMemory();
  await ended(crowd);
  await setTimeout(2000);
  return taken;
}

/** What each of a crowd takes. */
async function each(words: readonly string[]): Promise<number> {
  return ((await standing(words, CROWD)) - (await standing(words, 1))) / (CROWD - 1);
}

/** Resident size of the child that bin/callgate forked to become the program; null: it became it already. */
function heldChild(pid: number): number | null {
  for (const name of readdirSync(`/proc/${pid}/task`))
    for (const child of readFileSync(`/proc/${pid}/task/${name}/children`, 'utf8')
      .split(' ')
      .filter((one) => one !== ''))
      if (readlinkSync(`/proc/${child}/exe`).endsWith('/callgate')) return kibibytes(`/proc/${child}/status`, 'VmRSS');
  return null;
}

mountBpf();
mkdirSync('/tmp/root');
const bare = held();
const gate = BenchGate.load('/tmp/root');
const loaded = held();
tell('gate: maps', loaded.maps - bare.maps);
tell('gate: programs', loaded.programs - bare.programs);
RULES.forEach((rules, at) => {
  const before = held();
  gate.addPolicy(1 + at, rules);
  tell(`policy of ${rules} rules`, held().maps - before.maps);
});
const perProcessor = held().perProcessor - bare.perProcessor;
tellHost({ operation: 'maps that each processor has', unit: 'records', base: 0, added: perProcessor, spread: 0 });

gate.close();

const policies = writePolicy('/tmp/policies', programOf('crowd'));
writePolicy('/tmp/policies', programOf('flood'));
const run = [BIN, 'run', '--policies', policies, '--'];
// The last session takes the gate off: this one outlasts all that are measured.
const holder = await started([...run, programOf('crowd'), '1', '/etc/hostname']);
const learn = [BIN, 'learn', '--policies', '/tmp/learnt', '--'];
for (const [name, words] of [
  ['run', run],
  ['learn', learn],
] as const) {
  const before = held();
  const session = await started([...words, programOf('crowd'), '1', '/etc/hostname']);
  const pid = session.pid ?? 0;
  tell(`session (${name}) with a small policy`, held().maps - before.maps);
  tell(`supervisor (${name}): resident at its start`, kibibytes(`/proc/${pid}/status`, 'VmRSS'));
  await ended(session);
}
const starting = started([...run, programOf('crowd'), '1', '/etc/hostname']);
let launcher: number | null = null;
const over = new AbortController();
void starting.then(() => over.abort());
while (launcher === null && !over.signal.aborted) {
  await setTimeout(20);
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one)))
    try {
      if (!readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(`run\0--policies\0${policies}`)) continue;
      launcher ??= heldChild(Number(name));
    } catch {
      // It ended meanwhile.
    }
}
await ended(await starting);
if (launcher !== null) tell('launcher: resident while it waits to be the program', launcher);
const flooded = timed([...run, programOf('flood'), '/tmp', String(FLOOD), 'different']);
tell('supervisor (run): resident at most, flooded with denials', flooded.resident * KIB);
tell('subject', (await each(run)) - (await each([])));
await ended(holder);
