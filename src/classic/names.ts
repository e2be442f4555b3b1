// SPDX-License-Identifier: GPL-2.0-only
/** How systrace named files of policies. */
import { bytesFrom, textOf } from '../policy/bytes.js';

/** `/usr/sbin/named` has `usr_sbin_named`: what is no letter and no digit becomes `_`, and none stands at the beginning. */
export function classicFileName(program: string): string {
  return program.replace(/[^A-Za-z0-9]/g, '_').replace(/^_+/, '');
}

/** What a program that is started was called: `/bin/ls`, where that is /usr/bin/ls. */
export interface CalledAs {
  /** As the kernel names it. */
  readonly path: string;
  readonly called: string;
}

/** Null: it was called by its own name, or by one that depends on the folder. */
export function calledAs({ path, file }: { readonly path: string; readonly file: Buffer }): CalledAs | null {
  const called = textOf(bytesFrom(file));
  return called.startsWith('/') && called !== path ? { path, called } : null;
}
