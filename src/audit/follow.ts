/** The lines of logs as they come. */
import { closeSync, type FSWatcher, fstatSync, openSync, readSync, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type LogRecord, parseLine } from './read.js';

/** One log that grows, and is replaced when it is rotated: what was not read of the old one is read first. */
export class Follower {
  readonly #file: string;
  readonly #take: (record: LogRecord) => void;
  readonly #watcher: FSWatcher;
  #fd: number | null = null;
  #at = 0;
  #rest = Buffer.alloc(0);

  /**
   * @param take gets each record from the log's end as it is now, or from its beginning
   * @param fromStart all that is in the file already counts too
   */
  constructor(file: string, take: (record: LogRecord) => void, fromStart: boolean) {
    this.#file = file;
    this.#take = take;
    this.#open();
    if (!fromStart && this.#fd !== null) this.#at = fstatSync(this.#fd).size;
    // The folder, for a rotated log has another inode under the same name.
    this.#watcher = watch(dirname(file), (_event, name) => {
      if (name === null || name === basename(file)) this.read();
    });
    this.read();
  }

  /** Reads what is there now. */
  read(): void {
    this.#drain();
    if (!this.#replaced()) return;
    this.#drain();
    if (this.#fd !== null) closeSync(this.#fd);
    this.#open();
    this.#drain();
  }

  close(): void {
    this.#watcher.close();
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #open(): void {
    try {
      this.#fd = openSync(this.#file, 'r');
    } catch {
      // Not there yet: the folder tells when it comes.
      this.#fd = null;
    }
    this.#at = 0;
    this.#rest = Buffer.alloc(0);
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
    const chunk = Buffer.alloc(65536);
    for (;;) {
      const read = readSync(this.#fd, chunk, 0, chunk.length, this.#at);
      if (read === 0) return;
      this.#at += read;
      const bytes = Buffer.concat([this.#rest, chunk.subarray(0, read)]);
      const end = bytes.lastIndexOf(0x0a);
      this.#rest = Buffer.from(bytes.subarray(end + 1));
      for (const line of bytes.toString('utf8', 0, Math.max(end, 0)).split('\n')) {
        const record = line === '' ? undefined : parseLine(line);
        if (record !== undefined) this.#take(record);
      }
    }
  }
}
