// SPDX-License-Identifier: GPL-2.0-only
/** Errors that a policy names and no program sees. */
import type { Policy } from '../policy/model.js';

/**
 * A sentence for each rule that denies a capability with an error of its own: capable() answers yes or no, and its caller in the kernel
 * makes the error (kernel/capability.c).
 */
export function unseenErrnos({ rules }: Policy): string[] {
  return rules
    .filter(({ operations, errno }) => operations.includes('capable') && errno !== undefined && errno !== 'EPERM')
    .map(
      ({ place, errno }) =>
        `${place.file}:${place.line}: of a capability that is denied the program sees what the kernel makes of it, EPERM or EACCES, not ${errno}`,
    );
}
