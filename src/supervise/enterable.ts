// SPDX-License-Identifier: GPL-2.0-only
/** Which processes that run already a session can take in, and why it cannot the others. */
import { closeSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { codeOf, Refusal } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { commandLine, lookAt, type Running } from '../host/running.js';
import type { Addon } from '../kernel/addon.js';
import type { Gate } from '../kernel/gate.js';
import { type Entering, ringsRefused } from '../session/enter.js';
import { cookieOf, isSupervised, readStates, type SessionState } from '../session/state.js';

/** A process that was named, held by a pidfd, so that its number cannot become another's unseen. */
export interface Named {
  readonly pid: number;
  readonly pidfd: number;
  readonly exe: string;
}

/** What this callgate is itself, and may be taken in by nobody. */
export interface OwnProcesses {
  /** The process that was forked to become a program; null: there is none. */
  readonly held: number | null;
}

/**
 * The processes of these numbers, one program's all of them, if a session can take them in. What can be told before a gate is loaded
 * is told here; the rest by whoever takes them in.
 *
 * @throws Refusal that names the process and the reason
 */
export function nameProcesses(host: Host, pids: readonly number[], own: OwnProcesses): Named[] {
  const named: Named[] = [];
  try {
    for (const pid of pids) {
      // First, so that it is the process that is looked at.
      const pidfd = pidfdOf(host.addon, pid);
      named.push({ pid, pidfd, exe: '' });
      named[named.length - 1] = { pid, pidfd, exe: requireEnterable(host, lookAt(pid), own) };
    }
    const [first] = named;
    const other = named.find(({ exe }) => exe !== first?.exe);
    if (first !== undefined && other !== undefined)
      throw new Refusal(
        `${first.pid} runs ${first.exe}, and ${other.pid} runs ${other.exe}: those of one program enter one session`,
        'a session for each program',
      );
    return named;
  } catch (error) {
    letFall(host.addon, named);
    throw error;
  }
}

/** Closes their pidfds. */
export function letFall(addon: Addon, named: readonly Named[]): void {
  for (const { pidfd } of named) addon.closeFd(pidfd);
}

function pidfdOf(addon: Addon, pid: number): number {
  try {
    return addon.openPidfd(pid);
  } catch (error) {
    // EINVAL: the number of a thread that is not its process's first (pidfd_open(2)); since 6.9, ENOENT.
    if (codeOf(error) === 'EINVAL' || codeOf(error) === 'ENOENT')
      throw new Refusal(`${pid} is a thread of another process`, `grep Tgid /proc/${pid}/status`, error);
    throw new Refusal(`${pid}: there is no such process`, 'ps ax', error);
  }
}

/** Its program's path; throws a Refusal where it can be nobody's subject. */
function requireEnterable(host: Host, running: Running, own: OwnProcesses): string {
  const { pid, exe, tracer, rings } = running;
  if (pid === 1) throw new Refusal('1 is init: everything would hang on what it is denied', 'name another process');
  if (exe === null) throw new Refusal(`${pid} runs no program: it is the kernel's own, or has ended`, 'ps ax');
  if (isOurs(pid, exe, own)) throw new Refusal(`${pid} is callgate's own`, 'name another process');
  const held = readStates(host).find((state) => state.supervisor.pid === pid && isSupervised(state));
  if (held !== undefined)
    throw new Refusal(
      `${pid} is the supervisor of ${held.name}: its program is under a policy already`,
      'callgate status',
    );
  if (tracer !== 0)
    throw new Refusal(
      `${pid} is traced by ${tracer}, which acts in its place`,
      `end ${tracer}, or begin anew: callgate run -- ${commandLine(running)}`,
    );
  if (rings) throw ringsRefused({ pid, comm: exe.split('/').at(-1) ?? exe });
  return exe;
}

function isOurs(pid: number, exe: string, { held }: OwnProcesses): boolean {
  if (pid === process.pid || pid === held) return true;
  // Those that bin/callgate forked: what is held for a program, and who takes the gate off behind a supervisor.
  const launcher = held === null ? null : linkOf(`/proc/${held}/exe`);
  if (launcher !== null && exe === launcher) return true;
  return exe === linkOf('/proc/self/exe') && wordsOf(pid)[1] === process.argv[1];
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function wordsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** The process as the kernel half sees it, once more; throws a Refusal where it can be no subject. */
export function choose(gate: Gate, { pid, pidfd, exe }: Named, state: SessionState): Entering {
  const threads = gate.entering.surveyOf(pidfd).filter(({ dead }) => !dead);
  const [leader] = threads;
  if (leader === undefined) throw new Refusal(`${pid}: it has ended`, 'ps ax');
  const who = `${leader.comm} (${pid})`;
  for (const task of threads) {
    if (task.kernel) throw new Refusal(`${who} runs no program: it is the kernel's own`, 'ps ax');
    if (task.untold) throw new Refusal(`${who}: whether it is under a policy cannot be told just now`, 'try again');
    if (task.subject !== null && task.subject.cookie !== cookieOf(state))
      throw new Refusal(`${who} is under a policy of another session already`, 'callgate status');
    if (task.rings) throw ringsRefused({ pid, comm: leader.comm });
    if (task.tracer !== 0)
      throw new Refusal(`${who} is traced by ${task.tracer}, which acts in its place`, `end ${task.tracer}`);
    if (task.traces)
      throw new Refusal(`${who} traces other processes: it could act in their place`, 'have it detach from them');
  }
  // Whoever has the number is the process of the pidfd: that one is there still.
  const file = identityOf(gate, `/proc/${pid}/exe`);
  if (file === null || file.inode !== leader.exe.inode || file.device !== leader.exe.device)
    throw new Refusal(`${who} has become another program than ${exe}`, 'try again');
  return { pid: leader.pid, start: leader.start, comm: leader.comm, exe: leader.exe };
}

/** A file as the kernel knows it; null: there is none. */
export function identityOf(
  gate: Gate,
  path: string | Buffer,
): { readonly device: number; readonly inode: bigint } | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return null;
    throw error;
  }
  try {
    return gate.native.identify(fd);
  } finally {
    closeSync(fd);
  }
}
