// SPDX-License-Identifier: GPL-2.0-only
/** From `--pid` and `--cgroup` to what a session is made of: programs that run already. */
import { closeSync, readFileSync, readlinkSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { type Surroundings, surroundingsOf } from '../application/surroundings.js';
import { findUser, type User } from '../host/accounts.js';
import { type Cgroup, findCgroup } from '../host/cgroup2.js';
import { Failure, Refusal } from '../host/failure.js';
import { type Host, systemHost } from '../host/host.js';
import { zeroEnded } from '../host/zero-ended.js';
import { bufferOf, bytesFrom, bytesOf, readText, textOf } from '../policy/bytes.js';
import { type Request, UNNAMED } from '../supervise/begin.js';
import { letFall, type Named, nameProcesses } from '../supervise/enterable.js';
import { identityOf } from '../supervise/program.js';
import { requireCaller } from './caller.js';
import { programWords } from './command-line.js';
import { policiesFolder } from './request.js';

interface Flags {
  readonly policies?: string | undefined;
  readonly user?: string | undefined;
  readonly program?: string | undefined;
  /** Numbers with commas between, as they were typed. */
  readonly pid?: string | undefined;
  readonly cgroup?: string | undefined;
  readonly unload: boolean;
}

/**
 * @throws Refusal (126) where a session cannot take them in; Failure where the command line says something else besides
 */
export function runningRequestOf(command: 'learn' | 'run', flags: Flags): { request: Request; around: Surroundings } {
  const usage = `callgate ${command} --help`;
  const { pid: pids, cgroup } = flags;
  if (programWords().length > 0) throw new Failure('what runs is taken in: no program is started', usage);
  if (flags.user !== undefined)
    throw new Failure('--user is for a program that is started: what runs has its user', usage);
  const { held, watcher } = requireCaller();
  const host = systemHost();
  if (cgroup !== undefined) {
    // Nothing is started: what was forked to become a program ends at this.
    closeSync(held.control);
    return cgroupRequest(host, findCgroup(cgroup), flags, watcher, held.pid);
  }
  if (pids === undefined || !/^[1-9][0-9]{0,9}(,[1-9][0-9]{0,9})*$/.test(pids))
    throw new Failure(`--pid ${pids}: numbers of processes, with commas between`, usage);
  const named = nameProcesses(host, [...new Set(pids.split(',').map(Number))], { held: held.pid });
  closeSync(held.control);
  const [first] = named as [Named, ...Named[]];
  try {
    return requestFor(host, named, first, flags, watcher);
  } catch (error) {
    letFall(host.addon, named);
    throw error;
  }
}

function requestFor(
  host: Host,
  named: readonly Named[],
  { pid, exe }: Named,
  flags: Flags,
  watcher: Request['watcher'],
): { request: Request; around: Surroundings } {
  const path = programOf(flags.program, exe);
  const name = path.split('/').at(-1) ?? path;
  const argv = zeroEnded(`/proc/${pid}/cmdline`);
  const words: [Buffer, ...Buffer[]] = [argv[0] ?? Buffer.from(path), ...argv.slice(1)];
  const user = userOf(pid);
  const cwd = folderOf(pid);
  const request: Request = {
    ...{ host, argv: words, watcher, cwd, unload: flags.unload },
    program: { path, file: bufferOf(readText(path)), name, before: [] },
    command: words.map((word) => textOf(bytesFrom(word))),
    env: zeroEnded(`/proc/${pid}/environ`),
    held: null,
    running: named,
    folder: policiesFolder(host, name, flags.policies),
    user: null,
    identity: { user },
  };
  return { request, around: surroundingsOf(user, cwd, host.groups) };
}

function cgroupRequest(
  host: Host,
  cgroup: Cgroup,
  flags: Flags,
  watcher: Request['watcher'],
  spare: number,
): { request: Request; around: Surroundings } {
  const name = cgroup.path.split('/').at(-1) ?? cgroup.path;
  const { user } = identityOf(null);
  const request: Request = {
    ...{ host, cgroup, watcher, spare, unload: flags.unload, held: null, user: null, identity: { user } },
    argv: [Buffer.from(cgroup.path)],
    command: [cgroup.path],
    env: [],
    cwd: null,
    program: { path: UNNAMED, file: Buffer.from(UNNAMED), name, before: [] },
    folder: policiesFolder(host, name, flags.policies),
  };
  return { request, around: surroundingsOf(user, null, host.groups) };
}

/** Its policy is named after its file, or after what --program says: a script is told from its interpreter by nobody else. */
function programOf(given: string | undefined, exe: string): string {
  if (given === undefined) return textOf(bytesOf(exe));
  if (!isAbsolute(given)) throw new Failure(`--program ${given}: an absolute path, as its policy has it`);
  return given;
}

function userOf(pid: number): User {
  const uid = Number(/^Uid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? '');
  if (!Number.isInteger(uid)) throw new Refusal(`${pid}: its user cannot be told`, 'ps ax');
  return findUser(uid) ?? { name: String(uid), uid, gid: uid, home: '/', shell: '/bin/sh' };
}

function folderOf(pid: number): string | null {
  try {
    const path = readlinkSync(`/proc/${pid}/cwd`);
    return isAbsolute(path) && !path.endsWith(' (deleted)') ? path : null;
  } catch {
    return null;
  }
}
