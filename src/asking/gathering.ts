// SPDX-License-Identifier: GPL-2.0-only
/** What has changed is told a moment later, once: a flood of questions or denials is no reason to flood who attends. */
import type { Refused } from './denials.js';

const GATHER_MS = 50;

export interface GatheringOf {
  readonly isHeard: () => boolean;
  readonly question: (id: number) => void;
  readonly denial: (refused: Refused) => void;
}

export class Gathering {
  readonly #of: GatheringOf;
  readonly #questions = new Set<number>();
  readonly #denials = new Set<Refused>();
  #timer: NodeJS.Timeout | null = null;

  constructor(of: GatheringOf) {
    this.#of = of;
  }

  changed(question: number): void {
    this.#questions.add(question);
    this.#later();
  }

  refused(denial: Refused): void {
    this.#denials.add(denial);
    this.#later();
  }

  /** The question is none any more. */
  forget(question: number): void {
    this.#questions.delete(question);
  }

  /** Tells now what there is to tell. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const id of this.#questions) this.#of.question(id);
    for (const one of this.#denials) this.#of.denial(one);
    this.#questions.clear();
    this.#denials.clear();
  }

  #later(): void {
    if (this.#of.isHeard()) this.#timer ??= setTimeout(() => this.flush(), GATHER_MS).unref();
    else this.#denials.clear();
  }
}
