// SPDX-License-Identifier: GPL-2.0-only
/** What a command does to a session: asked of its supervisor where one attends, else done by the command itself. */
import { ask, NoAnswer } from '../control/client.js';
import type { RequestOf, Verb } from '../control/protocol.js';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import { findGate, locked } from '../session/acquire.js';
import { type ModeChange, switchMode } from '../session/mode.js';
import { isSupervised, readState, type SessionState, sessionFolder } from '../session/state.js';
import { findSession } from '../session/target.js';
import { type Detached, detachAll, requireEntered } from './detach.js';
import { whileWaiting } from './lingering.js';
import { settle } from './settle.js';
import { type Stopped, stopSession, sweepSession } from './stop.js';

/**
 * How long a supervisor has to answer, in milliseconds: a mode waits for the lock, processes have 10 s to end, and who kills
 * does not wait for a supervisor that hangs.
 */
const PATIENCE = { mode: 60_000, stop: 15_000, kill: 3_000, detach: 60_000 } as const;

/**
 * Switches a session between refusing and complaining.
 *
 * @param word a session's name, a pid, a program
 * @throws Failure where there is no such session, or its supervisor lives and does not answer
 */
export async function changeMode(host: Host, word: string, mode: 'enforce' | 'complain'): Promise<ModeChange> {
  return withGate(host, async (gate) => {
    const state = findSession(host, gate, word);
    const answer = await asked(host, state, { v: 1, do: 'mode', mode }, PATIENCE.mode);
    if (!(answer instanceof NoAnswer)) return answer;
    return locked(host, () => {
      const now = readState(host, state.name);
      if (now === undefined) throw new Failure(`${state.name}: the session has ended`, 'callgate status');
      // Its supervisor would go on with what it knows of the session's state: there is one writer.
      if (isSupervised(now))
        throw new Failure(`${state.name}: ${answer.message}; supervisor ${now.supervisor.pid} lives`, answer.remedy);
      return switchMode(host, gate, state.name, mode);
    });
  });
}

/**
 * Ends every process of a session. A supervisor that does not answer is not waited for: processes are named by their pidfds.
 *
 * @param say says for whom it waits, where that takes longer than a moment
 * @throws Failure naming the processes that would not end
 */
export async function endSession(
  host: Host,
  word: string,
  kill: boolean,
  say: (line: string) => void = () => undefined,
): Promise<Stopped> {
  return withGate(host, (gate) => {
    const state = findSession(host, gate, word);
    const remedy = kill ? '' : `; callgate stop ${state.name} --kill does not wait`;
    return whileWaiting(endFound(host, gate, state, kill), gate, state.number, (names) =>
      say(`waiting for ${names} to end${remedy}`),
    );
  });
}

async function endFound(host: Host, gate: Gate, state: SessionState, kill: boolean): Promise<Stopped> {
  const answer = await asked(host, state, { v: 1, do: 'stop', kill }, kill ? PATIENCE.kill : PATIENCE.stop);
  if (!(answer instanceof NoAnswer)) return answer;
  // What waits for an answer of a supervisor that is gone takes its SIGTERM, as denied.
  if (!kill) settle(host, gate, state);
  const stopped = await stopSession(host, gate, state, kill);
  await locked(host, () => sweepSession(host, gate, state.name));
  return stopped;
}

/**
 * Lets the processes of a session go that ran before it: they run on, under no policy.
 *
 * @throws Failure where callgate started them, or the supervisor lives and does not answer
 */
export async function detachSession(host: Host, word: string): Promise<Detached> {
  return withGate(host, async (gate) => {
    const state = findSession(host, gate, word);
    requireEntered(state);
    const answer = await asked(host, state, { v: 1, do: 'detach' }, PATIENCE.detach);
    if (!(answer instanceof NoAnswer)) return answer;
    return locked(host, async () => {
      const now = readState(host, state.name);
      if (now === undefined) throw new Failure(`${state.name}: the session has ended`, 'callgate status');
      if (isSupervised(now))
        throw new Failure(`${state.name}: ${answer.message}; supervisor ${now.supervisor.pid} lives`, answer.remedy);
      const detached = await detachAll(host, gate, now);
      sweepSession(host, gate, state.name);
      return detached;
    });
  });
}

/** The supervisor's answer; a NoAnswer where none attends, or it does not answer. */
async function asked<V extends Verb>(host: Host, state: SessionState, request: RequestOf<V>, patience: number) {
  if (!isSupervised(state)) return new NoAnswer('nobody attends to the session');
  try {
    return await ask<V>(sessionFolder(host, state.name), request, patience);
  } catch (error) {
    if (error instanceof NoAnswer) return error;
    throw error;
  }
}

async function withGate<T>(host: Host, action: (gate: Gate) => Promise<T>): Promise<T> {
  const gate = findGate(host);
  if (gate === null) throw new Failure('no gate is loaded: there is no session', 'callgate status');
  return action(gate);
}
