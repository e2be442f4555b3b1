// SPDX-License-Identifier: GPL-2.0-only
/**
 * The questions that wait, each once however many threads ask it. A thread waits for one thing at a time: what it asks takes the
 * place of what it asked before. Bounded: what has no room is told, and never let through.
 */

/** A thread that stands still. */
export interface WaitingThread {
  readonly tid: number;
  readonly pid: number;
  /** CLOCK_BOOTTIME in ns; with `tid` it names the thread for good. */
  readonly start: bigint;
}

export interface Entry<F, T extends WaitingThread> {
  readonly id: number;
  /** What makes two questions one: policy, operations, object. */
  readonly key: string;
  /** Of the first that asked. */
  readonly facts: F;
  /** By number, in the order in which they asked. */
  readonly threads: ReadonlyMap<number, T>;
  /** How often the like was asked, earlier questions included. */
  readonly asked: number;
}

interface Kept<F, T extends WaitingThread> extends Entry<F, T> {
  readonly threads: Map<number, T>;
  asked: number;
}

/** How one asking changed the queue. */
export interface Change<F, T extends WaitingThread> {
  /** Null: there was no room. */
  readonly entry: Entry<F, T> | null;
  /** `new`, `more` wait for it now, or the same thread asked the `same` again. */
  readonly kind: 'new' | 'more' | 'same' | 'full';
  /** Where the thread waited for something else: that, without it. Nobody waits for it where its threads are none. */
  readonly left: Entry<F, T> | null;
}

/** Keys of which it is remembered how often they were asked. */
const COUNTED_MOST = 65_536;

export class Queue<F, T extends WaitingThread> {
  readonly #most: number;
  readonly #entries = new Map<number, Kept<F, T>>();
  readonly #byKey = new Map<string, Kept<F, T>>();
  readonly #byThread = new Map<number, Kept<F, T>>();
  readonly #asked = new Map<string, number>();
  #last = 0;

  /** @param most questions at a time */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The oldest first. */
  all(): Entry<F, T>[] {
    return [...this.#entries.values()];
  }

  get(id: number): Entry<F, T> | undefined {
    return this.#entries.get(id);
  }

  /** What the thread waits for. */
  of(tid: number): Entry<F, T> | undefined {
    return this.#byThread.get(tid);
  }

  /** Number of the last question that was put. */
  get last(): number {
    return this.#last;
  }

  put(key: string, thread: T, facts: F): Change<F, T> {
    const before = this.#byThread.get(thread.tid);
    if (before?.key === key) {
      const same = before.threads.get(thread.tid)?.start === thread.start;
      before.threads.set(thread.tid, thread);
      if (!same) before.asked = this.#count(key);
      return { entry: before, kind: same ? 'same' : 'more', left: null };
    }
    const left = before === undefined ? null : this.drop(thread.tid);
    const known = this.#byKey.get(key);
    if (known === undefined && this.#entries.size >= this.#most) return { entry: null, kind: 'full', left };
    const asked = this.#count(key);
    const entry = known ?? { id: ++this.#last, key, facts, threads: new Map<number, T>(), asked };
    entry.asked = asked;
    entry.threads.set(thread.tid, thread);
    this.#byThread.set(thread.tid, entry);
    if (known === undefined) {
      this.#entries.set(entry.id, entry);
      this.#byKey.set(key, entry);
    }
    return { entry, kind: known === undefined ? 'new' : 'more', left };
  }

  /** The thread waits no more. Returns what it waited for, which is gone where it was the last. */
  drop(tid: number): Entry<F, T> | null {
    const entry = this.#byThread.get(tid);
    if (entry === undefined) return null;
    this.#byThread.delete(tid);
    entry.threads.delete(tid);
    if (entry.threads.size === 0) this.#remove(entry);
    return entry;
  }

  /** The question is none any more. Returns those that waited for it. */
  take(id: number): readonly T[] {
    const entry = this.#entries.get(id);
    if (entry === undefined) return [];
    const threads = [...entry.threads.values()];
    for (const { tid } of threads) this.#byThread.delete(tid);
    this.#remove(entry);
    return threads;
  }

  #remove(entry: Kept<F, T>): void {
    this.#entries.delete(entry.id);
    this.#byKey.delete(entry.key);
  }

  #count(key: string): number {
    const asked = (this.#asked.get(key) ?? 0) + 1;
    this.#asked.delete(key);
    this.#asked.set(key, asked);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > COUNTED_MOST && oldest !== undefined) this.#asked.delete(oldest);
    return asked;
  }
}
