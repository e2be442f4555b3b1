// SPDX-License-Identifier: GPL-2.0-only
/** The command line as a user has it, for tests in a machine whose kernel has the hooks. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { EventRecord } from '../../src/events/record.js';

export const BIN = fileURLToPath(new URL('../../../bin/callgate', import.meta.url));

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs callgate to its end. */
export function callgate(...words: string[]): Result {
  const { status, stdout, stderr } = spawnSync(BIN, words, { encoding: 'utf8', maxBuffer: 1 << 28 });
  return { status, stdout, stderr };
}

/** A folder of this test in the machine's own file system (not /tmp, which is another mount in the VM). */
export function folder(name: string): string {
  return mkdtempSync(`/var/tmp/callgate-${name}-`);
}

/** Mounts what a Debian system has mounted. */
export function prepare(): void {
  if (!existsSync('/sys/fs/bpf/.')) return;
  const mounts = readFileSync('/proc/mounts', 'utf8');
  if (!/ \/sys\/fs\/bpf bpf /.test(mounts)) execFileSync('mount', ['-t', 'bpf', 'bpf', '/sys/fs/bpf']);
}

/** callgate in the background. */
export class Background {
  readonly process: ChildProcess;
  readonly #ended: Promise<number | null>;
  #over = false;
  /** Ends the wait of `until`; there is one at a time. */
  #woken: () => void = () => undefined;
  output = '';

  constructor(...words: string[]) {
    this.process = spawn(BIN, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const take = (chunk: Buffer): void => {
      this.output += chunk.toString();
      this.#woken();
    };
    this.process.stdout?.on('data', take);
    this.process.stderr?.on('data', take);
    this.#ended = new Promise((resolve) =>
      this.process.once('exit', (code) => {
        this.#over = true;
        this.#woken();
        resolve(code);
      }),
    );
  }

  /** Resolves with its exit status. */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  /** Resolves once the condition holds; rejects when callgate ends before. Asked again at each output, and now and then. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#over) throw new Error(`callgate ended: ${this.output}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#woken = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** Keeps the gate loaded, so that each session of a test need not load it: a program that waits under a policy. */
export async function holdGate(): Promise<() => Promise<void>> {
  const policies = folder('holder');
  writeFileSync(`${policies}/usr_bin_sleep.yaml`, 'version: 1\nprogram: /usr/bin/sleep\ndefault: permit\nrules:\n');
  const holder = new Background('run', '--policies', policies, '--', '/usr/bin/sleep', '1000000');
  await holder.until(() => callgate('status', '--json').stdout.includes('"comm": "sleep"'));
  return async () => {
    callgate('stop', 'sleep', '--kill');
    await holder.ended();
  };
}

/** The session that `run --json` tells of. */
export function sessionIn(output: string): string {
  const parsed = JSON.parse(output.slice(output.indexOf('{\n'))) as { session: string };
  return parsed.session;
}

/** The events of a session's log. */
export function eventsOf(session: string): EventRecord[] {
  return eventsIn(`/var/log/callgate/${session}.jsonl`);
}

/** The events of a log. */
export function eventsIn(log: string): EventRecord[] {
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as EventRecord)
    .filter((record) => 'seq' in record);
}

/** A new folder below another. */
export function inside(parent: string, name: string): string {
  const path = `${parent}/${name}`;
  mkdirSync(path);
  return path;
}
