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

const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/**
 * Mounts what of the two is missing, and says so. That securityfs cannot be had is no matter: what it tells is found by trying.
 *
 * @returns what takes it off again, for whoever goes no further: nothing is left of a refusal
 * @throws Refusal where bpffs cannot be mounted; nothing is left then
 */
export function mountMissing(
  say: (line: string) => void,
  mounts: readonly KernelMount[] = [SECURITYFS, BPFFS],
): () => void {
  const mounted: KernelMount[] = [];
  const undo = (): void => {
    for (const { type, folder } of mounted.splice(0).reverse()) {
      const { status } = spawnSync('umount', [folder], { env: ENVIRONMENT });
      // Somebody else has come to use it meanwhile.
      say(status === 0 ? `took ${type} off ${folder} again` : `${type} stays on ${folder}: it is in use`);
    }
  };
  for (const mount of mounts) {
    if (stateOf(mount) !== 'unmounted') continue;
    const { type, folder, options } = mount;
    const { status, stderr, error } = spawnSync('mount', ['-t', type, '-o', options, type, folder], {
      env: ENVIRONMENT,
    });
    if (status === 0) {
      mounted.push(mount);
      say(`mounted ${type} on ${folder}, which was not mounted`);
    } else if (type === 'bpf') {
      undo();
      throw new Refusal(
        `${folder}: bpffs is not mounted there and cannot be (${(error?.message ?? String(stderr)).trim()})`,
        mountCommand(mount),
      );
    }
  }
  return undo;
}
