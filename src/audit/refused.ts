// SPDX-License-Identifier: GPL-2.0-only
/** What no rule of the policy refused, and what there is to do about it: the floor, and calls that `syscalls:` does not have. */
import { type Architecture, callNumber, isX32Alone } from '../policy/calls.js';
import type { Operation, Version } from '../policy/operations.js';

/** Operations of version 2, by the part of the floor that they may open. */
const OPENING: Readonly<Record<string, Operation>> = {
  ...{ chroot: 'chroot', capability: 'capable', ptrace: 'ptrace', namespace: 'namespace' },
  ...{ io_uring: 'kernel', autoload: 'kernel', kernel_log: 'kernel' },
  ...{ mount: 'mount', umount: 'unmount' },
};

/** What can be done instead of a mount that no policy permits, by what the kernel half says of it (bpf/mounts.bpf.c). */
const MOUNTED_OTHERWISE: Readonly<Record<string, string>> = {
  nodev: 'a disk may be mounted with the option nodev only',
  'in use': 'no policy permits this: what is on the disk is mounted already, or used by somebody',
  'mounts below': 'no policy permits this at once: unmount what is mounted below it first',
  fsopen: 'no policy permits this: have it use mount(2) (mount(8) does so with LIBMOUNT_FORCE_MOUNT2=always)',
};

/** Objects of such parts that no rule opens (bpf/capable.bpf.c, rings.bpf.c, file.bpf.c). */
const NEVER_OPENED: readonly string[] = ['CAP_SYS_RAWIO', 'credentials', 'inherited', 'received'];

/** The operation of version 2 that may open what a part of the floor refused; null: no policy permits it. */
function openedBy(floor: string, object: string): Operation | null {
  const never = NEVER_OPENED.includes(object) || (['mount', 'umount'].includes(floor) && object !== '?');
  return never ? null : (OPENING[floor] ?? null);
}

/** What would permit what the floor refused. */
export function floorText(floor: string, object: string): string {
  const operation = openedBy(floor, object);
  if (operation === null) return MOUNTED_OTHERWISE[object] ?? 'no policy permits this';
  return `a rule for ${operation} may permit this, in a policy of version 2`;
}

/** Why it was refused, and what to do, by the version of the policy that it was refused under; null: that is not known any more. */
export function floorRefusal(
  floor: string,
  object: string,
  version: Version | null,
): { readonly message: string; readonly remedy: string } {
  const operation = openedBy(floor, object);
  const what = `the hard-wired floor refused it (${floor}${object === '?' ? '' : `: ${object}`})`;
  if (operation === null)
    return {
      message: `${what}, which no policy permits`,
      remedy: MOUNTED_OTHERWISE[object] ?? 'run the program without callgate, or do this outside of it',
    };
  return version === 2
    ? {
        message: `${what}, which only a rule for ${operation} that names it permits`,
        remedy: `add a rule with \`permit: ${operation}\``,
      }
    : {
        message: `${what}, which ${version === null ? 'only a policy of version 2' : 'no policy of version 1'} can permit`,
        remedy: `write \`version: 2\` at the head of the policy, and a rule with \`permit: ${operation}\``,
      };
}

/** What would permit a system call, or why nothing does. */
export function callText(call: string, architecture: Architecture): string {
  if (architecture !== 'x86_64') return 'no policy permits calls of another architecture';
  if (callNumber(call) !== undefined) return `add ${call} to syscalls: of the policy, and start the program anew`;
  const why = isX32Alone(Number(call))
    ? 'x32 alone has it, and x86_64 has none of that number'
    : 'this callgate has no name for it, for it is newer, or there is none';
  return `no policy permits the call of number ${call}: ${why}`;
}
