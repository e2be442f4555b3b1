// SPDX-License-Identifier: GPL-2.0-only
/** The two file systems of the kernel's that callgate uses, and that a Debian with systemd has mounted. */
import { spawnSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { codeOf, Refusal } from './failure.js';

interface KernelMount {
  readonly type: 'bpf' | 'securityfs';
  readonly folder: string;
  /** Of statfs(2), linux/magic.h. */
  readonly magic: number;
  readonly options: string;
}

export const BPFFS: KernelMount = {
  ...{ type: 'bpf', folder: '/sys/fs/bpf', magic: 0xcafe4a11 },
  // As systemd has it: only root looks in.
  options: 'nosuid,nodev,noexec,mode=700',
};
export const SECURITYFS: KernelMount = {
  ...{ type: 'securityfs', folder: '/sys/kernel/security', magic: 0x73636673 },
  options: 'nosuid,nodev,noexec',
};

/** `absent`: this kernel has no folder for it. */
export function stateOf({ folder, magic }: KernelMount): 'mounted' | 'unmounted' | 'absent' | 'unknown' {
  try {
    // statfs's type is signed in some builds of Node.
    return statfsSync(folder).type >>> 0 === magic ? 'mounted' : 'unmounted';
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? 'absent' : 'unknown';
  }
}

/** The command that mounts it. */
export function mountCommand({ type, folder }: KernelMount): string {
  return `mount -t ${type} ${type} ${folder}`;
}

/**
 * Mounts what of the two is missing, and says so. That securityfs cannot be had is no matter: what it tells is found by trying.
 *
 * @throws Refusal where bpffs cannot be mounted
 */
export function mountMissing(say: (line: string) => void, mounts: readonly KernelMount[] = [SECURITYFS, BPFFS]): void {
  for (const mount of mounts) {
    if (stateOf(mount) !== 'unmounted') continue;
    const { type, folder, options } = mount;
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
    const { status, stderr, error } = spawnSync('mount', ['-t', type, '-o', options, type, folder], { env });
    if (status === 0) say(`mounted ${type} on ${folder}, which was not mounted`);
    else if (type === 'bpf')
      throw new Refusal(
        `${folder}: bpffs is not mounted there and cannot be (${(error?.message ?? String(stderr)).trim()})`,
        mountCommand(mount),
      );
  }
}
