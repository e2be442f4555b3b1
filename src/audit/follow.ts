// SPDX-License-Identifier: GPL-2.0-only
/** The lines of logs as they come. */
import { closeSync, existsSync, type FSWatcher, fstatSync, openSync, readSync, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { LogRecord } from '../events/record.js';
import { codeOf } from '../host/failure.js';
import { LOGS_KEPT } from './log.js';
import { Lines, parseLine } from './read.js';

/** One log that grows, and is replaced when it is rotated: what was not read of the old one is read first. */
export class Follower {
  readonly #file: string;
  readonly #take: (record: LogRecord) => void;
  readonly #watcher: FSWatcher;
  #fd: number | null = null;
  #at = 0;
  #lines = new Lines();
  #unreadable = 0;

  /**
   * @param take gets each record from the log's end as it is now, or from its beginning
   * @param fromStart all that is in the log already counts too, the rotated ones first
   */
  constructor(file: string, take: (record: LogRecord) => void, fromStart: boolean) {
    this.#file = file;
    this.#take = take;
    this.#open(fromStart ? oldest(file) : file);
    if (!fromStart && this.#fd !== null) this.#at = fstatSync(this.#fd).size;
    // The folder, for a rotated log has another inode under the same name.
    this.#watcher = watch(dirname(file), (_event, name) => {
      if (name === null || name === basename(file)) this.read();
    });
    this.read();
  }

  /** Lines that are none, so far; what stands behind the last end of a line may become one, unless nobody writes any more. */
  unreadable(living: boolean): number {
    return this.#unreadable + (living || this.#lines.rest() === '' ? 0 : 1);
  }

  /** Reads what is there now. */
  read(): void {
    this.#drain();
    if (!this.#replaced()) return;
    this.#drain();
    // Those that came and went between two looks, too.
    for (let number = this.#ageOfHeld() - 1; number >= 0; number--) {
      if (this.#fd !== null) closeSync(this.#fd);
      this.#open(number === 0 ? this.#file : `${this.#file}.${number}`);
      this.#drain();
    }
  }

  /** Number of the rotated log that is open; 1 where it is none of those that are there. */
  #ageOfHeld(): number {
    if (this.#fd === null) return 1;
    const held = fstatSync(this.#fd);
    for (let number = 1; number <= LOGS_KEPT; number++) {
      const there = statSync(`${this.#file}.${number}`, { throwIfNoEntry: false });
      if (there !== undefined && there.ino === held.ino && there.dev === held.dev) return number;
    }
    return 1;
  }

  close(): void {
    this.#watcher.close();
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #open(file: string): void {
    // Of a log that another took the place of nothing more comes.
    if (this.#lines.rest() !== '') this.#unreadable++;
    try {
      this.#fd = openSync(file, 'r');
    } catch (error) {
      // Not there yet: the folder tells when it comes.
      if (codeOf(error) !== 'ENOENT') throw error;
      this.#fd = null;
    }
    this.#at = 0;
    this.#lines = new Lines();
  }

  #replaced(): boolean {
    try {
      const there = statSync(this.#file);
      if (this.#fd === null) return true;
      const held = fstatSync(this.#fd);
      return there.ino !== held.ino || there.dev !== held.dev;
    } catch {
      return false;
    }
  }

  #drain(): void {
    if (this.#fd === null) return;
    // Somebody cut it short (copytruncate): what it holds now is new.
    if (fstatSync(this.#fd).size < this.#at) {
      this.#at = 0;
      this.#lines = new Lines();
    }
    const chunk = Buffer.alloc(65536);
    for (;;) {
      const read = readSync(this.#fd, chunk, 0, chunk.length, this.#at);
      if (read === 0) return;
      this.#at += read;
      for (const line of this.#lines.push(chunk.subarray(0, read))) {
        const record = parseLine(line);
        if (record === undefined) this.#unreadable++;
        else this.#take(record);
      }
    }
  }
}

/** The oldest of the rotated logs, or the log. */
function oldest(file: string): string {
  for (let number = LOGS_KEPT; number > 0; number--) if (existsSync(`${file}.${number}`)) return `${file}.${number}`;
  return file;
}
