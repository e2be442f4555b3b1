// SPDX-License-Identifier: GPL-2.0-only
/**
 * The records of a log from a position on, across its rotations: a file that was rotated keeps its inode, and what is newer stands in
 * front of it. What is gone is told by the numbers of events: none is passed over silently.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { LOGS_KEPT } from '../audit/log.js';
import { parseLine } from '../audit/read.js';
import { isEvent, type LogRecord } from '../events/record.js';
import { codeOf, Failure } from '../host/failure.js';
import type { Position } from './cursor.js';

/** What comes next of a log. */
export type Item =
  | { readonly kind: 'record'; readonly record: LogRecord; readonly position: Position }
  /** Events that the log no longer has; a line that is none. */
  | { readonly kind: 'gone'; readonly events: number; readonly position: Position }
  | { readonly kind: 'bad'; readonly position: Position };

const PIECE = 1 << 16;
/** A record is a few KiB; what has no end after this is no line of a log. */
const LINE_MOST = 1 << 24;
const TRIES = 10;

export class LogReader {
  readonly #file: string;
  #fd: number | null = null;
  #inode = 0;
  #offset = 0;
  #hash = '';
  #seq: number;
  #rest = Buffer.alloc(0);
  /** The next event may come from behind a hole. */
  #hole = false;
  readonly #pending: Item[] = [];
  /** Did it find the place that it was to go on from? */
  readonly resumed: boolean;

  /**
   * @param from null: the oldest there is
   * @throws Failure where the file is no regular one
   */
  constructor(file: string, from: Position | null) {
    this.#file = file;
    const there = openThere(file);
    if (there !== null) closeSync(there);
    this.#seq = from?.seq ?? 0;
    // The beginning of a log may be gone too: events are numbered from 1.
    this.#hole = true;
    this.resumed = from !== null && this.#resume(from);
    if (this.resumed) this.#hole = false;
  }

  /** Where it stands now. */
  get position(): Position {
    return { inode: this.#inode, offset: this.#offset, hash: this.#hash, seq: this.#seq };
  }

  /** The next item; null: the log has no more now. */
  next(): Item | null {
    for (;;) {
      const item = this.#pending.shift();
      if (item !== undefined) return item;
      if (this.#fd === null && !this.#openOldest()) return null;
      if (this.#fill()) continue;
      if (!this.#advance()) return null;
    }
  }

  /**
   * What stands behind the last end of a line, in a log that nobody writes any more; null: nothing. It keeps its place: a position stands
   * behind a whole line, or it would not be found again.
   */
  cut(): Item | null {
    return this.#rest.length === 0 ? null : { kind: 'bad', position: this.position };
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  /** Goes on where a cursor stands; false where that place is gone. */
  #resume(from: Position): boolean {
    if (from.inode === 0) return false;
    for (let number = 0; number <= LOGS_KEPT; number++) {
      const fd = openThere(nameOf(this.#file, number));
      if (fd === null) continue;
      const { ino, size } = fstatSync(fd);
      if (ino === from.inode && size >= from.offset && endsWith(fd, from.offset, from.hash)) {
        this.#take(fd, from.offset, from.hash);
        return true;
      }
      closeSync(fd);
    }
    return false;
  }

  #take(fd: number, offset = 0, hash = ''): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = fd;
    this.#inode = fstatSync(fd).ino;
    this.#offset = offset;
    this.#hash = hash;
    this.#rest = Buffer.alloc(0);
  }

  #openOldest(): boolean {
    for (let number = LOGS_KEPT; number >= 0; number--) {
      const fd = openThere(nameOf(this.#file, number));
      if (fd === null) continue;
      this.#take(fd);
      return true;
    }
    return false;
  }

  /** Reads a piece; true where it brought an item. */
  #fill(): boolean {
    const fd = this.#fd as number;
    if (fstatSync(fd).size < this.#offset) {
      // It was cut short in its place: what stood there is gone, what stands there now is new.
      this.#offset = 0;
      this.#hash = '';
      this.#rest = Buffer.alloc(0);
      this.#hole = true;
    }
    const piece = Buffer.alloc(PIECE);
    for (;;) {
      const read = readSync(fd, piece, 0, PIECE, this.#offset + this.#rest.length);
      if (read === 0) return false;
      let bytes = Buffer.concat([this.#rest, piece.subarray(0, read)]);
      for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a)) {
        this.#line(bytes.subarray(0, end + 1));
        bytes = bytes.subarray(end + 1);
      }
      this.#rest = Buffer.from(bytes);
      if (this.#rest.length > LINE_MOST) {
        this.#offset += this.#rest.length;
        this.#rest = Buffer.alloc(0);
        this.#pending.push({ kind: 'bad', position: this.position });
      }
      if (this.#pending.length > 0) return true;
    }
  }

  #line(line: Buffer): void {
    const before = this.position;
    this.#offset += line.length;
    this.#hash = hashOf(line);
    const text = line.toString('utf8').trimEnd();
    if (text === '') return;
    const record = parseLine(text);
    if (record === undefined) {
      this.#pending.push({ kind: 'bad', position: this.position });
      return;
    }
    // A session that has the name of an older one begins anew.
    if (!isEvent(record) && record.type === 'session') {
      this.#seq = 0;
      this.#hole = false;
    }
    if (isEvent(record)) {
      const missing = record.seq - this.#seq - 1;
      // Numbers that the kernel half could not send are told by a record of their own: only behind a hole they are ours to tell.
      // The position is before the event itself, which is not handed on yet.
      if (this.#hole && missing > 0)
        this.#pending.push({ kind: 'gone', events: missing, position: { ...before, seq: record.seq - 1 } });
      this.#hole = false;
      this.#seq = Math.max(this.#seq, record.seq);
    }
    this.#pending.push({ kind: 'record', record, position: this.position });
  }

  /** On to the file that is newer than this one; false: there is none yet. */
  #advance(): boolean {
    for (let tries = 0; tries < TRIES; tries++) {
      const at = this.#numberOf(this.#inode);
      if (at === 0) return false;
      if (at === null) {
        // Rotated away, or moved by somebody: all of it was read. What stands between it and the oldest is gone.
        const before = this.#inode;
        if (!this.#openOldest()) return false;
        if (this.#inode === before) return false;
        this.#hole = true;
        return true;
      }
      const next = openThere(nameOf(this.#file, at - 1));
      // Between two renames the name is free for a moment.
      if (next === null) return false;
      // Was it rotated once more meanwhile? Then this is not the next one.
      if (inodeAt(nameOf(this.#file, at)) === this.#inode) {
        if (this.#fill()) {
          closeSync(next);
          return true;
        }
        if (this.#rest.length > 0) {
          this.#offset += this.#rest.length;
          this.#pending.push({ kind: 'bad', position: this.position });
        }
        this.#take(next);
        return true;
      }
      closeSync(next);
    }
    return false;
  }

  /** The number that the file has among the rotated ones; null: it is none of them. */
  #numberOf(inode: number): number | null {
    for (let number = 0; number <= LOGS_KEPT; number++)
      if (inodeAt(nameOf(this.#file, number)) === inode) return number;
    return null;
  }
}

function nameOf(file: string, number: number): string {
  return number === 0 ? file : `${file}.${number}`;
}

/** Is `file` one of the files of the log, by whatever name? */
export function isLogOf(log: string, file: string): boolean {
  const target = statSync(file, { throwIfNoEntry: false });
  if (target === undefined) return false;
  return Array.from({ length: LOGS_KEPT + 1 }, (_, number) => nameOf(log, number)).some((name) => {
    const one = statSync(name, { throwIfNoEntry: false });
    return one?.ino === target.ino && one.dev === target.dev;
  });
}

function inodeAt(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.ino ?? null;
}

function openThere(file: string): number | null {
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
    throw new Failure(`${file}: no log, for it is no regular file`, 'name a session, or the file of its log');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function hashOf(line: Buffer): string {
  return createHash('sha256').update(line).digest('hex').slice(0, 16);
}

/** Does a line with this hash end there? */
function endsWith(fd: number, offset: number, hash: string): boolean {
  if (offset === 0) return true;
  for (let length = PIECE; ; length *= 2) {
    const from = Math.max(0, offset - length);
    const bytes = Buffer.alloc(offset - from);
    if (readSync(fd, bytes, 0, bytes.length, from) !== bytes.length || bytes.at(-1) !== 0x0a) return false;
    const before = bytes.lastIndexOf(0x0a, bytes.length - 2);
    if (before >= 0 || from === 0) return hashOf(bytes.subarray(before + 1)) === hash;
    if (length > LINE_MOST) return false;
  }
}
