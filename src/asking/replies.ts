// SPDX-License-Identifier: GPL-2.0-only
/** Answers in the kernel half: those for one call, and those that stand until they are taken back, end, or the session does. */

import type { Reply, ReplyKey } from '../kernel/asking.js';
import type { Gate } from '../kernel/gate.js';

/** All of a key but the generation, which changes with the policy. */
export type ReplyTo = Omit<ReplyKey, 'generation'>;

/** An answer that stands. */
export interface Standing {
  readonly to: ReplyTo;
  readonly reply: Reply;
}

/** Answers for one call that were not used, at most: who they are for may have gone another way. */
const LOOSE_MOST = 4096;

export class Replies {
  readonly #gate: Gate;
  readonly #generation: (policy: number) => number | null;
  readonly #now: () => bigint;
  readonly #standing = new Map<Standing, number>();
  readonly #loose: ReplyKey[] = [];

  /** @param generation of the policy that holds under a number of the gate */
  constructor(gate: Gate, generation: (policy: number) => number | null, now: () => bigint) {
    this.#gate = gate;
    this.#generation = generation;
    this.#now = now;
  }

  /** Answers one call of one thread. Returns the key, by which it can be taken back as long as it is not used. */
  once(to: ReplyTo, reply: Reply): ReplyKey {
    const key = { ...to, generation: this.#generation(to.policy) ?? 0 };
    this.#gate.questions.reply(key, reply);
    this.#loose.push(key);
    // Used ones cost nothing to take back.
    if (this.#loose.length > LOOSE_MOST) this.#gate.questions.takeBack(this.#loose.shift() as ReplyKey);
    return key;
  }

  /**
   * Does the thread find an answer when it goes on? Who asked a moment before it was given has not seen it, and must not be asked about
   * again: an answer to that would be used by no call that waits, and stay for the next.
   */
  has(to: Omit<ReplyTo, 'scope' | 'task'>, thread: ReplyKey['task'], process: ReplyKey['task']): boolean {
    const generation = this.#generation(to.policy) ?? 0;
    const now = this.#now();
    const whom = [
      { scope: 'thread', task: thread },
      { scope: 'process', task: process },
      { scope: 'policy', task: { pid: 0, start: 0n } },
    ] as const;
    return whom.some((one) => this.#gate.questions.isAnswered({ ...to, ...one, generation }, now));
  }

  stand(to: ReplyTo, reply: Reply): Standing {
    const standing = { to, reply };
    const generation = this.#generation(to.policy) ?? 0;
    this.#gate.questions.reply({ ...to, generation }, reply);
    this.#standing.set(standing, generation);
    return standing;
  }

  /** False: it does not stand any more. */
  takeBack(standing: Standing): boolean {
    const generation = this.#standing.get(standing);
    if (generation === undefined) return false;
    this.#standing.delete(standing);
    return this.#gate.questions.takeBack({ ...standing.to, generation });
  }

  /** What stands goes on standing under a policy that is about to change. Called before it does. */
  carry(policy: number, generation: number): void {
    for (const standing of this.#standing.keys())
      if (standing.to.policy === policy) this.#gate.questions.reply({ ...standing.to, generation }, standing.reply);
  }

  /** The policy has changed: what stood under the one before is taken away. */
  carried(policy: number, generation: number): void {
    for (const [standing, before] of this.#standing) {
      if (standing.to.policy !== policy || before === generation) continue;
      this.#gate.questions.takeBack({ ...standing.to, generation: before });
      this.#standing.set(standing, generation);
    }
  }

  /** Takes away what has ended, and what was for processes that have. */
  sweep(lives: (pid: number) => boolean): void {
    const now = this.#now();
    for (const standing of this.#standing.keys()) {
      const { expires } = standing.reply;
      const over = expires !== 0n && expires <= now;
      if (over || (standing.to.scope === 'process' && !lives(standing.to.task.pid))) this.takeBack(standing);
    }
  }
}
