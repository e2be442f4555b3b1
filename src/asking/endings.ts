// SPDX-License-Identifier: GPL-2.0-only
/** How questions ended, for whoever answers too late. */

export class Endings {
  readonly #ends = new Map<number, string>();

  /** @param most of them are remembered, the last */
  constructor(private readonly most: number) {}

  add(id: number, how: string): void {
    this.#ends.set(id, how);
    const [oldest] = this.#ends.keys();
    if (this.#ends.size > this.most && oldest !== undefined) this.#ends.delete(oldest);
  }

  of(id: number): string | undefined {
    return this.#ends.get(id);
  }
}
