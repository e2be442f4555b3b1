// SPDX-License-Identifier: GPL-2.0-only
/** How long questions may wait, where their policy sets it. */

export class Deadlines {
  readonly #over: (question: number) => void;
  readonly #set = new Map<number, { readonly at: number; readonly timer: NodeJS.Timeout }>();

  /** @param over called with each question whose deadline has come */
  constructor(over: (question: number) => void) {
    this.#over = over;
  }

  set(question: number, seconds: number): void {
    const timer = setTimeout(() => this.#over(question), 1000 * seconds).unref();
    this.#set.set(question, { at: Date.now() + 1000 * seconds, timer });
  }

  /** When it is, in ISO 8601; null: never. */
  of(question: number): string | null {
    const set = this.#set.get(question);
    return set === undefined ? null : new Date(set.at).toISOString();
  }

  /** Has it come? Once it has, it is not called again. */
  isOver(question: number): boolean {
    const set = this.#set.get(question);
    return set !== undefined && set.at <= Date.now();
  }

  clear(question: number): void {
    const set = this.#set.get(question);
    if (set !== undefined) clearTimeout(set.timer);
    this.#set.delete(question);
  }

  close(): void {
    for (const question of [...this.#set.keys()]) this.clear(question);
  }
}
