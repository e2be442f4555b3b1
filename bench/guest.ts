// SPDX-License-Identifier: GPL-2.0-only
/**
 * Runs bench/measure.c under every mechanism, in one boot, in a root folder of its own; run by bench/costs.ts in a VM.
 * CALLGATE_ONLY: operations, as measure takes them; CALLGATE_TURNS.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ownRoot, runInOwnRoot } from '../test/vm/own-root.js';
import { BenchGate } from './gate.js';
import { apparmorProfile, MECHANISMS, type Mechanism, POLICIES, RULES } from './mechanisms.js';
import { tellHost } from './vm.js';

const OUT = fileURLToPath(new URL('../../out/bench/', import.meta.url));
const TURNS = process.env.CALLGATE_TURNS ?? '101';
const ONLY = process.env.CALLGATE_ONLY === undefined ? [] : [process.env.CALLGATE_ONLY];
/** Operations by which rules and policies are told apart. */
const SCALED = 'open2,open8,open_refused';

/** What measure opens and makes. */
function arrange(root: string): void {
  const deep = `${root}/tree${'/folder'.repeat(30)}`;
  mkdirSync(deep, { recursive: true });
  for (const folder of ['room', 'bin']) mkdirSync(`${root}/${folder}`);
  for (let level = 0; level <= 30; level++) writeFileSync(`${root}/tree${'/folder'.repeat(level)}/file.txt`, 'text\n');
  for (let at = 0; at < 64; at++)
    writeFileSync(`${root}/tree${'/folder'.repeat(6)}/part${String(at).padStart(2, '0')}.txt`, 'text\n');
  for (const name of ['file.txt', 'tree/logged', 'tree/silent']) writeFileSync(`${root}/${name}`, 'text\n');
  symlinkSync('file.txt', `${root}/tree/link`);
  copyFileSync(`${OUT}measure`, `${root}/measure`);
  copyFileSync(`${OUT}true`, `${root}/bin/true`);
}

function tell(mechanism: string, output: string): void {
  for (const line of output.split('\n').filter((text) => text !== '' && !text.startsWith('empty '))) {
    const [operation, ...numbers] = line.split(' ');
    const [median, least, most] = numbers.map(Number);
    tellHost({ mechanism, operation, median, least, most });
  }
}

function free(root: string, ...words: string[]): string {
  const { stdout, stderr, status } = spawnSync(`${root}/measure`, words, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`measure ${words.join(' ')}: ${status} ${stderr}`);
  return stdout;
}

function loadProfile(complain: boolean): void {
  writeFileSync('/tmp/bench.profile', apparmorProfile('bench', 100, complain));
  execFileSync('apparmor_parser', ['--replace', '--skip-cache', '/tmp/bench.profile']);
}

async function measure(mechanism: Mechanism, root: string, gate: () => BenchGate): Promise<string> {
  switch (mechanism) {
    case 'nothing':
      return free(root, 'none', TURNS, ...ONLY);
    case 'seccomp':
    case 'landlock':
      return free(root, mechanism, TURNS, ...ONLY);
    case 'apparmor':
    case 'apparmor complain':
      loadProfile(mechanism !== 'apparmor');
      return free(root, 'apparmor=bench', TURNS, ...ONLY);
    case 'gate, no subject lives':
      gate();
      return free(root, 'none', TURNS, ...ONLY);
    case 'gate, beside a subject':
      return await gate().beside(() => free(root, 'none', TURNS, ...ONLY));
    case 'gate, beside a filter':
      return await gate().watching('refused', () => free(root, 'none', TURNS, ...ONLY));
    case 'gate, beside a learner of calls':
      return await gate().watching('entered', () => free(root, 'none', TURNS, ...ONLY));
    case 'callgate':
      return await gate().measure('enforce', 100, TURNS, ...ONLY);
    case 'callgate complain':
      return await gate().measure('complain', 100, TURNS, ...ONLY);
    case 'callgate learn':
      return await gate().measure('learn', 100, TURNS, ...ONLY);
    case 'callgate version 2':
      gate().raise();
      return await gate().measure('enforce', 100, TURNS, ...ONLY);
  }
}

const own = ownRoot();
if (own === null) process.exit(await runInOwnRoot(fileURLToPath(import.meta.url)));
arrange(own.root);
execFileSync('ip', ['link', 'set', 'lo', 'up']);
let loaded: BenchGate | null = null;
const gate = (): BenchGate => {
  loaded ??= BenchGate.load(own.root);
  return loaded;
};
const wanted = (process.env.CALLGATE_MECHANISMS ?? MECHANISMS.join(';')).split(';');
const LAST = 'callgate version 2';
for (const mechanism of MECHANISMS.filter((one) => one !== LAST && wanted.includes(one)))
  tell(mechanism, await measure(mechanism, own.root, gate));
if (process.env.CALLGATE_SCALE !== undefined) {
  for (const rules of RULES) tell(`callgate, ${rules} rules`, await gate().measure('enforce', rules, TURNS, SCALED));
  for (const policies of POLICIES) {
    gate().loadPolicies(policies);
    tell(`callgate, ${policies} policies`, await gate().measure('enforce', 100, TURNS, SCALED));
  }
}
if (wanted.includes(LAST)) tell(LAST, await measure(LAST, own.root, gate));
gate().close();
