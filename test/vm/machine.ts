// SPDX-License-Identifier: GPL-2.0-only
/** Where a test of the hooks can run. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir, release } from 'node:os';

/** False where this kernel runs BPF LSM programs; else the reason, for a test's `skip`. */
export function needsLsm(): string | false {
  try {
    const list = readFileSync('/sys/kernel/security/lsm', 'utf8').trim();
    return list.split(',').includes('bpf') ? false : `BPF LSM is not in this kernel's list: ${list}`;
  } catch {
    return 'not in a VM: this kernel does not say which LSMs it has (run by scripts/test in the VM)';
  }
}

/** `6.12` of `6.12.94-cloud-amd64`. */
export function kernelSeries(): string {
  return release().split('.').slice(0, 2).join('.');
}

/** Loads a module of the kernel that runs, from where scripts/vm/kernel keeps it. */
export function loadModule(name: string): void {
  const kernels = `${homedir()}/.cache/callgate/kernels`;
  const here = readdirSync(kernels).find((one) => existsSync(`${kernels}/${one}/lib/modules/${release()}`));
  if (here === undefined) throw new Error(`the modules of ${release()} are not where scripts/vm/kernel keeps them`);
  execFileSync('modprobe', ['-d', `${kernels}/${here}`, name]);
}
