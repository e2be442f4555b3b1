// SPDX-License-Identifier: GPL-2.0-only
/** Files that a person names and that decide nothing by themselves: regular ones, of a size that has a bound. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Failure } from './failure.js';
import { TEXT_MAX } from './secure.js';

/**
 * All of a file. A fifo or a device in its place is refused and not waited for; a link is followed.
 *
 * @throws Failure where it is no regular file, or larger than 16 MiB; what the kernel refuses (ENOENT, EACCES) is left to the caller
 */
export function readPlain(path: string): Buffer {
  const fd = openPlain(path);
  try {
    const stat = fstatSync(fd);
    if (stat.size > TEXT_MAX) throw new Failure(`${path}: ${stat.size} bytes; at most ${TEXT_MAX} are read`);
    // Of /proc a file says that it has none: read to its end, whatever that is.
    const pieces: Buffer[] = [];
    let length = 0;
    for (;;) {
      const piece = Buffer.alloc(1 << 16);
      const read = readSync(fd, piece);
      if (read === 0) return Buffer.concat(pieces, length);
      pieces.push(piece.subarray(0, read));
      length += read;
      if (length > TEXT_MAX) throw new Failure(`${path}: more than ${TEXT_MAX} bytes; at most that many are read`);
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * The beginning of a file of any size, for who tells by it what it is.
 *
 * @throws Failure where it is no regular file; what the kernel refuses is left to the caller
 */
export function beginningOf(path: string, bytes: number): Buffer {
  const fd = openPlain(path);
  try {
    const piece = Buffer.alloc(bytes);
    return piece.subarray(0, readSync(fd, piece));
  } finally {
    closeSync(fd);
  }
}

function openPlain(path: string): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new Failure(`${path}: not a regular file`, 'name a file');
}
