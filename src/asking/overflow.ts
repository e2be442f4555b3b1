// SPDX-License-Identifier: GPL-2.0-only
/** What is asked beyond the room there is: denied, this once, and told. */
import type { Notice } from '../control/protocol.js';
import type { Replies } from './replies.js';
import type { Thread } from './waiting.js';

export interface OverflowOf {
  /** Questions that there is room for. */
  readonly most: number;
  readonly replies: Pick<Replies, 'once'>;
  readonly release: (threads: readonly Thread[]) => void;
  readonly tell: (notice: Notice) => void;
  /** For the person and the log. */
  readonly problem: (words: string) => void;
}

export class Overflow {
  readonly #of: OverflowOf;
  #denied = 0;

  constructor(of: OverflowOf) {
    this.#of = of;
  }

  /** How many were denied so far. */
  get denied(): number {
    return this.#denied;
  }

  deny(thread: Thread): void {
    const { most, replies, release, tell, problem } = this.#of;
    replies.once(
      { ...thread.to, scope: 'thread', task: { pid: thread.tid, start: thread.start } },
      { verdict: 'deny', errnum: 0, expires: 0n },
    );
    release([thread]);
    this.#denied++;
    if (this.#denied === 1) problem(`more than ${most} questions wait: what is asked beyond them is denied`);
    tell({ v: 1, tell: 'full', denied: this.#denied });
  }
}
