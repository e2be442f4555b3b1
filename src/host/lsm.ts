/** The kernel's list of security modules, in the order they are asked. */
import { readFileSync } from 'node:fs';

const LSM_LIST = '/sys/kernel/security/lsm';

/** Is `bpf` among the kernel's security modules? True where the list cannot be read: loading then tells. */
export function hasBpfLsm(): boolean {
  try {
    return readFileSync(LSM_LIST, 'utf8').trim().split(',').includes('bpf');
  } catch {
    return true;
  }
}
