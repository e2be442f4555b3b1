/** The person at the terminal as a sink: told of what was refused, or would have been. The log has it all. */
import { lineOf } from '../events/line.js';
import type { EventRecord, NoteRecord } from '../events/record.js';
import type { EventSink, Line } from './sink.js';

/** Lines told in one second at most. */
const LINES_A_SECOND = 20;

export class TerminalSink implements EventSink {
  readonly name = 'terminal';
  /** None: it is the log that keeps records, and what is not told here is counted here. */
  readonly lost = 0;
  readonly failure = null;
  readonly #say: (line: string) => void;
  readonly #log: string;
  #told = { second: 0, lines: 0, more: 0 };

  /**
   * @param say says a line
   * @param log where what is not told can be read
   */
  constructor(say: (line: string) => void, log: string) {
    this.#say = say;
    this.#log = log;
  }

  records(lines: readonly Line<EventRecord>[]): void {
    for (const { record } of lines) if (worthTelling(record)) this.#tell(lineOf(record));
  }

  note(_line: Line<NoteRecord>): void {}

  async flush(): Promise<void> {}

  close(): void {
    this.#more();
  }

  #tell(line: string): void {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#told.second) {
      this.#more();
      this.#told = { second, lines: 0, more: 0 };
    }
    if (++this.#told.lines > LINES_A_SECOND) this.#told.more++;
    else this.#say(line);
  }

  #more(): void {
    if (this.#told.more > 0) this.#say(`${this.#told.more} more denials, in ${this.#log}`);
    this.#told.more = 0;
  }
}

/** What a person at the terminal is told of: what was refused, or would have been. */
function worthTelling({ verdict, learnt, type }: EventRecord): boolean {
  return type === 'floor' || (type === undefined && verdict !== 'permit' && learnt !== true);
}
