// SPDX-License-Identifier: GPL-2.0-only
/**
 * Floods of denials through the hooks, the ring buffer and a supervisor into a log; run by bench/events.ts in a VM. Each attempt
 * must stand in the log or be counted as lost: anything else ends this with an error. Also hands out records as the ring holds
 * them, for the reader outside of the VM.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { EventDecoder } from '../src/events/decode.js';
import { BenchGate } from './gate.js';
import { BIN, ended, mountBpf, programOf, started, writePolicy } from './sessions.js';
import { tellHost } from './vm.js';

/** As many as the ring has room for, and many more. */
const FEW = 2_000;
const MANY = 100_000;
const SAMPLE = 512;
const LOG = '/tmp/log/flood.jsonl';

interface Line {
  readonly type?: string;
  readonly seq?: number;
  readonly count?: number;
  readonly dropped?: number;
  readonly malformed?: number;
  readonly unwritten?: number;
  readonly denied?: number;
  readonly sequence?: number;
}

function tell(operation: string, unit: string, value: number): void {
  tellHost({ operation, unit, base: 0, added: value, spread: 0 });
}

function flood(policies: string, count: number, how: 'same' | 'different'): void {
  rmSync(LOG, { force: true });
  const words = ['run', '--quiet', '--policies', policies, '--log', LOG, '--', programOf('flood'), '/tmp'];
  const { stdout, stderr, status } = spawnSync(BIN, [...words, String(count), how], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`flood: ${status} ${stderr}`);
  const text = readFileSync(LOG, 'utf8');
  const lines = text.trimEnd().split('\n');
  const records = lines.map((line) => JSON.parse(line) as Line);
  const events = records.filter(({ seq }) => seq !== undefined);
  const sum = (of: (line: Line) => number | undefined, some = records): number =>
    some.reduce((so, line) => so + (of(line) ?? 0), 0);
  const lost = records.filter(({ type }) => type === 'lost');
  const end = records.at(-1);
  const refused = Number(stdout);
  const counted = sum(({ dropped = 0, malformed = 0, unwritten = 0 }) => dropped + malformed + unwritten, lost);
  const written = sum(({ count: attempts }) => attempts, events);
  const name = `${count} denials, ${how === 'same' ? 'all the same' : 'all different'}`;
  // What the supervisor itself is refused by nobody: all that is in the log is the flood's.
  if (refused !== count || end?.denied !== count || written + counted !== count || end.sequence !== count)
    throw new Error(
      `${name}: refused ${refused}, counted by the kernel half ${end?.denied}, written ${written}, lost ${counted}`,
    );
  if (new Set(events.map(({ seq }) => seq)).size !== events.length)
    throw new Error(`${name}: a record stands there twice`);
  tell(`${name}: written`, 'records', written);
  tell(`${name}: counted as lost`, 'records', counted);
  tell(`${name}: neither written nor counted`, 'records', count - written - counted);
  if (count === FEW) tell(`${name}: a line of the log`, 'bytes', Math.round(text.length / lines.length));
}

mountBpf();
mkdirSync('/tmp/root/refused', { recursive: true });
copyFileSync(programOf('flood'), '/tmp/root/flood');
execFileSync('chmod', ['755', '/tmp/root/flood']);
const gate = BenchGate.load('/tmp/root');
const sample = await gate.records('flood', '/tmp/root/refused', String(SAMPLE), 'different');
// A C library may look at /proc/self/exe before main begins.
const made = new EventDecoder().push(sample).filter((event) => event.operations.includes('create'));
if (made.length !== SAMPLE) throw new Error(`the ring had ${made.length} records of ${SAMPLE}`);
tellHost({ sample: sample.toString('base64') });
gate.close();
const policies = writePolicy('/tmp/policies', programOf('flood'), '  - permit: read\n    path: /proc/self/exe\n');
writePolicy(policies, programOf('crowd'));
// The last session takes the gate off: this one outlasts the floods.
const holder = await started([BIN, 'run', '--policies', policies, '--', programOf('crowd'), '0', '/dev/null']);
for (const count of [FEW, MANY]) for (const how of ['same', 'different'] as const) flood(policies, count, how);
await ended(holder);
