// SPDX-License-Identifier: GPL-2.0-only
/** Sessions as a user has them, for the halves of the benchmark that run in a VM. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fileStem } from '../src/application/policy-name.js';

export const BIN = fileURLToPath(new URL('../../bin/callgate', import.meta.url));
/** One of bench/*.c, compiled. */
export const programOf = (name: string): string => fileURLToPath(new URL(`../../out/bench/${name}`, import.meta.url));

/** Mounts what a Debian system has mounted. */
export function mountBpf(): void {
  if (!/ \/sys\/fs\/bpf bpf /.test(readFileSync('/proc/mounts', 'utf8')))
    execFileSync('mount', ['-t', 'bpf', 'bpf', '/sys/fs/bpf']);
}

/** Writes a policy that permits what `rules` say (YAML, indented); returns its folder. */
export function writePolicy(folder: string, program: string, rules = ''): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(
    `${folder}/${fileStem(program.slice(1))}.yaml`,
    `version: 1\nprogram: ${program}\ndefault: deny\nrules:\n${rules}`,
  );
  return folder;
}

/** Starts a command that says a word on standard output when it is ready, and ends with its standard input. Resolves then. */
export async function started(words: readonly string[]): Promise<ChildProcessWithoutNullStreams> {
  const [file = '', ...rest] = words;
  const child = spawn(file, rest, { env: { ...process.env, LANG: 'C' } });
  child.stderr.resume();
  const first = await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
  if (!Buffer.isBuffer(first[0])) throw new Error(`${words.join(' ')}: ended with ${first[0]}`);
  return child;
}

export async function ended(child: ChildProcessWithoutNullStreams): Promise<void> {
  const closed = once(child, 'close');
  child.stdin.end();
  await closed;
}
