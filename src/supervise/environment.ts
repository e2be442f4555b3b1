// SPDX-License-Identifier: GPL-2.0-only
/** A program's environment, as bytes and in its order: what the caller had, with what must be another's changed in place. */
import type { User } from '../host/accounts.js';

/** The first value of a variable, as getenv(3) finds it. */
export function variableOf(env: readonly Buffer[], name: string): Buffer | undefined {
  const found = env.find((entry) => isNamed(entry, name));
  return found?.subarray(name.length + 1);
}

/** That of a user: HOME, USER, LOGNAME and SHELL are the user's. */
export function environmentOf(env: readonly Buffer[], user: User): Buffer[] {
  const own = { HOME: user.home, USER: user.name, LOGNAME: user.name, SHELL: user.shell };
  let changed = [...env];
  for (const [name, value] of Object.entries(own)) changed = withVariable(changed, name, value);
  return changed;
}

/**
 * Variables by which a service manager names the process it started, and whom it speaks to (sd_listen_fds(3),
 * sd_watchdog_enabled(3), systemd.exec(5)): where they name callgate they mean the program.
 */
const PIDS = ['LISTEN_PID', 'WATCHDOG_PID', 'SYSTEMD_EXEC_PID'];

/**
 * The environment with the program's pid in the place of callgate's.
 *
 * @param own callgate's pid, @param pid the program's
 */
export function withPid(env: readonly Buffer[], own: number, pid: number): Buffer[] {
  let changed = [...env];
  for (const name of PIDS)
    if (variableOf(env, name)?.toString('latin1') === String(own)) {
      changed = withVariable(changed, name, String(pid));
      // It says the same of a process by an inode, and is asked before the pid.
      if (name === 'LISTEN_PID') changed = changed.filter((entry) => !isNamed(entry, 'LISTEN_PIDFDID'));
    }
  return changed;
}

function withVariable(env: readonly Buffer[], name: string, value: string): Buffer[] {
  const entry = Buffer.from(`${name}=${value}`);
  const there = env.some((old) => isNamed(old, name));
  return there ? env.map((old) => (isNamed(old, name) ? entry : old)) : [...env, entry];
}

function isNamed(entry: Buffer, name: string): boolean {
  return entry.toString('latin1', 0, name.length + 1) === `${name}=`;
}
