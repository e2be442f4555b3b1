// SPDX-License-Identifier: GPL-2.0-only
/** A command in a throw-away VM on a view of this machine's files (scripts/vm/run), and the files of it that are wanted. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { Failure } from '../host/failure.js';
import { ROOT } from '../host/host.js';
import { Handed, type HandedOut } from './handed.js';

/** The kernels that the runner has, the oldest first (scripts/vm/common.bash). */
export const KERNELS = ['6.1', '6.12', '7.2'] as const;
export type Kernel = (typeof KERNELS)[number];

/** The project's runner. */
export const RUNNER = `${ROOT}scripts/vm/run`;

export interface Guest {
  readonly kernel: Kernel;
  /** Of the VM, which is ended then. */
  readonly seconds: number;
  readonly megabytes: number;
  /** NAME=VALUE. */
  readonly env: readonly string[];
  readonly command: readonly string[];
  /** A folder; its files of this ending are handed out that the command wrote. */
  readonly from: string;
  readonly ending: string;
}

export interface GuestEnd {
  /** Null: the guest ended before the command did. */
  readonly handed: HandedOut | null;
  /** The runner's: the command's, or 125 where the guest died. */
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
printf '\\n%s %s\\n' "$token" "$status"
if [ -d "$from" ]; then
  find "$from" -maxdepth 1 -type f -name "*$ending" -newer "$since" -printf '%s %f\\n' | while read -r size name; do
    printf '%s %s\\n' "$size" "$name"
    cat "$from/$name"
  done
fi
printf '%s end\\n' "$token"
exit "$status"
`;

/**
 * Runs a command in a guest until it has ended. Its output is this process's; its standard input is empty. A SIGINT or SIGTERM ends
 * the guest, and this returns.
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
  const words = [
    ...[guest.kernel, '--timeout', String(guest.seconds), '--memory', String(guest.megabytes)],
    ...guest.env.flatMap((variable) => ['--env', variable]),
    ...['--', '/bin/sh', '-c', INSIDE, 'learn-vm', token, guest.from, guest.ending, ...guest.command],
  ];
  const child = spawn(runner, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.on('data', (bytes: Buffer) => handed.push(bytes));
  let signal: NodeJS.Signals | null = null;
  // The runner ends its guest, and this process goes on with what there is. A terminal's Ctrl-C has reached the runner already.
  const stop = (name: NodeJS.Signals): void => {
    signal = name;
    child.kill('SIGTERM');
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    const [code, by] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    const status = code ?? 128 + (by === null ? 0 : constants.signals[by]);
    return { handed: signal === null ? handed.end() : null, status, signal };
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
