// SPDX-License-Identifier: GPL-2.0-only
/** What names of data are made of: other names are made from them, `letters/harbour.txt.gpg` and `out/harbour.o`. */

/** Shorter ones are in other names by chance. */
const LEAST = 3;
const ENDING = /(?:\.[A-Za-z0-9_-]{1,16})$/;

/** A name as the stem of another and what stands around it. */
export interface Derived {
  readonly front: string;
  readonly stem: string;
  readonly back: string;
}

export class Stems {
  readonly #stems = new Set<string>();

  /** Takes in a name: whole, and without its endings. Numbers are nobody's stem. */
  add(name: string): void {
    for (let stem = name; stem.length >= LEAST && /[^0-9._-]/.test(stem); ) {
      this.#stems.add(stem);
      const ending = ENDING.exec(stem);
      if (ending === null || ending.index === 0) break;
      stem = stem.slice(0, ending.index);
    }
  }

  /** The longest stem that the name has as a word of its own, without its ending, which belongs to what stays; null: it has none, or is one. */
  of(name: string): Derived | null {
    for (let length = name.length - 1; length >= LEAST; length--)
      for (let at = 0; at + length <= name.length; at++) {
        const stem = name.slice(at, at + length);
        const [front, back] = [name.slice(0, at), name.slice(at + length)];
        if (!this.#stems.has(stem) || /[A-Za-z0-9]$/.test(front) || /^[A-Za-z0-9]/.test(back)) continue;
        const ending = ENDING.exec(stem);
        const end = ending === null || ending.index === 0 ? length : ending.index;
        return { front, stem: stem.slice(0, end), back: `${stem.slice(end)}${back}` };
      }
    return null;
  }
}
