// SPDX-License-Identifier: GPL-2.0-only
/** The half of a part that runs in a VM, seen from outside. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SAID = 'figure ';

export interface Guest {
  /** In dist/bench. */
  readonly file: string;
  readonly seconds: number;
  readonly memory?: number;
  /** Count instructions; false: run as fast as it goes. */
  readonly counted: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a guest prints to be taken in by `guestTold`. */
export function tellHost(said: object): void {
  process.stdout.write(`${SAID}${JSON.stringify(said)}\n`);
}

/**
 * Runs the guest's file in one boot of the kernel; returns what it told. All else that it prints goes to standard error.
 *
 * @param heard is called with each as it comes
 * @throws Error where it ends otherwise than well
 */
export async function guestTold<T>(kernel: string, guest: Guest, heard: (told: T) => void): Promise<T[]> {
  const { file, seconds, memory = 2048, counted, env = {} } = guest;
  const words = [kernel, ...(counted ? ['--icount'] : []), '--memory', String(memory), '--timeout', String(seconds)];
  for (const [name, value] of Object.entries(env)) words.push('--env', `${name}=${value}`);
  words.push('--', 'node', `dist/bench/${file}`);
  const child = spawn('./scripts/vm/run', words, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const all: T[] = [];
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith(SAID)) {
        process.stderr.write(`${line}\n`);
        continue;
      }
      const told = JSON.parse(line.slice(SAID.length)) as T;
      heard(told);
      all.push(told);
    }
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`kernel ${kernel}: ${file}: the guest ended with ${code}`);
  return all;
}
