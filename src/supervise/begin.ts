// SPDX-License-Identifier: GPL-2.0-only
/** The common beginning and end of `learn` and `run`: the gate, the session in it, the program under it, and all of it freed again. */

import type { Cgroup } from '../host/cgroup2.js';
import { requireKernel } from '../host/examine.js';
import type { Host } from '../host/host.js';
import { mountMissing } from '../host/mounts.js';
import type { CallFilter, LauncherChild, LaunchOptions } from '../kernel/addon.js';
import type { Calls } from '../kernel/calls.js';
import { acquireGate, findGate, locked, releaseGate } from '../session/acquire.js';
import { freeName } from '../session/places.js';
import { type Image, Session, type SessionFacts } from '../session/session.js';
import { readState } from '../session/state.js';
import { subjectsGone } from '../session/subjects.js';
import { entering, gathering } from './enter.js';
import type { Named } from './enterable.js';
import { withPid } from './environment.js';
import { type Ended, quietly, type Speaker } from './foreground.js';
import { launching } from './launch.js';
import type { Identity, Program } from './program.js';
import { settleAll, settledText } from './settle.js';
import type { Origin } from './supervisor.js';
import { sweep } from './sweep.js';
import type { Watcher } from './watcher.js';

/** Stands for the program of a cgroup: what somebody did whose program has no name is not learned. */
export const UNNAMED = '?';

/** What a person asked to be run. */
export interface Request {
  readonly host: Host;
  readonly program: Program;
  /** The whole command line, the program's word first, byte for byte. */
  readonly argv: readonly [Buffer, ...Buffer[]];
  /** The same for people and for what is written down: as events print names. */
  readonly command: readonly string[];
  readonly env: readonly Buffer[];
  /** The process that becomes the program; null: one is forked. */
  readonly held: LauncherChild | null;
  /** Processes of it that run already, and are taken in; absent: it is started. */
  readonly running?: readonly Named[];
  /** The members of this cgroup are taken in; absent: it is one program. */
  readonly cgroup?: Cgroup;
  /** Callgate's own process that was forked to become a program, where none is started. */
  readonly spare?: number;
  /** Folder of the policies. */
  readonly folder: string;
  /** --user; null: as the caller. */
  readonly user: string | null;
  readonly identity: Identity;
  /** The folder it is started in; null: it has no path. */
  readonly cwd: string | null;
  /** Who takes the gate off behind this process, if it is killed; null: nobody. */
  readonly watcher: Watcher | null;
  /** At the end the gate is not kept for the next session, if this is the last. */
  readonly unload: boolean;
}

/**
 * What `learn` and `run` need of the kernel: what of its file systems is not mounted is, with a word; then all that `doctor`
 * would say is asked. Where a gate of this build is there already, in use or kept, this kernel has shown all of it.
 *
 * @throws Refusal in doctor's words, with its remedy
 */
export async function prepareKernel(host: Host, say: (line: string) => void): Promise<void> {
  // Under the lock, for a hook is attached to see it fire.
  const waiting = (holders: string): void => {
    if (process.stderr.isTTY) say(`waiting for ${holders}, which loads or changes the gate`);
  };
  const prove = (): void => {
    if (isProven(host)) return;
    const undo = mountMissing(say);
    try {
      requireKernel(host);
    } catch (error) {
      undo();
      throw error;
    }
  };
  await locked(host, prove, undefined, waiting);
}

function isProven(host: Host): boolean {
  try {
    const gate = findGate(host);
    gate?.close();
    return gate?.same ?? false;
  } catch {
    // Whoever may not open it is told so in doctor's words.
    return false;
  }
}

/** The names under which a session's log and state will stand. */
export function sessionName(request: Request): string {
  return freeName(request.host, request.program.name);
}

/**
 * Gets the gate and puts the session into it.
 *
 * @param facts made under the lock, from the session's name
 * @param calls what is to be told of its subjects' system calls; null: nothing
 */
export async function openSession(
  request: Request,
  facts: (name: string) => SessionFacts,
  images: readonly Image[],
  calls: ((cookie: bigint) => Calls) | null = null,
): Promise<Session> {
  const { host, watcher, unload } = request;
  return locked(host, () => {
    watcher?.arm();
    const gate = orDisarm(watcher, () => acquireGate(host));
    try {
      sweep(host, gate);
      // What a supervisor that was killed left standing still waits for nobody any more.
      for (const settled of settleAll(host, gate)) process.emitWarning(settledText(settled));
      const watched = { watcher: watcher?.process ?? null };
      return Session.open(host, gate, { ...facts(sessionName(request)), ...watched }, images, calls);
    } catch (error) {
      if (releaseGate(host, gate, !unload) || gate.sessions().length > 0) watcher?.disarm();
      throw error;
    }
  });
}

/** What could not be acquired left nothing behind. */
function orDisarm<T>(watcher: Watcher | null, act: () => T): T {
  try {
    return act();
  } catch (error) {
    watcher?.disarm();
    throw error;
  }
}

/** How long those of a session have to end that could not be begun, or not be waited for. */
const LAST_MS = 3000;

/**
 * Takes the session out of the gate, and the gate's hooks off if nobody is left in it. Where somebody of the session is left, it stays
 * with its policies: a later command frees it, once nobody is.
 */
export async function closeSession(
  session: Session,
  { unload, watcher }: Pick<Request, 'unload' | 'watcher'>,
): Promise<void> {
  const { host, state, gate, number } = session;
  await subjectsGone(host.addon, gate, number, AbortSignal.timeout(LAST_MS));
  await locked(host, () => {
    // `callgate unload --all` may have been faster; what is pinned now is then another gate, or none.
    const pinned = findGate(host);
    const same = pinned !== null && pinned.identity === session.gate.identity;
    pinned?.close();
    if (!same || readState(host, state.name) === undefined) {
      session.gate.close();
      watcher?.disarm();
      return;
    }
    const over = session.isOver;
    if (over) session.free();
    else process.emitWarning(`${state.name} is left with processes in it, confined as before: callgate status`);
    const off = releaseGate(host, session.gate, !unload);
    // Another session's supervisor takes it off, or that one's watcher.
    if (off || (over && session.gate.sessions().length > 0)) watcher?.disarm();
    if (!off) session.gate.close();
  });
}

/**
 * How the session's first subjects come: the program is started, or taken in as it runs.
 *
 * @param policy number in the gate of the policy that they come under
 * @param filter of its system calls, where it is started; null: none
 * @param drawn who is to be silent while the program has the terminal; what ran before has another
 */
export function originOf(
  request: Request,
  policy: number,
  {
    kind,
    talk,
    drawn,
    filter,
  }: {
    kind: 'learn' | 'run';
    talk: (line: string) => void;
    drawn: readonly Speaker[];
    filter?: CallFilter | null;
  },
): Origin<Ended> {
  const { running, program, cgroup, spare = null } = request;
  const hangup = kind === 'learn';
  if (cgroup !== undefined) return gathering({ cgroup, own: { held: spare }, anyone: kind === 'learn', hangup, talk });
  if (running === undefined) return quietly(launching(policy, launchOf(request, filter ?? null)), drawn);
  // Who learns loses nothing by it; who is confined is not free because a terminal was closed.
  return entering({ named: running, program: program.path, policy, hangup, talk });
}

/** What the state says of processes that were taken in. */
export function enteredOf({ running, cgroup }: Request): Pick<SessionFacts, 'entered' | 'cgroup'> {
  if (cgroup !== undefined) return { cgroup: cgroup.path };
  return running === undefined ? {} : { entered: running.map(({ pid }) => pid) };
}

/** How the program is to be started. */
export function launchOf(
  { program, argv, env, held, identity, cwd }: Request,
  filter: CallFilter | null = null,
): LaunchOptions {
  const [, ...rest] = argv;
  return {
    file: program.file,
    argv: program.before.length === 0 ? argv : [...program.before, ...rest],
    ...(held === null ? { env, cwd } : { env: withPid(env, process.pid, held.pid), cwd: null, held }),
    ...(identity.switchTo ?? {}),
    ...(filter === null ? {} : { filter }),
    stdio: [0, 1, 2],
    // In the caller's process group: the terminal's, its job control and its Ctrl-C stay as they are without callgate.
    detached: false,
  };
}
