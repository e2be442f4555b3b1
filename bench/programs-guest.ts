// SPDX-License-Identifier: GPL-2.0-only
/**
 * Whole programs: with nothing that confines, under AppArmor, and under callgate enforcing what it learned in the same boot; run
 * by bench/programs.ts in a VM that counts instructions. What is counted is the processor time of the program and of its children
 * alone (a nanosecond is an instruction there): of a job by bench/timed.c, which is confined with it, of a server by the kernel's
 * own account of its threads, before and after. CALLGATE_ONLY: names of workloads.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { loadApplication } from '../src/application/application.js';
import { surroundingsOf } from '../src/application/surroundings.js';
import { findUser } from '../src/host/accounts.js';
import { GROUP_FOLDERS } from '../src/host/host.js';
import { profileOf } from './apparmor.js';
import { medianOf } from './figure.js';
import { BIN, ended, mountBpf, programOf, started, writePolicy } from './sessions.js';
import { readTimed } from './timed.js';
import { tellHost } from './vm.js';
import { arrange, type Job, REQUESTS, type Served, type Workload } from './workloads.js';

const WORK = '/tmp/work';
const TURNS = 3;
const MECHANISMS = ['nothing', 'callgate', 'apparmor'] as const;
type Mechanism = (typeof MECHANISMS)[number];
const ENV = { PATH: process.env.PATH, HOME: '/root', LANG: 'C' };

/** What is named by numbers of workloads: no space may stand in a profile's name or a folder's. */
interface Place {
  readonly policies: string;
  readonly profile: string;
}

function confined(
  mechanism: Mechanism | 'learn',
  { policies, profile }: Place,
  words: readonly string[],
): readonly string[] {
  switch (mechanism) {
    case 'nothing':
      return words;
    case 'apparmor':
      return ['aa-exec', '-p', profile, '--', ...words];
    case 'callgate':
      return [BIN, 'run', '--quiet', '--policies', policies, '--', ...words];
    case 'learn':
      return [BIN, 'learn', '--policies', policies, '--', ...words];
  }
}

function runJob({ name, words }: Job, mechanism: Mechanism | 'learn', place: Place): number[] {
  const [file = '', ...rest] = confined(mechanism, place, [programOf('timed'), `-${TURNS + 1}`, ...words]);
  const { stdout, stderr, status } = spawnSync(file, rest, { encoding: 'utf8', env: ENV });
  if (status !== 0) throw new Error(`${name}, ${mechanism}: ${status} ${stderr.slice(-2000)}`);
  try {
    // The first finds nothing in the caches.
    return readTimed(stdout)
      .slice(1)
      .map(({ processor }) => processor * 1000);
  } catch (error) {
    throw new Error(`${name}, ${mechanism}: ${(error as Error).message} ${stderr.slice(-2000)}`);
  }
}

/** Nanoseconds that the threads of a process have run (proc(5), schedstat). */
function ran(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]),
    0,
  );
}

function pidOf(program: string): number {
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one)))
    try {
      if (realpathSync(`/proc/${name}/exe`) === program) return Number(name);
    } catch {
      // A thread of the kernel, or it ended meanwhile.
    }
  throw new Error(`${program} does not run`);
}

function ask({ port }: Served, count: number, { how, text }: Served['requests'][number]): void {
  execFileSync(programOf('client'), [String(port), String(count), how, text]);
}

/** By request, nanoseconds for REQUESTS of them. */
async function runServer(server: Served, mechanism: Mechanism | 'learn', place: Place): Promise<Map<string, number[]>> {
  const [file = '', ...rest] = confined(mechanism, place, server.words);
  const child: ChildProcess = spawn(file, rest, { stdio: ['ignore', 'ignore', 'pipe'], env: ENV });
  let told = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    told = (told + chunk).slice(-2000);
  });
  const closed = once(child, 'close');
  const took = new Map<string, number[]>();
  try {
    for (const request of server.requests) ask(server, 10, request);
    const pid = pidOf(realpathSync(server.words[0] ?? ''));
    for (const request of server.requests)
      took.set(
        request.name,
        Array.from({ length: TURNS }, () => {
          const before = ran(pid);
          ask(server, REQUESTS, request);
          return ran(pid) - before;
        }),
      );
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${server.name}, ${mechanism}: ${(error as Error).message} ${told}`);
  }
  await closed;
  return took;
}

/** Instructions a unit of work, by name. */
async function run(workload: Workload, mechanism: Mechanism | 'learn', place: Place): Promise<Map<string, number[]>> {
  switch (workload.kind) {
    case 'job':
      return new Map([[workload.name, runJob(workload, mechanism, place).map((all) => all / workload.units)]]);
    case 'server': {
      const took = await runServer(workload, mechanism, place);
      return new Map([...took].map(([name, all]) => [name, all.map((one) => one / REQUESTS)]));
    }
  }
}

function loadProfile(workload: Workload, { policies, profile }: Place): void {
  const user = findUser(0);
  const application = user && loadApplication(policies, surroundingsOf(user, WORK, GROUP_FOLDERS));
  if (application === undefined) throw new Error(`${workload.name}: nothing was learned`);
  const entry = realpathSync(workload.kind === 'job' ? programOf('timed') : (workload.words[0] ?? ''));
  writeFileSync(
    '/tmp/profile',
    profileOf(
      profile,
      application.policies.map(({ policy }) => policy),
      entry,
    ),
  );
  execFileSync('apparmor_parser', ['--replace', '--skip-cache', '/tmp/profile']);
}

mountBpf();
const only = process.env.CALLGATE_ONLY?.split(',');
const workloads = arrange(WORK)
  .filter(({ name }) => only === undefined || only.some((word) => name.startsWith(word)))
  .map((workload, at) => ({ workload, place: { policies: `/tmp/policies${at}`, profile: `bench${at}` } }));
const bases = new Map<string, number>();
/** One that fails is told, and does not keep the others from being measured. */
async function attempt(workload: Workload, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    tellHost({ failed: `${workload.name}: ${(error as Error).message}` });
  }
}
async function measured(mechanism: Mechanism, workload: Workload, place: Place): Promise<void> {
  for (const [operation, values] of await run(workload, mechanism, place)) {
    const { median, spread } = medianOf(values.map(Math.round));
    const base = bases.get(operation);
    if (mechanism === 'nothing') bases.set(operation, median);
    else if (base !== undefined)
      tellHost({ mechanism, operation, unit: 'instructions', base, added: median - base, spread });
  }
}

for (const { workload, place } of workloads) await attempt(workload, () => measured('nothing', workload, place));
const holder = await started([
  ...[BIN, 'run', '--policies', writePolicy('/tmp/holder', programOf('crowd')), '--'],
  ...[programOf('crowd'), '0', '/dev/null'],
]);
for (const { workload, place } of workloads)
  await attempt(workload, async () => {
    await run(workload, 'learn', place);
    await measured('callgate', workload, place);
  });
await ended(holder);
for (const { workload, place } of workloads)
  await attempt(workload, async () => {
    loadProfile(workload, place);
    await measured('apparmor', workload, place);
  });
