/** Taking everything off this host, whoever made it: what was confined is free from then on. */
import { existsSync } from 'node:fs';
import { messageOf } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import { findGate } from '../session/acquire.js';
import { readStates, removeState } from '../session/state.js';
import { subjectProcesses } from '../session/subjects.js';

export interface Unloaded {
  /** Processes that no policy holds any more. */
  readonly freed: readonly { readonly pid: number; readonly comm: string; readonly session: string }[];
  readonly sessions: readonly string[];
  /** Pins that were removed. */
  readonly pins: readonly string[];
  /** Why what was freed could not be listed; null where it was. */
  readonly unlisted: string | null;
}

/** Call under the lock. A gate that cannot be opened (another version) is taken off too. */
export function unloadAll(host: Host): Unloaded {
  const states = readStates(host);
  let gate: Gate | null = null;
  let unlisted: string | null = null;
  try {
    gate = findGate(host);
  } catch (error) {
    unlisted = messageOf(error);
  }
  const names = new Map(states.map(({ number, name }) => [number, name]));
  const freed =
    gate === null
      ? []
      : subjectProcesses(gate, 0).map(({ pid, comm, session }) => ({
          pid,
          comm,
          session: names.get(session) ?? String(session),
        }));
  gate?.close();
  const pins = existsSync(host.pins) ? host.addon.unload(host.pins) : [];
  for (const { name } of states) removeState(host, name);
  return { freed, sessions: states.map(({ name }) => name), pins, unlisted };
}
