// SPDX-License-Identifier: GPL-2.0-only
/** Errors that a policy names and no program sees. */
import { basename } from 'node:path';
import type { Application } from './application.js';

/**
 * A sentence for each rule of these files that denies a capability with an error of its own: capable() answers yes or no, and its caller in the
 * kernel makes the error (kernel/capability.c).
 */
export function unseenErrnos({ policies }: Pick<Application, 'policies'>, files: readonly string[]): string[] {
  const names = files.map((file) => basename(file));
  return policies
    .filter(({ file }) => names.includes(basename(file)))
    .flatMap(({ policy }) => policy.rules)
    .filter(({ operations, errno }) => operations.includes('capable') && errno !== undefined && errno !== 'EPERM')
    .map(
      ({ place, errno }) =>
        `${place.file}:${place.line}: of a capability that is denied the program sees what the kernel makes of it, EPERM or EACCES, not ${errno}`,
    );
}
