// SPDX-License-Identifier: GPL-2.0-only
/** Whoever is asked: a person at the terminal, or a GUI that speaks systrace's lines on its standard input and output. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { type Bytes, bufferOf } from '../policy/bytes.js';

export interface Ui {
  /**
   * Puts a question and waits for the line that answers it; null: nobody answers any more.
   *
   * @param again it was answered, and the answer was wrong
   */
  ask(question: Bytes, again: boolean): Promise<string | null>;
  /** Says a line that is no question. */
  tell(line: Bytes): void;
  /** Says that there is nothing to answer any more; the line that comes next is no answer. */
  over(line: Bytes): void;
  /** The answer was taken. */
  taken(): void;
  close(): void;
}

/** Lines of a stream, one for each that is asked for. */
class Lines {
  readonly #waiting: ((line: string | null) => void)[] = [];
  readonly #lines: string[] = [];
  #over = false;
  readonly #close: () => void;

  constructor(input: Readable) {
    const reader = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
    reader.on('line', (line) => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#lines.push(line);
      else next(line);
    });
    reader.on('close', () => {
      this.#over = true;
      for (const next of this.#waiting.splice(0)) next(null);
    });
    this.#close = () => {
      reader.close();
      input.destroy();
    };
  }

  close(): void {
    this.#close();
  }

  next(): Promise<string | null> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    return this.#over ? Promise.resolve(null) : new Promise((resolve) => void this.#waiting.push(resolve));
  }
}

/** -t: the question on standard output, `Answer: `, and a line of standard input. */
export class TextUi implements Ui {
  readonly #lines: Lines;
  readonly #output: Writable;
  /** The prompt stands there, and nothing behind it. */
  #prompted = false;

  /** @param input is let go of in the end: with a read that waits this process would not end */
  constructor(input: Readable, output: Writable = process.stdout) {
    this.#lines = new Lines(input);
    this.#output = output;
  }

  async ask(question: Bytes, again: boolean): Promise<string | null> {
    if (!again) this.#output.write(bufferOf(`${question}\n` as Bytes));
    this.#output.write('Answer: ');
    this.#prompted = true;
    const line = await this.#lines.next();
    this.#prompted = false;
    return line;
  }

  tell(line: Bytes): void {
    const begin = this.#prompted ? '\n' : '';
    this.#prompted = false;
    this.#output.write(bufferOf(`${begin}${line}\n` as Bytes));
  }

  /** What is half typed cannot be taken back: so the next question does not come before a line has come. */
  over(line: Bytes): void {
    this.tell(`${line} Enter goes on.` as Bytes);
  }

  taken(): void {}

  close(): void {
    this.#lines.close();
  }
}

/** -g: a program. One that ends is started once more, and asked again. */
export class GuiUi implements Ui {
  readonly #file: string;
  #child: ChildProcess;
  #lines: Lines;
  #again = false;

  constructor(file: string) {
    this.#file = file;
    this.#child = this.#start();
    this.#lines = new Lines(this.#child.stdout as Readable);
  }

  async ask(question: Bytes, again: boolean): Promise<string | null> {
    if (again) this.tell('WRONG' as Bytes);
    else this.tell(question);
    const line = await this.#lines.next();
    if (line !== null || this.#again) return line;
    this.#again = true;
    this.#child = this.#start();
    this.#lines = new Lines(this.#child.stdout as Readable);
    return this.ask(question, false);
  }

  tell(line: Bytes): void {
    this.#child.stdin?.write(bufferOf(`${line}\n` as Bytes));
  }

  over(line: Bytes): void {
    this.tell(line);
  }

  taken(): void {
    this.tell('OKAY' as Bytes);
  }

  close(): void {
    this.#child.stdin?.end();
  }

  #start(): ChildProcess {
    const child = spawn(this.#file, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    // That it is not there, or has ended, is told by the end of its output.
    child.on('error', () => child.stdout?.destroy());
    child.stdin?.on('error', () => undefined);
    return child;
  }
}
