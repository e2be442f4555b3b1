// SPDX-License-Identifier: GPL-2.0-only
/** What a recording lacks: told in the same words by who learns from it and by who judges it. */
import type { JournalFacts } from '../audit/journal.js';
import type { LogRecord } from '../events/record.js';
import type { Counted } from '../learn/certificate.js';

/** Losses of which a log tells itself. */
export interface LogLosses {
  /** The ring buffer had no room for them, they could not be read, the log could not take them. */
  readonly dropped: number;
  readonly malformed: number;
  readonly unwritten: number;
}

/** Sums up what a log's records tell of losses. What another sink could not take stands in the log all the same. */
export class LossCounter {
  readonly #sum = { dropped: 0, malformed: 0, unwritten: 0 };

  add(record: LogRecord): void {
    if (record.type !== 'lost') return;
    this.#sum.dropped += record.dropped;
    this.#sum.malformed += record.malformed;
    if (record.sink === undefined || record.sink === 'log') this.#sum.unwritten += record.unwritten;
  }

  get losses(): LogLosses {
    return { ...this.#sum };
  }
}

/** What a journal counted; of one that was not finished, what its lines tell. */
export function countedIn({ header, counted, bad, malformed, dropped, events, learnt, last }: JournalFacts): Counted {
  const { session, started } = header;
  return (
    counted ?? {
      ...{ session, started, ended: last ?? started, events, learnt, repeats: 0, dropped },
      ...{ unresolved: {}, floor: {}, skipped: 0, damaged: bad, malformed, unfinished: true },
    }
  );
}
