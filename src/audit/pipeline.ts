// SPDX-License-Identifier: GPL-2.0-only
/** The one way of records to all sinks. A sink that fails loses nothing silently: it is counted, told, and the others go on. */
import { eventJson } from '../events/json.js';
import type { EventRecord, LostNote, NoteRecord, ProblemNote } from '../events/record.js';
import { messageOf } from '../host/failure.js';
import { type EventSink, lineOfRecord } from './sink.js';

/** A note before the pipeline puts its time and session to it. */
export type NoteFacts<N extends NoteRecord = NoteRecord> = N extends NoteRecord
  ? Omit<N, 'v' | 'time' | 'session'>
  : never;

interface Outlet {
  readonly sink: EventSink;
  /** Lines it threw on: a sink must not, and none may stop the others. */
  thrown: number;
  broken: string | null;
  /** What of its losses and its failure was told. */
  told: number;
  failure: string | null;
}

export class Pipeline {
  readonly #session: string;
  readonly #outlets: readonly Outlet[];
  readonly #talk: (line: string) => void;

  /** @param talk says to the person that a sink fails */
  constructor(session: string, sinks: readonly EventSink[], talk: (line: string) => void) {
    this.#session = session;
    this.#outlets = sinks.map((sink) => ({ sink, thrown: 0, broken: null, told: 0, failure: null }));
    this.#talk = talk;
  }

  /** Takes what a recorder made. */
  records(records: readonly EventRecord[]): void {
    const lines = records.map((record) => ({ record, json: eventJson(record) }));
    for (const outlet of this.#outlets) {
      if (this.#try(outlet, lines.length, (sink) => sink.records(lines))) outlet.broken = null;
    }
    this.#watch();
  }

  note(facts: NoteFacts): void {
    const { type, ...rest } = facts;
    const head = { v: 1, type, time: new Date().toISOString(), session: this.#session } as const;
    const line = lineOfRecord({ ...head, ...rest } as NoteRecord);
    for (const outlet of this.#outlets) this.#try(outlet, 1, (sink) => sink.note(line));
  }

  /** Resolves once every sink has handed on what it can. */
  async flush(): Promise<void> {
    await Promise.all(
      this.#outlets.map((outlet) =>
        outlet.sink.flush().catch((error: unknown) => {
          outlet.broken = messageOf(error);
        }),
      ),
    );
    this.#watch();
  }

  /**
   * Closes every sink; `last` is the last note they get.
   *
   * @returns what each gave up, of those that gave up anything or failed at their end
   */
  close(last: NoteFacts): readonly { readonly sink: string; readonly lost: number; readonly failure: string | null }[] {
    this.#tellLosses(true);
    this.note(last);
    for (const outlet of this.#outlets) this.#try(outlet, 0, (sink) => sink.close());
    return this.#outlets.flatMap((outlet) => {
      const lost = lostBy(outlet);
      const failure = failureOf(outlet);
      return lost === 0 && failure === null ? [] : [{ sink: outlet.sink.name, lost, failure }];
    });
  }

  /** True where the sink took it. */
  #try(outlet: Outlet, records: number, act: (sink: EventSink) => void): boolean {
    try {
      act(outlet.sink);
      return true;
    } catch (error) {
      outlet.thrown += records;
      outlet.broken = messageOf(error);
      return false;
    }
  }

  /** Tells of each sink that began to fail, and of what those lost that work again. */
  #watch(): void {
    for (const outlet of this.#outlets) {
      const failure = failureOf(outlet);
      if (failure === outlet.failure) continue;
      const began = outlet.failure === null;
      outlet.failure = failure;
      if (!began || failure === null) continue;
      const { name } = outlet.sink;
      this.#talk(
        `the ${name} cannot be written (${failure}); events wait in memory, what is refused is refused all the same`,
      );
      this.note({
        type: 'problem',
        problem: `the ${name} cannot be written: ${failure}`,
      } satisfies NoteFacts<ProblemNote>);
    }
    this.#tellLosses(false);
  }

  /** @param all those of sinks that still fail too: the others can say it */
  #tellLosses(all: boolean): void {
    for (const outlet of this.#outlets) {
      const lost = lostBy(outlet);
      if (lost === outlet.told || (!all && failureOf(outlet) !== null)) continue;
      const unwritten = lost - outlet.told;
      outlet.told = lost;
      const note: NoteFacts<LostNote> = { type: 'lost', dropped: 0, malformed: 0, unwritten, sink: outlet.sink.name };
      this.note(note);
    }
  }
}

function lostBy({ sink, thrown }: Outlet): number {
  return sink.lost + thrown;
}

function failureOf({ sink, broken }: Outlet): string | null {
  return broken ?? sink.failure;
}
