// SPDX-License-Identifier: GPL-2.0-only
/** What the caller gave a program that callgate runs: told by the process that bin/callgate forked before Node began. */
import { constants } from 'node:os';
import { Failure } from '../host/failure.js';
import { ignore } from '../host/signals.js';
import { zeroEnded } from '../host/zero-ended.js';
import type { Request } from '../supervise/begin.js';
import { Watcher } from '../supervise/watcher.js';

export interface Caller {
  /** It waits to become the program. */
  readonly held: NonNullable<Request['held']>;
  /** The whole command line, callgate's own name first. */
  readonly words: readonly Buffer[];
  readonly env: readonly Buffer[];
  /** Who takes the gate off behind this process, if it is killed; null: nobody. */
  readonly watcher: Watcher | null;
  /** Numbers of the signals that were ignored. */
  readonly ignored: readonly number[];
}

const TOLD = 'CALLGATE_HELD';
const WATCHED = 'CALLGATE_WATCHER';
/** Node cannot have these handled, or needs them itself. */
const KEPT = ['SIGKILL', 'SIGSTOP', 'SIGCHLD', 'SIGPROF', 'SIGPIPE'];

let known: Caller | null | undefined;

/**
 * Null where Node was not started by bin/callgate, or for a command that runs no program. What tells is taken out of the environment
 * by the first call, and stays there until then for the other entry (start.cts tries the light one first).
 */
export function caller(): Caller | null {
  if (known === undefined) known = readCaller();
  return known;
}

/** @throws Failure where there is no child to become the program */
export function requireCaller(): Caller {
  const found = caller();
  if (found === null)
    throw new Failure(
      'the process that is to be the program is missing: callgate was not started by its own entry',
      'run bin/callgate',
    );
  return found;
}

/**
 * Signals that the caller ignored do not end this process either (nohup, a shell's background jobs): Node has reset them
 * all. They are handled and nothing is done; whoever handles them too is called as well.
 */
export function ignoreWhatIsIgnored(): void {
  const ignored = caller()?.ignored ?? [];
  for (const [name, number] of Object.entries(constants.signals))
    if (ignored.includes(number) && !KEPT.includes(name)) ignore(name as NodeJS.Signals);
}

function readCaller(): Caller | null {
  const { [TOLD]: told, [WATCHED]: watched } = process.env;
  delete process.env[TOLD];
  delete process.env[WATCHED];
  const [, pid, control, ignored] = /^(\d+):(\d+):([0-9a-f]+)$/.exec(told ?? '') ?? [];
  if (pid === undefined || control === undefined || ignored === undefined) return null;
  const mask = BigInt(`0x${ignored}`);
  return {
    held: { pid: Number(pid), control: Number(control) },
    words: zeroEnded(`/proc/${pid}/cmdline`),
    env: zeroEnded(`/proc/${pid}/environ`),
    watcher: watcherOf(watched),
    ignored: Array.from({ length: 64 }, (_, bit) => bit + 1).filter((number) => (mask >> BigInt(number - 1)) & 1n),
  };
}

function watcherOf(told: string | undefined): Watcher | null {
  const [, fd, pid] = /^(\d+):(\d+)$/.exec(told ?? '') ?? [];
  return fd === undefined || pid === undefined ? null : new Watcher(Number(fd), Number(pid));
}
