// SPDX-License-Identifier: GPL-2.0-only
/** A session's log: one JSON object a line, appended, rotated by size. Nothing a disk does may stop the session. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { EventRecord, NoteRecord } from '../events/record.js';
import { codeOf, Failure } from '../host/failure.js';
import { ownFolder } from '../host/secure.js';
import type { EventSink, Line } from './sink.js';

/** Rotated at this many bytes; LOG.1 is the newest of the old ones, LOG.9 the oldest that is kept. */
export const LOG_BYTES = 64 * 1024 * 1024;
export const LOGS_KEPT = 9;

export class Log implements EventSink {
  readonly name = 'log';
  readonly #file: string;
  readonly #most: number;
  readonly #opened: (fd: number) => void;
  #fd: number;
  #bytes: number;
  /** What the disk did not take yet; whole lines, and at its front perhaps the rest of one. */
  #pending = Buffer.alloc(0);
  /** Is the front of `#pending` the rest of a line? */
  #cut = false;
  /** Lines that this process wrote into the file that is open. */
  #held = 0;
  #failure: string | null = null;
  #lost = 0;

  /**
   * Opens the log, 0600, making its folder (0700) where it is missing.
   *
   * @param opened told each file that becomes the log: the first, and those behind rotations
   * @throws Failure where it cannot be opened, or where others could write it
   */
  constructor(file: string, most = LOG_BYTES, opened: (fd: number) => void = () => undefined) {
    this.#file = file;
    this.#most = most;
    this.#opened = opened;
    ownFolder(dirname(file));
    this.#fd = this.#open(file);
    opened(this.#fd);
    this.#bytes = fstatSync(this.#fd).size;
    // A line that a crash cut must not spoil the first of ours.
    if (!endsLine(this.#fd, this.#bytes)) this.#pending = Buffer.from('\n');
  }

  /** Lines that were given up because the disk took nothing for too long, or were taken away with the file they stood in. */
  get lost(): number {
    return this.#lost;
  }

  /** Why the disk takes nothing; null: it does. */
  get failure(): string | null {
    return this.#failure;
  }

  records(lines: readonly Line<EventRecord>[]): void {
    this.write(lines.map(({ json }) => json));
  }

  note({ json }: Line<NoteRecord>): void {
    this.write([json]);
  }

  /** A disk answers at once or fails: there is nothing to wait for. */
  async flush(): Promise<void> {
    this.write([]);
  }

  /** Appends lines, each a JSON object. Never throws: what cannot be written is kept, within bounds, and tried again. */
  write(lines: readonly string[]): void {
    if (lines.length === 0 && this.#pending.length === 0) return;
    if (this.#pending.length > PENDING_MOST) {
      this.#lost += lines.length;
    } else {
      const text = Buffer.from(lines.length === 0 ? '' : `${lines.join('\n')}\n`);
      this.#pending = this.#pending.length === 0 ? text : Buffer.concat([this.#pending, text]);
    }
    try {
      this.#followName();
      while (this.#pending.length > 0) {
        const wrote = writeSync(this.#fd, this.#pending);
        this.#held += newlines(this.#pending.subarray(0, wrote));
        this.#cut = wrote > 0 && this.#pending[wrote - 1] !== NEWLINE;
        this.#pending = this.#pending.subarray(wrote);
        this.#bytes += wrote;
      }
      this.#failure = null;
      if (this.#bytes >= this.#most) this.#rotate();
    } catch (error) {
      this.#failure = error instanceof Failure ? error.message : `${this.#file}: ${codeOf(error) ?? 'error'}`;
    }
  }

  /** Tries once more to write what is pending. */
  close(): void {
    this.write([]);
    if (this.#pending.length > 0) this.#lost += this.#pending.toString('latin1').split('\n').length - 1;
    closeSync(this.#fd);
  }

  #open(file: string): number {
    const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
    try {
      const fd = openSync(file, flags | constants.O_NONBLOCK, 0o600);
      const stat = fstatSync(fd);
      if (stat.isFile() && (stat.mode & 0o022) === 0) return fd;
      closeSync(fd);
    } catch (error) {
      throw new Failure(`${file}: the log cannot be opened (${codeOf(error) ?? 'error'})`, '--log FILE', error);
    }
    throw new Failure(`${file}: not a regular file, or others can write it`, `chmod go-w ${file}`);
  }

  /**
   * Somebody else's rotation: a file that was moved away stays whole where it is now, and the name is opened again; of one
   * that was removed or cut short (a copy may hold more of it) all that this process wrote counts as lost.
   */
  #followName(): void {
    const named = lstatSync(this.#file, { throwIfNoEntry: false });
    const held = fstatSync(this.#fd);
    if (named !== undefined && named.ino === held.ino && named.dev === held.dev) {
      if (held.size < this.#bytes) this.#giveUp(held.size);
      return;
    }
    const fd = this.#open(this.#file);
    try {
      this.#opened(fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(this.#fd);
    this.#fd = fd;
    const { size } = fstatSync(fd);
    if (held.nlink === 0) this.#giveUp(size);
    else this.#begin(size);
    if (!endsLine(fd, size)) this.#pending = Buffer.concat([Buffer.from('\n'), this.#pending]);
  }

  #giveUp(size: number): void {
    this.#lost += this.#held;
    this.#begin(size);
  }

  /** Goes on in a file of this size; a line whose front stands elsewhere is lost. */
  #begin(size: number): void {
    if (this.#cut) {
      this.#pending = this.#pending.subarray(this.#pending.indexOf(NEWLINE) + 1);
      this.#lost++;
    }
    this.#cut = false;
    this.#held = 0;
    this.#bytes = size;
  }

  #rotate(): void {
    // The new file first: if there can be none, the old ones stay where they are, and this one goes on.
    const next = `${this.#file}.new`;
    const fd = this.#open(next);
    try {
      this.#opened(fd);
      this.#shift();
      renameSync(next, this.#file);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(this.#fd);
    this.#fd = fd;
    this.#bytes = 0;
    this.#held = 0;
  }

  #shift(): void {
    rmSync(`${this.#file}.${LOGS_KEPT}`, { force: true });
    for (let number = LOGS_KEPT - 1; number >= 0; number--) {
      const from = number === 0 ? this.#file : `${this.#file}.${number}`;
      try {
        renameSync(from, `${this.#file}.${number + 1}`);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
      }
    }
  }
}

const NEWLINE = 0x0a;

function newlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

function endsLine(fd: number, bytes: number): boolean {
  const last = Buffer.alloc(1);
  return bytes === 0 || readSync(fd, last, 0, 1, bytes - 1) === 0 || last[0] === NEWLINE;
}

/** Bytes that wait for a full disk at most. */
const PENDING_MOST = 16 * 1024 * 1024;
