// SPDX-License-Identifier: GPL-2.0-only
/** The kernel's list of security modules, in the order they are asked. */
import { readFileSync } from 'node:fs';

export const LSM_LIST = '/sys/kernel/security/lsm';
export const LOCKDOWN = '/sys/kernel/security/lockdown';

/** Their names; null where the list cannot be read (securityfs is not mounted). */
export function securityModules(): string[] | null {
  try {
    return readFileSync(LSM_LIST, 'utf8').trim().split(',');
  } catch {
    return null;
  }
}

/** `none`, `integrity` or `confidentiality`; null where it cannot be read. */
export function lockdown(): string | null {
  try {
    return /\[(\w+)\]/.exec(readFileSync(LOCKDOWN, 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
}
