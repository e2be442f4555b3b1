// SPDX-License-Identifier: GPL-2.0-only
/** Which session a person means: by its name, by the pid of one of its processes, or by the name of its program. */
import { basename } from 'node:path';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import { cookieOf, readStates, type SessionState } from './state.js';
import { subjectProcesses } from './subjects.js';

/**
 * @param word a session's name, a pid, a program's name or path
 * @throws Failure where it means no session, or several
 */
export function findSession(host: Host, gate: Gate, word: string): SessionState {
  const states = readStates(host);
  const exact = states.find((state) => state.name === word);
  if (exact !== undefined) return exact;
  const matching = /^\d+$/.test(word) ? byPid(states, gate, Number(word)) : byProgram(states, word);
  const [first, ...more] = matching;
  if (first === undefined)
    throw new Failure(
      `${word}: no session, no process under a policy and no program of one is called so`,
      'callgate status',
    );
  if (more.length > 0)
    throw new Failure(
      `${word}: ${matching.length} sessions are meant by this: ${matching.map(({ name }) => name).join(', ')}`,
      'name one of them',
    );
  return first;
}

function byPid(states: readonly SessionState[], gate: Gate, pid: number): SessionState[] {
  const cookie = subjectProcesses(gate, 0).find((process) => process.pid === pid)?.cookie;
  return states.filter((state) => cookieOf(state) === cookie || state.supervisor.pid === pid);
}

function byProgram(states: readonly SessionState[], word: string): SessionState[] {
  const means = (path: string): boolean => path === word || basename(path) === word;
  const started = states.filter((state) => means(state.command[0] ?? ''));
  return started.length > 0 ? started : states.filter((state) => state.policies.some(({ program }) => means(program)));
}
