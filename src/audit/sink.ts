// SPDX-License-Identifier: GPL-2.0-only
/** Where a session's records go: a log, a journal, a terminal; later syslog, journald, a socket. All in one shape. */
import type { EventRecord, LogRecord, NoteRecord } from '../events/record.js';

/** A record and its JSON, made once for all sinks; without an end of line. */
export interface Line<R extends LogRecord = LogRecord> {
  readonly record: R;
  readonly json: string;
}

/**
 * Takes records, in order. No method waits, and what cannot be handed on yet is kept within bounds; beyond them it is given
 * up and counted. A sink that fails says so in `failure` and goes on trying: the others do not hear of it.
 */
export interface EventSink {
  /** As losses name it: `log`, `journal`, ... */
  readonly name: string;
  /** Records that were given up, ever. */
  readonly lost: number;
  /** Why nothing can be handed on now; null: it can. */
  readonly failure: string | null;
  records(lines: readonly Line<EventRecord>[]): void;
  note(line: Line<NoteRecord>): void;
  /** Resolves once what waits is handed on, or will not be in a useful time. */
  flush(): Promise<void>;
  /** Hands on what it can at once, counts the rest as lost, and lets go of what it holds. */
  close(): void;
}

/** Its JSON; for many records that a recorder made there is events/json.ts, which is faster. */
export function lineOfRecord<R extends LogRecord>(record: R): Line<R> {
  return { record, json: JSON.stringify(record) };
}
