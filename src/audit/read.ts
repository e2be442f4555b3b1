// SPDX-License-Identifier: GPL-2.0-only
/** Reading logs back: rotated ones first, lines that a crash cut left out and counted. */
import { closeSync, openSync, readSync } from 'node:fs';
import { type LogRecord, NOTE_TYPES } from '../events/record.js';
import { codeOf } from '../host/failure.js';
import { LOGS_KEPT } from './log.js';

export interface LogText {
  readonly records: readonly LogRecord[];
  /** Lines that could not be read. */
  readonly bad: number;
}

/** All of a log that is still there, oldest first. A log that is not there is an empty one. */
export function readLog(file: string): LogText {
  let bad = 0;
  const records: LogRecord[] = [];
  for (const record of recordsOf(file, () => bad++)) records.push(record);
  return { records, bad };
}

/**
 * The records of a log one after the other, for whoever need not keep them.
 *
 * @param unread is called for each line that cannot be read
 */
export function* recordsOf(file: string, unread: () => void = () => undefined): Generator<LogRecord> {
  for (const line of linesOf(file)) {
    const record = parseLine(line);
    if (record === undefined) unread();
    else yield record;
  }
}

/** A line of a log; undefined for one that is none. */
export function parseLine(line: string): LogRecord | undefined {
  try {
    const value = JSON.parse(line) as { readonly v?: unknown; readonly seq?: unknown; readonly type?: string } | null;
    if (typeof value !== 'object' || value?.v !== 1) return undefined;
    return typeof value.seq === 'number' || NOTE_TYPES.includes(value.type ?? '') ? (value as LogRecord) : undefined;
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
    const fd = openThere(name);
    if (fd === null) continue;
    yield* linesIn(fd);
  }
}

/** The lines of an open file from where it stands, the last one too if it has no end; closes it. */
export function* linesIn(fd: number): Generator<string> {
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

/** Null where it is not there; one that may not be read is no empty one. */
function openThere(file: string): number | null {
  try {
    return openSync(file, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}
