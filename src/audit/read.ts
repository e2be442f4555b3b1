/** Reading logs back: rotated ones first, lines that a crash cut left out and counted. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import type { EventRecord } from '../events/record.js';
import { LOGS_KEPT } from './log.js';

/** A line that is no event: what the session says about itself. */
export interface NoteRecord {
  readonly v: 1;
  readonly type: 'session' | 'lost' | 'problem' | 'end';
  readonly time: string;
  readonly session: string;
  readonly [fact: string]: unknown;
}

export type LogRecord = EventRecord | NoteRecord;

export interface LogText {
  readonly records: readonly LogRecord[];
  /** Lines that could not be read. */
  readonly bad: number;
}

/** Is it an event? */
export function isEvent(record: LogRecord): record is EventRecord {
  return 'seq' in record;
}

/** All of a log that is still there, oldest first. A log that is not there is an empty one. */
export function readLog(file: string): LogText {
  let bad = 0;
  const records: LogRecord[] = [];
  for (const line of linesOf(file)) {
    const record = parseLine(line);
    if (record === undefined) bad++;
    else records.push(record);
  }
  return { records, bad };
}

/** A line of a log; undefined for one that is none. */
export function parseLine(line: string): LogRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && (value as { v?: unknown }).v === 1
      ? (value as LogRecord)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The lines of bytes that come in pieces; a line may end in any later piece. */
export class Lines {
  #rest = Buffer.alloc(0);

  /** The lines that are whole with this piece, none of them empty. */
  push(piece: Buffer): string[] {
    const bytes = Buffer.concat([this.#rest, piece]);
    const end = bytes.lastIndexOf(0x0a) + 1;
    this.#rest = bytes.subarray(end);
    return bytes
      .toString('utf8', 0, end)
      .split('\n')
      .filter((line) => line !== '');
  }

  /** What came behind the last end of a line. */
  rest(): string {
    return this.#rest.toString('utf8');
  }
}

/** Ten files of 64 MiB are read in pieces: their text has no room in memory beside their records. */
function* linesOf(file: string): Generator<string> {
  for (let number = LOGS_KEPT; number >= 0; number--) {
    const name = number === 0 ? file : `${file}.${number}`;
    if (!existsSync(name)) continue;
    const fd = openSync(name, 'r');
    try {
      const lines = new Lines();
      const piece = Buffer.alloc(1 << 20);
      for (let read = readSync(fd, piece); read > 0; read = readSync(fd, piece))
        yield* lines.push(piece.subarray(0, read));
      if (lines.rest() !== '') yield lines.rest();
    } finally {
      closeSync(fd);
    }
  }
}
