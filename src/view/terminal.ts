// SPDX-License-Identifier: GPL-2.0-only
/** The terminal: taken, drawn on, and given back as it was. */
import { writeSync } from 'node:fs';
import type { WriteStream } from 'node:tty';
import { type Key, readKeys, restKeys } from './model/keys.js';
import type { Screen } from './model/screen.js';
import type { Ends } from './viewable.js';

// xterm's control sequences: the alternate screen, the cursor, line wrap, bracketed paste.
const TAKE = '\u001b[?1049h\u001b[?7l\u001b[?25l\u001b[?2004h\u001b[2J';
const GIVE_BACK = '\u001b[?2004l\u001b[0m\u001b[?7h\u001b[?25h\u001b[?1049l';

/** How long the rest of a key's sequence is waited for: a line may be slow, and ESC alone is a key. */
const SEQUENCE_MS = 100;

export class Terminal {
  readonly #ends: Ends;
  readonly #press: (key: Key) => void;
  #taken = false;
  #drawn: readonly string[] = [];
  #rest = '';
  #timer: NodeJS.Timeout | null = null;

  /** @param press gets each key, while the terminal is taken */
  constructor(ends: Ends, press: (key: Key) => void) {
    this.#ends = ends;
    this.#press = press;
  }

  get columns(): number {
    return this.#ends.output.columns;
  }

  get rows(): number {
    return this.#ends.output.rows;
  }

  /** Takes it: keys come one by one, and its screen is ours. Whatever ends the process gives it back. */
  take(): void {
    if (this.#taken) return;
    const { input, output } = this.#ends;
    this.#taken = true;
    this.#drawn = [];
    process.on('exit', this.#giveBackAtOnce);
    input.setEncoding('utf8');
    input.setRawMode(true);
    input.on('data', this.#read);
    input.resume();
    output.write(TAKE);
  }

  /** Gives it back: its screen, its modes, and what is typed from now on. */
  giveBack(): void {
    if (!this.#taken) return;
    const { input } = this.#ends;
    this.#forget();
    input.off('data', this.#read);
    // Paused it reads no more: what is typed next is for who comes next.
    input.pause();
    process.off('exit', this.#giveBackAtOnce);
    this.#giveBackAtOnce();
  }

  /** Takes it anew, where somebody else may have changed its modes, and forgets what was drawn. */
  retake(): void {
    if (!this.#taken) return;
    // Node sets the mode only where it thinks that it changes.
    this.#ends.input.setRawMode(false);
    this.#ends.input.setRawMode(true);
    this.#drawn = [];
    this.#ends.output.write(TAKE);
  }

  /** What is on the screen is not known any more. */
  forgetDrawn(): void {
    this.#drawn = [];
    if (this.#taken) this.#ends.output.write('\u001b[2J');
  }

  /** Draws the lines that have changed. Nothing scrolls, whatever is drawn in the last column of the last line. */
  draw(lines: readonly string[], cursor: Screen['cursor']): void {
    if (!this.#taken) return;
    const changed = lines.flatMap((line, index) =>
      line === this.#drawn[index] ? [] : [`\u001b[${index + 1};1H\u001b[2K${line}`],
    );
    this.#drawn = lines;
    const at = cursor === null ? '' : `\u001b[${cursor.row + 1};${cursor.column + 1}H\u001b[?25h`;
    this.#ends.output.write(`\u001b[?25l${changed.join('')}${at}`);
  }

  readonly #giveBackAtOnce = (): void => {
    if (!this.#taken) return;
    this.#taken = false;
    const { input, output } = this.#ends;
    // At the end of a process only what is written at once is written; where the terminal has gone, nothing can be.
    try {
      writeSync((output as WriteStream & { readonly fd: number }).fd, GIVE_BACK);
    } catch {}
    try {
      input.setRawMode(false);
    } catch {}
  };

  readonly #read = (text: string): void => {
    this.#forget();
    const { keys, rest } = readKeys(this.#rest + text);
    this.#rest = rest;
    if (rest !== '')
      this.#timer = setTimeout(() => {
        const late = restKeys(this.#rest);
        if (late === null) return;
        this.#rest = '';
        this.#pressAll(late);
      }, SEQUENCE_MS);
    this.#pressAll(keys);
  };

  #pressAll(keys: readonly Key[]): void {
    // A key may have given it back: those behind it are not ours.
    for (const key of keys) if (this.#taken) this.#press(key);
  }

  #forget(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
