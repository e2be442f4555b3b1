// SPDX-License-Identifier: GPL-2.0-only
/** A command in a throw-away VM on a view of this machine's files (scripts/vm/run), and the files of it that are wanted. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Failure } from '../host/failure.js';
import { ROOT } from '../host/host.js';
import { runChild } from './child.js';
import { HAND_OUT, Handed, type HandedOut } from './handed.js';

/** The kernels that the runner has, the oldest first (scripts/vm/common.bash). */
export const KERNELS = ['6.1', '6.12', '7.2'] as const;
export type Kernel = (typeof KERNELS)[number];

/** What `learn --vm` takes: a kernel of the runner, or the Vagrant machine. */
export const MACHINES = [...KERNELS, 'vagrant'] as const;
export type Machine = (typeof MACHINES)[number];

/** The project's runner. */
export const RUNNER = `${ROOT}scripts/vm/run`;

/** What is done in a machine, of either kind. */
export interface Job {
  /** It is ended then. */
  readonly seconds: number;
  readonly megabytes: number;
  readonly command: readonly [string, ...string[]];
  /** A folder; its files of this ending are handed out that the command wrote. */
  readonly from: string;
  readonly ending: string;
}

export interface Guest extends Job {
  readonly kernel: Kernel;
  /** NAME=VALUE. */
  readonly env: readonly string[];
}

export interface GuestEnd {
  /** Null: the guest ended before the command did. */
  readonly handed: HandedOut | null;
  /** The runner's or ssh's: the command's, or 125 where the guest died. */
  readonly status: number;
  /** By which the person ended it; null: nobody did. */
  readonly signal: NodeJS.Signals | null;
}

/** In the guest: bpffs as Debian has it mounted, the command, and what is handed out (handed.ts). */
const INSIDE = `
token=$1 from=$2 ending=$3
shift 3
grep -q ' /sys/fs/bpf bpf ' /proc/mounts || mount -t bpf bpf /sys/fs/bpf || exit 125
since=$(mktemp) || exit 125
"$@"
status=$?
${HAND_OUT}
exit "$status"
`;

/**
 * Runs a command in a guest until it has ended. Its output is this process's; its standard input is empty. A SIGINT or SIGTERM ends
 * the guest (its runner does), and this returns.
 *
 * @throws Failure where the runner is not there, or the guest ended while it handed out
 */
export async function inGuest(guest: Guest, runner: string = RUNNER): Promise<GuestEnd> {
  if (!existsSync(runner))
    throw new Failure(
      `${runner}: this installation has no runner of VMs`,
      'learn in a VM of your own, or from a checkout of callgate',
    );
  const token = randomBytes(16).toString('hex');
  const handed = new Handed(token, (bytes) => process.stdout.write(bytes));
  const { status, signal } = await runChild(
    [
      runner,
      ...[guest.kernel, '--timeout', String(guest.seconds), '--memory', String(guest.megabytes)],
      ...guest.env.flatMap((variable) => ['--env', variable]),
      ...['--', '/bin/sh', '-c', INSIDE, 'learn-vm', token, guest.from, guest.ending, ...guest.command],
    ],
    { output: (bytes) => handed.push(bytes) },
  );
  return { handed: signal === null ? handed.end() : null, status, signal };
}
