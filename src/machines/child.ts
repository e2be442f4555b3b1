// SPDX-License-Identifier: GPL-2.0-only
/** A command beside this process, that ends when the person ends this one, and this one goes on with what there is. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

export interface ChildEnd {
  /** Its exit status; 128 and the signal that ended it. */
  readonly status: number;
  /** By which the person ended it; null: nobody did. */
  readonly signal: NodeJS.Signals | null;
  /** Its time was over. */
  readonly late: boolean;
}

export interface ChildOptions {
  /** Instead of this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Is given its standard output, piece by piece; absent: it goes to this process's standard error. */
  readonly output?: (bytes: Buffer) => void;
  /** Its standard input is a pipe, which is at its end when this process is; or another's output. Absent: empty. */
  readonly input?: 'open' | ChildProcess;
  /** It is ended then. */
  readonly seconds?: number;
}

/**
 * Runs a command until it has ended. A SIGINT or SIGTERM of this process ends it by SIGTERM; a terminal's Ctrl-C has reached it already.
 *
 * @throws what spawn(2) says: ENOENT where there is no such program
 */
export async function runChild(words: readonly [string, ...string[]], options: ChildOptions = {}): Promise<ChildEnd> {
  const { env, output, input, seconds } = options;
  const [program, ...rest] = words;
  const child = spawn(program, rest, {
    stdio: [input === undefined ? 'ignore' : 'pipe', output === undefined ? 2 : 'pipe', 'inherit'],
    ...(env === undefined ? {} : { env }),
  });
  if (output !== undefined) child.stdout?.on('data', output);
  // It may end before it has read all.
  child.stdin?.on('error', () => {});
  if (child.stdin !== null && typeof input === 'object') input.stdout?.pipe(child.stdin);
  let signal: NodeJS.Signals | null = null;
  const stop = (name: NodeJS.Signals): void => {
    signal = name;
    child.kill('SIGTERM');
  };
  let late = false;
  const over = (): void => {
    late = true;
    child.kill('SIGTERM');
  };
  const timer = seconds === undefined ? undefined : setTimeout(over, seconds * 1000);
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    const [code, by] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return { status: code ?? 128 + (by === null ? 0 : constants.signals[by]), signal, late };
  } finally {
    clearTimeout(timer);
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
