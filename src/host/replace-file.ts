// SPDX-License-Identifier: GPL-2.0-only
/** Writing a file so that a reader finds the old one or the new one, whole, whatever ends this process. */
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
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
    syncFolder(folder);
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

/**
 * Writes a file (0644) that must not be there yet: whole or not at all, and never over another.
 *
 * @throws Failure naming the file; nothing is left behind then
 */
export function newFile(file: string, text: string): void {
  const folder = dirname(file);
  const temporary = join(folder, `.callgate.${process.pid}.${randomBytes(6).toString('hex')}.tmp`);
  let made = false;
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    made = true;
    try {
      writeFileSync(fd, text);
      fchmodSync(fd, 0o644);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    // A rename would take the place of what came meanwhile.
    linkSync(temporary, file);
    syncFolder(folder);
  } catch (error) {
    if (codeOf(error) === 'EEXIST')
      throw new Failure(`${file}: is there already, and is left as it is`, undefined, error);
    throw new Failure(
      `${file}: cannot be written (${codeOf(error) ?? 'error'})`,
      `ls -ld ${folder}; df ${folder}`,
      error,
    );
  } finally {
    if (made) unlinkSync(temporary);
  }
}

function syncFolder(folder: string): void {
  const directory = openSync(folder, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
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
