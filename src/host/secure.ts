// SPDX-License-Identifier: GPL-2.0-only
/**
 * Files that decide what a program may do are only worth what their permissions are: whoever can write a policy, a lock
 * or a log of callgate's is as good as root. So all of them are opened through here.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { codeOf, Failure } from './failure.js';

/** Largest policy file that is read. */
export const TEXT_MAX = 16 * 1024 * 1024;

const WRITABLE_BY_OTHERS = 0o022;
const WRITABLE_BY_ALL = 0o002;
const STICKY = 0o1000;

/** Who may own such a file: root, whom the process runs as, and who called sudo. */
function trusted(uid: number): boolean {
  if (uid === 0 || uid === process.geteuid?.()) return true;
  return process.geteuid?.() === 0 && process.env.SUDO_UID === String(uid);
}

function judge(path: string, stat: Stats, noun: string): void {
  if (!trusted(stat.uid))
    throw new Failure(
      `${path}: the ${noun} belongs to user ${stat.uid}, who could change it at will`,
      `chown root ${path}`,
    );
  if ((stat.mode & WRITABLE_BY_OTHERS) !== 0)
    throw new Failure(
      `${path}: the ${noun} can be written by others than its owner (mode ${(stat.mode & 0o7777).toString(8).padStart(4, '0')})`,
      // A folder that is everybody's by its nature stays so.
      (stat.mode & STICKY) !== 0 ? 'name one that root alone can write' : `chmod go-w ${path}`,
    );
}

/**
 * Checks a folder whose files are trusted, and that nobody can put another in its place.
 *
 * @returns its resolved path
 * @throws Failure naming the folder (or the parent) and the command that mends it
 */
export function secureFolder(path: string): string {
  const folder = realpathSync(path);
  const stat = lstatSync(folder);
  if (!stat.isDirectory()) throw new Failure(`${path}: not a folder`);
  judge(folder, stat, 'folder');
  for (let parent = dirname(folder); ; parent = dirname(parent)) {
    const above = lstatSync(parent);
    if ((above.mode & WRITABLE_BY_ALL) !== 0 && (above.mode & STICKY) === 0)
      throw new Failure(
        `${folder}: anyone can replace it, because ${parent} can be written by all`,
        `chmod o-w ${parent}`,
      );
    if (parent === '/') return folder;
  }
}

/** Makes a folder of callgate's own (0700) where it is missing, and checks one that is there. */
export function ownFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Failure(`${path}: the folder cannot be made (${codeOf(error) ?? 'error'})`, undefined, error);
  }
  return secureFolder(path);
}

function leadsToFile(link: string): boolean {
  try {
    return statSync(link).isFile();
  } catch {
    return false;
  }
}

/**
 * Reads a file that decides: never through a link, regular, of at most 16 MiB, not writable by others.
 *
 * @param noun what it is, for messages
 * @throws Failure naming the file and what to do; ENOENT is left to the caller
 */
export function readSecure(path: string, noun = 'policy'): string {
  let fd: number;
  try {
    // Non-blocking, so that a fifo in its place is refused and not waited for.
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === 'ELOOP')
      throw new Failure(
        `${path}: a symbolic link; a ${noun} is read from the file itself`,
        // What is no policy (/dev/stdin) is not to be replaced by one, nor does a copy of /dev/zero end.
        path.startsWith('/dev/') || path.startsWith('/proc/') || !leadsToFile(path)
          ? 'name a file'
          : `cp --remove-destination "$(readlink -f ${path})" ${path}`,
      );
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Failure(`${path}: not a regular file`);
    judge(path, stat, 'file');
    if (stat.size > TEXT_MAX) throw new Failure(`${path}: ${stat.size} bytes; a ${noun} has at most ${TEXT_MAX}`);
    const buffer = Buffer.alloc(stat.size + 1);
    let length = 0;
    for (;;) {
      const read = readSync(fd, buffer, length, buffer.length - length, length);
      if (read === 0) break;
      length += read;
      if (length === buffer.length) throw new Failure(`${path}: grew while it was read`, 'try again');
    }
    return utf8(buffer.subarray(0, length), path);
  } finally {
    closeSync(fd);
  }
}

function utf8(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new Failure(`${path}: not UTF-8`, 'write other bytes in a path as \\xHH', error);
  }
}
