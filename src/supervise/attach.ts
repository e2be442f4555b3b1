// SPDX-License-Identifier: GPL-2.0-only
/** What can be attached to, and attaching. */
import { type Attached, attach } from '../attach/attached.js';
import { Failure, messageOf } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { commandLine, isEnterable, isTakable, lookAt, type Running } from '../host/running.js';
import { shellWord } from '../host/shell.js';
import { findGate, locked } from '../session/acquire.js';
import { isSupervised, readStates, type SessionState, sessionFolder } from '../session/state.js';
import { subjectProcesses } from '../session/subjects.js';
import { findSession } from '../session/target.js';
import { settle, settledText } from './settle.js';

/** A session that questions can come from. */
export interface Attachable {
  readonly session: string;
  readonly command: readonly string[];
  /** Null: it was killed; `attach` settles what it left standing still. */
  readonly supervisor: number | null;
  readonly programs: readonly string[];
  readonly processes: readonly { readonly pid: number; readonly comm: string; readonly waits: boolean }[];
}

export function attachable(host: Host): Attachable[] {
  const gate = findGate(host);
  if (gate === null) return [];
  const waiting = gate.questions.waiting();
  const list = readStates(host)
    .filter(({ kind }) => kind === 'run')
    .map((state) => ({
      session: state.name,
      command: state.command,
      supervisor: isSupervised(state) ? state.supervisor.pid : null,
      programs: state.policies.map(({ program }) => program),
      processes: subjectProcesses(gate, state.number).map(({ pid, comm }) => ({
        ...{ pid, comm },
        waits: waiting.some((one) => one.pid === pid),
      })),
    }));
  gate.close();
  return list;
}

export interface AttachTo {
  /** A session's name, the pid of its supervisor or of a process of it, a program. */
  readonly word: string;
  /** Questions of this program's policy alone; null: all. */
  readonly program: string | null;
  readonly ask: boolean;
  readonly as?: { readonly what: 'webhook' | 'command'; readonly name: string };
}

/**
 * Attends to the session that is meant.
 *
 * @throws Failure where none is, or nobody supervises it: what stood still there goes on, denied
 */
export async function attachTo(host: Host, { word, program, ask, as }: AttachTo): Promise<Attached> {
  const state = sessionOf(host, word);
  if (!isSupervised(state)) throw await unattended(host, state);
  const watch = { ...(ask ? { ask } : {}), ...(as === undefined ? {} : { as }) };
  return attach(sessionFolder(host, state.name), watch, program);
}

const BEGIN = 'callgate run -- CMD begins one under its policy, callgate learn -- CMD makes the policy';

function sessionOf(host: Host, word: string): SessionState {
  const gate = findGate(host);
  const isPid = /^\d+$/.test(word);
  try {
    if (gate !== null) return findSession(host, gate, word);
  } catch (error) {
    if (!(error instanceof Failure) || !isPid || error.remedy !== 'callgate status') throw error;
    throw noSubject(Number(word), error);
  } finally {
    gate?.close();
  }
  throw isPid ? noSubject(Number(word)) : new Failure(`${word}: nothing runs under a policy`, BEGIN);
}

/** Says what would make the process a subject: as it runs, where that can be done, or begun anew. */
function noSubject(pid: number, cause?: unknown): Failure {
  const message = `process ${pid} is under no policy, and supervises none: nothing it does is asked`;
  let running: Running;
  let command: string;
  try {
    running = lookAt(pid);
    command = commandLine(running);
  } catch (error) {
    return new Failure(messageOf(error), 'callgate attach', cause);
  }
  const { exe } = running;
  if (exe === null) return new Failure(`${message}; it is the kernel's own`, 'callgate attach', cause);
  const anew = `callgate run -- ${command} begins it anew, under its policy; callgate learn -- ${command} makes the policy`;
  const entered = `callgate run --pid ${pid} puts it under its policy as it runs, callgate learn --pid ${pid} makes that; `;
  const taken = `systrace -t -p ${pid} ${shellWord(exe)} asks about it from now on, as it runs; `;
  return new Failure(message, `${isTakable(running) ? taken : ''}${isEnterable(running) ? entered : ''}${anew}`, cause);
}

/** Nobody can answer there any more; nobody waits for it either. */
async function unattended(host: Host, state: SessionState): Promise<Failure> {
  return locked(host, () => {
    const gate = findGate(host);
    const settled = gate === null ? null : settle(host, gate, state);
    gate?.close();
    const what =
      settled === null || settled.continued.length === 0
        ? `${state.name}: its supervisor is gone`
        : settledText(settled);
    return new Failure(
      `${what}; what its policies ask is denied from now on`,
      `callgate stop ${state.name}, then callgate run`,
    );
  });
}
