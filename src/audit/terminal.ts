// SPDX-License-Identifier: GPL-2.0-only
/** The person at the terminal as a sink: told of what was refused, or would have been. The log has it all. */

import { lineOf } from '../events/line.js';
import type { EventRecord, NoteRecord, SessionNote } from '../events/record.js';
import { counted } from '../policy/counted.js';
import { Denials, renderDenial } from './denials.js';
import type { EventSink, Line } from './sink.js';

/** Lines told in one second at most. */
const LINES_A_SECOND = 20;
/** Kinds of refusal kept while nothing may be told, and told then. */
const KINDS_KEPT = 1000;
const KINDS_TOLD = 20;

export class TerminalSink implements EventSink {
  readonly name = 'terminal';
  /** None: it is the log that keeps records, and what is not told here is counted here. */
  readonly lost = 0;
  readonly failure = null;
  readonly #say: (line: string) => void;
  readonly #session: string;
  readonly #log: string;
  #told = { second: 0, lines: 0, more: 0 };
  #begun: SessionNote | null = null;
  /** What was refused while the program has the terminal; null: it is told as it comes. */
  #held: { readonly denials: Denials; more: number } | null = null;

  /**
   * @param say says a line
   * @param log where what is not told can be read
   */
  constructor(say: (line: string) => void, session: string, log: string) {
    this.#say = say;
    this.#session = session;
    this.#log = log;
  }

  /** Tells nothing from now on: the program draws on the terminal. */
  hold(): void {
    if (this.#held !== null) return;
    this.#held = { denials: new Denials(), more: 0 };
    if (this.#begun !== null) this.#held.denials.begun(this.#begun);
  }

  /** Tells what was refused meanwhile, each kind once, and goes on as it comes. */
  release(): void {
    const held = this.#held;
    this.#held = null;
    if (held === null || held.denials.size === 0) return;
    const all = held.denials.list();
    const more = all.slice(KINDS_TOLD).reduce((sum, { count }) => sum + count, held.more);
    this.#say(`refused while it ran, and held back for the terminal was the program's (each is in ${this.#log}):`);
    this.#say(all.slice(0, KINDS_TOLD).map(renderDenial).join('\n'));
    if (more > 0) this.#say(`${counted(more, 'more denial')}: callgate audit denials ${this.#session}`);
  }

  records(lines: readonly Line<EventRecord>[]): void {
    for (const { record } of lines) {
      if (!worthTelling(record)) continue;
      if (this.#held === null) this.#tell(record);
      else if (this.#held.denials.size < KINDS_KEPT) this.#held.denials.add(record);
      else this.#held.more += record.count;
    }
  }

  note({ record }: Line<NoteRecord>): void {
    if (record.type === 'session') this.#begun = record;
  }

  async flush(): Promise<void> {}

  close(): void {
    this.release();
    this.#more();
  }

  #tell(record: EventRecord): void {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#told.second) {
      this.#more();
      this.#told = { second, lines: 0, more: 0 };
    }
    if (++this.#told.lines > LINES_A_SECOND) this.#told.more++;
    else this.#say(lineOf(record));
  }

  #more(): void {
    if (this.#told.more > 0) this.#say(`${counted(this.#told.more, 'more denial')}, in ${this.#log}`);
    this.#told.more = 0;
  }
}

/** What a person at the terminal is told of: what was refused, or would have been. */
function worthTelling({ verdict, learnt, type }: EventRecord): boolean {
  return type === 'floor' || type === 'syscall' || (type === undefined && verdict !== 'permit' && learnt !== true);
}
