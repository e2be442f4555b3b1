// SPDX-License-Identifier: GPL-2.0-only
/** What is exported: a record of a log under a number of the export. */
import type { LogRecord } from '../events/record.js';

export interface Message {
  /**
   * Of the export, from 1, one more with each record. A record that could not be handed on has its number too, so that a gap
   * shows it. It outlives this process: the cursor remembers it.
   */
  readonly number: number;
  readonly record: LogRecord;
}

/** The forms there are. */
export type Form = 'jsonl' | 'csv' | 'syslog' | 'journald';
