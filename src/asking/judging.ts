// SPDX-License-Identifier: GPL-2.0-only
/** Policies that change while questions wait: what they decide is no question any more, and what stands goes on standing. */
import type { Application } from '../application/application.js';
import { decide } from '../decide/decide.js';
import type { Image } from '../session/session.js';
import type { Questions } from './questions.js';
import type { Waiting } from './waiting.js';

export class Judging {
  readonly #questions: Questions;

  constructor(questions: Questions) {
    this.#questions = questions;
  }

  /** The policies that are about to hold. */
  taking(images: readonly Image[]): void {
    for (const { number, generation } of this.#numbersOf(images)) this.#questions.replies.carry(number, generation);
  }

  /** The policies that hold from now on. */
  took(images: readonly Image[], application: Application): void {
    const { tellings, replies, queue } = this.#questions;
    tellings.hold(application);
    const numbers = this.#numbersOf(images);
    for (const { number, generation } of numbers) replies.carried(number, generation);
    const changed = new Set(numbers.map(({ number }) => number));
    for (const entry of queue.all()) if (changed.has(entry.facts.policy)) this.anew(entry);
  }

  /** Those of its threads that the policy decides now go on. */
  anew(entry: Waiting): void {
    const { answering, tellings, queue } = this.#questions;
    if (answering.has(entry.id)) return;
    const policy = tellings.loaded(entry.facts.record.policy)?.policy;
    if (policy === undefined) return;
    const decided = [...entry.threads.values()].filter(
      ({ facts: { access } }) => access !== null && decide(policy, access).verdict !== 'ask',
    );
    if (decided.length === 0) return;
    for (const { tid } of decided) queue.drop(tid);
    this.#questions.release(decided);
    this.#questions.left(entry, 'decided');
  }

  /** All that waits goes on: nothing is asked any more, in a mode that refuses nothing. */
  all(): void {
    const { queue, answering } = this.#questions;
    for (const { id } of queue.all()) {
      if (answering.has(id)) continue;
      const threads = this.#questions.settle(id, 'it was judged anew');
      this.#questions.tellGone(id, 'retried');
      this.#questions.release(threads);
    }
  }

  #numbersOf(images: readonly Image[]): { readonly number: number; readonly generation: number }[] {
    const { state } = this.#questions.of.session;
    return images.flatMap(({ index, generation }) => {
      const policy = state.policies.find((one) => one.index === index);
      return policy === undefined ? [] : [{ number: policy.number, generation }];
    });
  }
}
