// SPDX-License-Identifier: GPL-2.0-only
/** Taking everything off this host, whoever made it: what was confined is free from then on. */
import { existsSync } from 'node:fs';
import { messageOf } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import { findGate } from '../session/acquire.js';
import { type Look, lookWell } from '../session/living.js';
import { Session } from '../session/session.js';
import { cookieOf, isSupervised, readState, removeState, type SessionState, stateNames } from '../session/state.js';
import { processesOf } from '../session/subjects.js';
import { salvage } from './salvage.js';
import { stoodStill } from './settle.js';

export interface Unloaded {
  /** Processes that no policy holds any more. */
  readonly freed: readonly { readonly pid: number; readonly comm: string; readonly session: string }[];
  readonly sessions: readonly string[];
  /** Threads that are free too and could not be named: they moved while they were listed. */
  readonly missed: number;
  /** Pins that were removed. */
  readonly pins: readonly string[];
  /** Why what was freed could not be listed; null where it was. */
  readonly unlisted: string | null;
}

/** Call under the lock. A gate that cannot be opened (another version) is taken off too. */
export function unloadAll(host: Host): Unloaded {
  const folders = stateNames(host);
  const states = folders.flatMap((name) => readable(host, name));
  let gate: Gate | null = null;
  let unlisted: string | null = null;
  try {
    gate = findGate(host);
  } catch (error) {
    unlisted = messageOf(error);
  }
  const names = new Map(states.map((state) => [cookieOf(state), state.name]));
  const { tasks, missed } = gate === null ? { tasks: [], missed: 0 } : everybody(gate, states);
  const freed = processesOf(tasks).map(({ pid, comm, session, cookie }) => {
    return { pid, comm, session: names.get(cookie) ?? String(session) };
  });
  const wake = gate === null ? () => undefined : stoodStill(host, gate, tasks);
  let pins: string[];
  try {
    pins = existsSync(host.pins) ? host.addon.unload(host.pins) : [];
  } catch (error) {
    for (const state of states) gate?.setEnding(state.number, cookieOf(state), 'none');
    throw error;
  }
  wake();
  gate?.setOff();
  for (const state of states) {
    // Behind the hooks, so that nothing comes after it. A supervisor that lives reads its ring to the end itself.
    if (gate !== null && !isSupervised(state)) saved(host, gate, state);
  }
  for (const name of folders) removeState(host, name);
  gate?.close();
  return { freed, missed, sessions: folders, pins, unlisted };
}

/** What cannot be read is told: this is the command that every other one sends people to. */
function readable(host: Host, name: string): SessionState[] {
  try {
    return [readState(host, name) ?? []].flat();
  } catch (error) {
    process.emitWarning(messageOf(error));
    return [];
  }
}

/** What cannot be written any more is told; it keeps nothing on this host. */
function saved(host: Host, gate: Gate, state: SessionState): void {
  try {
    salvage(Session.found(host, gate, state));
  } catch (error) {
    process.emitWarning(`${state.name}: not all of its log could be saved: ${messageOf(error)}`);
  }
}

/**
 * All there are, as nobody moves: where a look misses somebody, forks are refused for the moments that another one takes. (They
 * are free of it when the gate is off.)
 */
function everybody(gate: Gate, states: readonly SessionState[]): Look {
  const first = lookWell(gate, 0);
  if (first.missed === 0) return first;
  for (const state of states) gate.setEnding(state.number, cookieOf(state), 'killed');
  return lookWell(gate, 0);
}
