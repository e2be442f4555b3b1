// SPDX-License-Identifier: GPL-2.0-only
/** Questions as they arrive: an event, and a thread in the kernel half's list that it is of. */
import type { KernelEvent } from '../events/decode.js';
import type { EventRecord } from '../events/record.js';
import type { Waiting } from '../kernel/asking.js';
import type { GateQuestions } from '../kernel/questions.js';

/** The event comes before the thread is in the list, by an instruction or by as long as it is preempted. */
const LOOK_AGAIN_MS = [1, 2, 5, 10, 50, 200, 1000] as const;

/** A question, with all that its event says of what is asked. */
export type QuestionEvent = KernelEvent & { readonly asked: NonNullable<KernelEvent['asked']> };

export class Arrivals {
  readonly #questions: Pick<GateQuestions, 'question'>;
  readonly #cookie: bigint;
  readonly #arrived: (event: QuestionEvent, record: EventRecord, waiting: Waiting) => void;
  readonly #looks = new Set<NodeJS.Timeout>();
  #closed = false;

  /** @param arrived called with each question whose thread waits */
  constructor(
    questions: Pick<GateQuestions, 'question'>,
    cookie: bigint,
    arrived: (event: QuestionEvent, record: EventRecord, waiting: Waiting) => void,
  ) {
    this.#questions = questions;
    this.#cookie = cookie;
    this.#arrived = arrived;
  }

  heard(event: KernelEvent, record: EventRecord): void {
    const { asked } = event;
    if (asked !== undefined) this.#look({ ...event, asked }, record, 0);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#looks) clearTimeout(timer);
  }

  #look(event: QuestionEvent, record: EventRecord, looks: number): void {
    if (this.#closed) return;
    const waiting = this.#questions.question(event.tid);
    if (waiting === null || waiting.cookie !== this.#cookie || waiting.sequence < event.sequence) {
      const wait = LOOK_AGAIN_MS[looks];
      if (wait === undefined) return;
      const timer = setTimeout(() => {
        this.#looks.delete(timer);
        this.#look(event, record, looks + 1);
      }, wait).unref();
      this.#looks.add(timer);
      return;
    }
    // It has asked again since, and that event comes too.
    if (waiting.sequence === event.sequence) this.#arrived(event, record, waiting);
  }
}
