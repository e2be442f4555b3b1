// SPDX-License-Identifier: GPL-2.0-only
/** File names of policies and applications: `/usr/sbin/inetd` has `usr_sbin_inetd.yaml`. */
import { createHash } from 'node:crypto';
import { NAME_BYTES_MAX } from '../policy/path.js';

/** What a temporary file, a log that was rotated or a number adds to a name at most. */
const ROOM = '.9999.yaml'.length + 32;
const HASH_DIGITS = 16;

/**
 * A name as a part of a file's name: what is no letter, digit or one of `._+@-` becomes `_`, and one that is too long is cut
 * and has a hash of the whole behind it. Different names may come to the same; who must tell them apart looks inside.
 */
export function fileStem(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9._+@-]/g, '_').replace(/^\.+/, '');
  if (plain === '') return 'program';
  if (plain.length <= NAME_BYTES_MAX - ROOM) return plain;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_DIGITS);
  return `${plain.slice(0, NAME_BYTES_MAX - ROOM - HASH_DIGITS - 1)}-${hash}`;
}

/**
 * The file for a program that has none in its folder.
 *
 * @param program its path as events tell it
 * @param taken names of files that are others'
 */
export function policyFileName(program: string, taken: readonly string[]): string {
  const stem = fileStem(program.slice(1));
  for (let number = 1; ; number++) {
    const file = number === 1 ? `${stem}.yaml` : `${stem}.${number}.yaml`;
    if (!taken.includes(file)) return file;
  }
}
