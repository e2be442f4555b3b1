// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a living session is, in /run/callgate/NAME/state.json: written by its supervisor, read by every other command, and
 * by whoever cleans up behind a supervisor that was killed. Changed only under the lock.
 */
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { livingStart } from '../host/proc-stat.js';
import { ownFolder, readSecure } from '../host/secure.js';

/** A place in an outer map of images. */
export interface ImagePlace {
  readonly class: number;
  readonly place: number;
}

export interface PolicyState {
  /** Number in the gate. */
  readonly number: number;
  /** Number in the application, from 1; 0: programs without a policy of their own, while learning. */
  readonly index: number;
  /** Absolute path of the executable. */
  readonly program: string;
  /** Null: an empty one, made for learning. */
  readonly file: string | null;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  readonly generation: number;
  readonly image: ImagePlace;
}

export interface ProcessState {
  readonly pid: number;
  /** Clock ticks since boot, as text. */
  readonly start: string;
}

export interface SessionState {
  readonly v: 1;
  readonly name: string;
  /** Number in the gate. */
  readonly number: number;
  /** What its subjects and slots show beside the number, which another session has had; 16 hex digits. */
  readonly cookie: string;
  readonly kind: 'learn' | 'run';
  readonly supervisor: ProcessState;
  /** Who takes the gate's hooks off behind the supervisor, if that is killed; null, and in states of before: nobody. */
  readonly watcher?: ProcessState | null;
  /** From where the supervisor runs: the folder of its package.json. Absent in states of before. */
  readonly installation?: string;
  /** ISO 8601. */
  readonly started: string;
  readonly command: readonly string[];
  /** Folder of the policies. */
  readonly folder: string;
  /** Processes that ran before it, and were taken in; absent: its program was started. */
  readonly entered?: readonly number[];
  /** Directory of the cgroup whose members are taken in. */
  readonly cgroup?: string;
  /** The user the program was started as; null: the caller. */
  readonly user: string | null;
  readonly log: string;
  /** While learning. */
  readonly journal: string | null;
  /** Switched by `callgate mode`, for all policies of the session; null: as each policy says. */
  readonly mode: 'enforce' | 'complain' | null;
  readonly policies: readonly PolicyState[];
  /** Places of images that are being put in or taken out: taken, though no policy stands there. */
  readonly held: readonly ImagePlace[];
}

const STATE = 'state.json';

/** The folder of a session's state. */
export function sessionFolder(host: Pick<Host, 'run'>, name: string): string {
  return join(host.run, name);
}

/** Writes a session's state so that a reader finds the old one or the new one, whole. */
export function writeState(host: Host, state: SessionState): void {
  const folder = ownFolder(sessionFolder(host, state.name));
  const temporary = join(folder, `${STATE}.tmp`);
  const fd = openSync(temporary, 'w', 0o600);
  try {
    writeFileSync(fd, `${JSON.stringify(state, null, 1)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, join(folder, STATE));
}

/** Removes it; the session is over. */
export function removeState(host: Host, name: string): void {
  rmSync(sessionFolder(host, name), { recursive: true, force: true });
}

/** The state of one session; undefined where there is none. */
export function readState(host: Pick<Host, 'run'>, name: string): SessionState | undefined {
  const file = join(sessionFolder(host, name), STATE);
  let text: string;
  try {
    text = readSecure(file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
  try {
    const state = JSON.parse(text) as SessionState;
    if (state.v !== 1) throw new Error('another version');
    return state;
  } catch (error) {
    throw new Failure(`${file}: not a session's state`, 'callgate unload --all', error);
  }
}

/** The names of all sessions that have a folder, whatever is in it. */
export function stateNames(host: Pick<Host, 'run'>): string[] {
  try {
    return readdirSync(host.run, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Every session, by name. Throws a Failure where the state of one cannot be read. */
export function readStates(host: Pick<Host, 'run'>): SessionState[] {
  return stateNames(host).flatMap((name) => readState(host, name) ?? []);
}

/** The cookie as the gate has it. */
export function cookieOf({ cookie }: Pick<SessionState, 'cookie'>): bigint {
  return BigInt(`0x${cookie}`);
}

/** Does the session's supervisor live? Its start time is compared, for a pid may be another's by now. */
export function isSupervised({ supervisor }: SessionState): boolean {
  return lives(supervisor);
}

/** Is it the process that it was? */
export function lives({ pid, start }: ProcessState): boolean {
  const now = livingStart(pid);
  return now !== null && String(now) === start;
}
