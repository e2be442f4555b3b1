// SPDX-License-Identifier: GPL-2.0-only
/**
 * A sink that another supervisor began and did not end. What it had read from the ring buffer it had perhaps not written, and
 * what it wrote it had perhaps not taken out of the ring: the ring gives each record until it is taken, so the numbers that
 * stand there already are left out.
 */
import type { EventRecord, NoteRecord } from '../events/record.js';
import type { EventSink, Line } from './sink.js';

export class Resumed implements EventSink {
  readonly #sink: EventSink;
  readonly #known: ReadonlySet<number>;

  /** @param known sequence numbers of the session that the sink has */
  constructor(sink: EventSink, known: ReadonlySet<number>) {
    this.#sink = sink;
    this.#known = known;
  }

  get name(): string {
    return this.#sink.name;
  }

  get lost(): number {
    return this.#sink.lost;
  }

  get failure(): string | null {
    return this.#sink.failure;
  }

  records(lines: readonly Line<EventRecord>[]): void {
    const fresh = lines.filter(({ record }) => !this.#known.has(record.seq));
    if (fresh.length > 0) this.#sink.records(fresh);
  }

  note(line: Line<NoteRecord>): void {
    this.#sink.note(line);
  }

  flush(): Promise<void> {
    return this.#sink.flush();
  }

  close(): void {
    this.#sink.close();
  }
}
