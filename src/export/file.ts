// SPDX-License-Identifier: GPL-2.0-only
/** Lines into a file that is appended to, or onto standard output. */
import { closeSync, constants, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { codeOf, Failure } from '../host/failure.js';
import { counted } from '../policy/counted.js';
import type { Message } from './message.js';
import { type Answer, GaveUp, type Patience, type Receiver, Waiting } from './receiver.js';
import { cutHalf, type Shape, takeBack } from './tail.js';

/** What lines are made of. */
export interface Lines extends Shape {
  readonly line: (message: Message) => string;
}

const ROW = 256;

export class FileReceiver implements Receiver {
  readonly #fd: number;
  readonly #lines: Lines;
  readonly #waiting: Waiting;
  /** Goes before the next record. */
  #before: Buffer;
  #taken = 0;
  #settled = 0;

  /**
   * Opens the file, and cuts away the half of a record that stands at its end.
   *
   * @param talk told of such a half
   * @throws Failure where it cannot be opened or cut, or is no regular file
   */
  constructor(file: string, lines: Lines, patience: Patience, talk: (line: string) => void) {
    const flags =
      constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    try {
      this.#fd = openSync(file, flags, 0o600);
    } catch (error) {
      throw new Failure(`${file}: cannot be written (${codeOf(error) ?? 'error'})`, `ls -l ${file}`, error);
    }
    const stat = fstatSync(this.#fd);
    if (!stat.isFile()) {
      closeSync(this.#fd);
      throw new Failure(`${file}: no regular file`, 'jsonl:- is standard output');
    }
    this.#lines = lines;
    this.#waiting = new Waiting(file, patience);
    let size: number;
    try {
      const cut = cutHalf(this.#fd, lines);
      if (cut > 0) talk(`${file}: cut away half a record at its end (${counted(cut, 'byte')})`);
      size = stat.size - cut;
      // What was no half of ours has a line of its own.
      this.#before = Buffer.from(size === 0 ? lines.header : endsLine(this.#fd, size) ? '' : '\n');
    } catch (error) {
      closeSync(this.#fd);
      throw new Failure(
        `${file}: its end cannot be read and mended (${codeOf(error) ?? 'error'})`,
        `ls -l ${file}`,
        error,
      );
    }
  }

  get settled(): number {
    return this.#settled;
  }

  async send(message: Message): Promise<Answer> {
    const bytes = Buffer.concat([this.#before, Buffer.from(this.#lines.line(message))]);
    if (this.#taken % ROW === ROW - 1) await turn();
    for (let at = 0; at < bytes.length; )
      try {
        at += writeSync(this.#fd, bytes, at);
      } catch (error) {
        at = takeBack(this.#fd, bytes.subarray(0, at));
        await this.#waiting.wait(codeOf(error) ?? 'error');
      }
    // A part is none: of a full disk each try may take one.
    this.#waiting.progress();
    this.#before = Buffer.alloc(0);
    this.#taken++;
    return 'taken';
  }

  confirm(): void {
    fsyncSync(this.#fd);
    this.#settled = this.#taken;
  }

  async finish(): Promise<void> {
    this.confirm();
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function endsLine(fd: number, size: number): boolean {
  const last = Buffer.alloc(1);
  return readSync(fd, last, 0, 1, size - 1) === 1 && last[0] === 0x0a;
}

/** Standard output, or another stream. */
export class StreamReceiver implements Receiver {
  readonly #stream: NodeJS.WritableStream;
  readonly #lines: Lines;
  readonly #waiting: Waiting;
  #begun = false;
  #taken = 0;
  #settled = 0;
  #failure: string | null = null;
  #wake: () => void = () => undefined;

  constructor(stream: NodeJS.WritableStream, lines: Lines, patience: Patience) {
    this.#stream = stream;
    this.#lines = lines;
    this.#waiting = new Waiting('standard output', patience);
    stream.on('error', (error) => {
      this.#failure = codeOf(error) ?? 'error';
      this.#wake();
    });
  }

  get settled(): number {
    return this.#settled;
  }

  async send(message: Message): Promise<Answer> {
    const text = `${this.#begun ? '' : this.#lines.header}${this.#lines.line(message)}`;
    this.#begun = true;
    this.#taken++;
    this.#stream.write(text, () => {
      if (this.#failure === null) this.#settled++;
      this.#wake();
    });
    if (this.#taken % ROW === 0) await turn();
    await this.#until(AHEAD);
    return 'taken';
  }

  confirm(): void {}

  async finish(): Promise<void> {
    await this.#until(0);
  }

  close(): void {}

  /** Until no more than so many wait. */
  async #until(most: number): Promise<void> {
    let before = this.#settled;
    while (this.#taken - this.#settled > most) {
      if (this.#failure !== null) throw new GaveUp(`standard output is closed (${this.#failure})`);
      const sooner = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await this.#waiting.wait('nobody reads it', sooner);
      if (this.#settled > before) this.#waiting.progress();
      before = this.#settled;
    }
  }
}

/** Lines that may wait in memory. */
const AHEAD = 1000;
