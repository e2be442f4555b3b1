// SPDX-License-Identifier: GPL-2.0-only
/** Who takes what is exported. None of this is in the way of a session: its log is written anyway, and read from there. */
import { setTimeout as after } from 'node:timers/promises';
import { Failure } from '../host/failure.js';
import type { Message } from './message.js';

/** `refused`: it will never take this one, and may take the next. */
export type Answer = 'taken' | 'refused';

export interface Receiver {
  /** Hands a message on, in order; waits as long as it takes none. Throws GaveUp where that was too long, or is stopped. */
  send(message: Message): Promise<Answer>;
  /** Of those taken, how many are there for sure. */
  readonly settled: number;
  /** Makes sure of what was taken, where that needs doing: before a cursor is written. */
  confirm(): void;
  /** Waits until all that was taken is settled, as far as that can be told. Throws GaveUp. */
  finish(): Promise<void>;
  close(): void;
}

/** The receiver took nothing for too long; what was not taken is in the log. */
export class GaveUp extends Failure {}

/** How long it is waited, and who hears of it. */
export interface Patience {
  /** Milliseconds in which it takes nothing; null: for ever. */
  readonly most: number | null;
  /** Ends every wait. */
  readonly stop: AbortSignal;
  /** Told once that it takes nothing, and why; null: that it does again. */
  readonly tell: (trouble: string | null) => void;
}

const FIRST_MS = 5;
const LAST_MS = 500;

/** Waits a little longer each time, until something was taken. */
export class Waiting {
  #since: number | null = null;
  #next = FIRST_MS;
  #told = false;

  constructor(
    private readonly name: string,
    private readonly patience: Patience,
  ) {}

  /** Something was taken. */
  progress(): void {
    if (this.#told) this.patience.tell(null);
    this.#since = null;
    this.#next = FIRST_MS;
    this.#told = false;
  }

  /**
   * Waits, or until `sooner` resolves. `trouble`: why it takes nothing.
   *
   * @throws GaveUp
   */
  async wait(trouble: string, sooner?: Promise<unknown>): Promise<void> {
    this.#check(trouble);
    const now = performance.now();
    this.#since ??= now;
    // Who is slow for a moment is not told of.
    if (!this.#told && now - this.#since > TELL_MS) {
      this.#told = true;
      this.patience.tell(trouble);
    }
    const done = new AbortController();
    const signal = AbortSignal.any([this.patience.stop, done.signal]);
    const rest = this.patience.most === null ? LAST_MS : Math.max(1, this.#since + this.patience.most - now);
    await Promise.race([
      after(Math.min(this.#next, rest), undefined, { signal }).catch(() => undefined),
      ...(sooner === undefined ? [] : [sooner.catch(() => undefined)]),
    ]);
    done.abort();
    this.#next = Math.min(LAST_MS, this.#next * 2);
    this.#check(trouble);
  }

  #check(trouble: string): void {
    const { most, stop } = this.patience;
    if (stop.aborted) throw new GaveUp(`${this.name}: stopped`);
    if (most !== null && this.#since !== null && performance.now() - this.#since >= most)
      throw new GaveUp(
        `${this.name} takes nothing (${trouble})`,
        'with --cursor FILE the next export goes on where this one ended',
      );
  }
}

const TELL_MS = 1000;
