/** Reading logs back: rotated ones first, lines that a crash cut left out and counted. */
import { existsSync, readFileSync } from 'node:fs';
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

/** All of a log that is still there, oldest first. */
export function readLog(file: string): LogText {
  const files = [file];
  for (let number = 1; number <= LOGS_KEPT && existsSync(`${file}.${number}`); number++)
    files.unshift(`${file}.${number}`);
  let bad = 0;
  const records = files
    .filter((name) => existsSync(name))
    .flatMap((name) => readFileSync(name, 'utf8').split('\n'))
    .flatMap((line): LogRecord[] => {
      if (line === '') return [];
      const record = parseLine(line);
      if (record === undefined) bad++;
      return record === undefined ? [] : [record];
    });
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
