// SPDX-License-Identifier: GPL-2.0-only
/** Writing a file so that a reader finds the old one or the new one, whole, whatever ends this process. */
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf, Failure } from './failure.js';

/**
 * Writes `text` under a temporary name beside the file, syncs and renames it, and syncs the folder. An existing file's mode
 * and owner are kept; a new one gets 0644.
 *
 * @throws Failure naming the file; nothing is left behind then
 */
export function replaceFile(file: string, text: string): void {
  const folder = dirname(file);
  // Not made from the file's own name, which may be as long as a name can be.
  const temporary = join(folder, `.callgate.${process.pid}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const old = statOf(file);
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(fd, text);
      fchmodSync(fd, old === null ? 0o644 : old.mode & 0o7777);
      if (old !== null && (old.uid !== process.geteuid?.() || old.gid !== process.getegid?.()))
        chownSync(temporary, old.uid, old.gid);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
    const directory = openSync(folder, 'r');
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch {
      // It was never made, or is in place already.
    }
    throw new Failure(
      `${file}: cannot be written (${codeOf(error) ?? 'error'})`,
      `ls -ld ${folder}; df ${folder}`,
      error,
    );
  }
}

function statOf(file: string): { mode: number; uid: number; gid: number } | null {
  try {
    return lstatSync(file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}
