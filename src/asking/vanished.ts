// SPDX-License-Identifier: GPL-2.0-only
/** Threads that waited and are no more: what they waited for waits without them, or is gone. */
import type { Questions } from './questions.js';

export class Vanished {
  readonly #questions: Questions;

  constructor(questions: Questions) {
    this.#questions = questions;
  }

  /** The thread has ended, and nobody held it any more. */
  thread(tid: number): void {
    const entry = this.#questions.queue.drop(tid);
    if (entry !== null) this.#questions.left(entry, 'died');
  }

  /** A process has ended. */
  process(pid: number): void {
    const { queue, of } = this.#questions;
    const { gate } = of.session;
    for (const entry of queue.all())
      for (const thread of [...entry.threads.values()]) {
        if (thread.pid !== pid) continue;
        // Who has its number by now may wait for something else.
        if (gate.questions.question(thread.tid)?.start === thread.start) gate.questions.forget(thread.tid);
        this.thread(thread.tid);
      }
    this.#sweepReplies();
  }

  /** What the kernel half does not know any more waits for nothing: a thread that another's exec ended, for one. */
  sweep(): void {
    const { queue, of, processes } = this.#questions;
    for (const entry of queue.all())
      for (const { tid, pid, start } of [...entry.threads.values()]) {
        const waiting = of.session.gate.questions.question(tid);
        if (waiting !== null && waiting.start === start) continue;
        this.thread(tid);
        processes.letGo(pid);
      }
    this.#sweepReplies();
  }

  #sweepReplies(): void {
    const { replies, processes } = this.#questions;
    replies.sweep((pid) => processes.get(pid) !== undefined);
  }
}
