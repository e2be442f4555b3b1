// SPDX-License-Identifier: GPL-2.0-only
/** The end of a file that records are appended to: no half of one may stay there. */
import { fstatSync, ftruncateSync, readSync } from 'node:fs';

/** By what a record is known at the end of a file. */
export interface Shape {
  /** Before the first line of an empty file. */
  readonly header: string;
  /** What a record ends with, and no record has inside. */
  readonly end: string;
  /** Is it the beginning of a record, however little of it? */
  readonly begins: (half: string) => boolean;
}

const PIECE = 1 << 16;
/** A record is a few KiB; what has no end in so much is none of ours. */
const RECORD_MOST = 1 << 24;

/**
 * Cuts away what was written of a record that could not be written whole.
 *
 * @returns how many bytes of it stand there still: where somebody else wrote behind it, or the file system cuts nothing
 */
export function takeBack(fd: number, part: Buffer): number {
  if (part.length === 0) return 0;
  try {
    const from = fstatSync(fd).size - part.length;
    if (from < 0 || !bytesAt(fd, from, part.length).equals(part)) return part.length;
    ftruncateSync(fd, from);
    return 0;
  } catch {
    return part.length;
  }
}

/**
 * Cuts away the half of a record that an export left at the end of its file when it was killed. What is not known for one stays.
 *
 * @returns how many bytes were cut away
 * @throws what the system says where the file cannot be read or cut
 */
export function cutHalf(fd: number, shape: Shape): number {
  const { size } = fstatSync(fd);
  const header = Buffer.from(shape.header);
  const head = bytesAt(fd, 0, Math.min(size, header.length));
  // Somebody else's file, which is appended to: what its last line is nobody here knows.
  if (!head.equals(header.subarray(0, head.length))) return 0;
  const end = size < header.length ? 0 : lastEnd(fd, size, Buffer.from(shape.end));
  if (end === null || end === size) return 0;
  const half = bytesAt(fd, end, Math.min(size - end, PIECE)).toString('utf8');
  if (size >= header.length && !shape.begins(half)) return 0;
  ftruncateSync(fd, end);
  return size - end;
}

/** Where the last end stands, 0 where there is none; null: too far from the end of the file to be a record's. */
function lastEnd(fd: number, size: number, end: Buffer): number | null {
  for (let length = PIECE; ; length *= 2) {
    const from = Math.max(0, size - length);
    const at = bytesAt(fd, from, size - from).lastIndexOf(end);
    if (at >= 0) return from + at + end.length;
    if (from === 0) return 0;
    if (length >= RECORD_MOST) return null;
  }
}

function bytesAt(fd: number, from: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, from));
}
