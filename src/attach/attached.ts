// SPDX-License-Identifier: GPL-2.0-only
/** A session that is attended, for whoever shows its questions: what was told before somebody listens is kept until then. */
import { basename } from 'node:path';
import { attend, type Client } from '../control/client.js';
import type { Notice, RequestOf } from '../control/protocol.js';

export interface Attached extends Client {
  /** From now on `hear` gets each line that answers nothing; first those that came before. Call once. */
  listen(hear: (notice: Notice) => void): void;
}

/**
 * Attends to a session at its control door.
 *
 * @param folder the session's
 * @param program only questions and denials of this program's policy are told, by its path or its name; null: all
 * @throws NoAnswer, or the Failure that was the answer
 */
export async function attach(
  folder: string,
  watch: Omit<RequestOf<'watch'>, 'v' | 'do'>,
  program: string | null = null,
): Promise<Attached> {
  const inbox = new Inbox(program);
  const client = await attend(folder, watch, (notice) => inbox.take(notice));
  return { ...client, listen: (hear) => inbox.listen(hear) };
}

export class Inbox {
  readonly #program: string | null;
  /** Questions that were told. */
  readonly #told = new Set<number>();
  #kept: Notice[] = [];
  #hear: ((notice: Notice) => void) | null = null;

  constructor(program: string | null = null) {
    this.#program = program;
  }

  take(notice: Notice): void {
    if (!this.#isMeant(notice)) return;
    if (this.#hear === null) this.#kept.push(notice);
    else this.#hear(notice);
  }

  listen(hear: (notice: Notice) => void): void {
    this.#hear = hear;
    for (const notice of this.#kept.splice(0)) hear(notice);
  }

  #isMeant(notice: Notice): boolean {
    switch (notice.tell) {
      case 'question': {
        const meant = this.#means(notice.question.policy.program);
        if (meant) this.#told.add(notice.question.id);
        return meant;
      }
      case 'denial':
        return this.#means(notice.denial.policy.program);
      case 'answered':
        return this.#program === null || this.#told.delete(notice.answered.question);
      case 'gone':
        return this.#program === null || this.#told.delete(notice.question);
      default:
        return true;
    }
  }

  #means(program: string): boolean {
    return this.#program === null || program === this.#program || basename(program) === this.#program;
  }
}
