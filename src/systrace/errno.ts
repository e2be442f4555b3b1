// SPDX-License-Identifier: GPL-2.0-only
/**
 * Names of errors in classic policies: those of BSD (systrace-error.c), some of which Linux lacks. They are mapped by name,
 * for the numbers are BSD's.
 */
import { ERRNO_NAMES, isErrno } from '../policy/errno.js';

/** Names that Linux lacks, and what says the same there. */
const FOREIGN: Readonly<Record<string, string>> = {
  EPROCLIM: 'EAGAIN',
  EFTYPE: 'EINVAL',
  EAUTH: 'EACCES',
  ENEEDAUTH: 'EACCES',
  EIPSEC: 'EPROTO',
  EBADRPC: 'EPROTO',
  ERPCMISMATCH: 'EPROTONOSUPPORT',
  EPROGUNAVAIL: 'EPROTONOSUPPORT',
  EPROGMISMATCH: 'EPROTONOSUPPORT',
  EPROCUNAVAIL: 'EPROTONOSUPPORT',
  ENOATTR: 'ENODATA',
};

/** All names that a classic policy may have. */
export const CLASSIC_ERRNOS: readonly string[] = [...ERRNO_NAMES, ...Object.keys(FOREIGN)];

/** Is there an error of this name, in capitals? */
export function isClassicErrno(name: string): boolean {
  return isErrno(name) || Object.hasOwn(FOREIGN, name);
}

/** The name on Linux of an error that there is. */
export function linuxErrno(name: string): string {
  return FOREIGN[name] ?? name;
}
