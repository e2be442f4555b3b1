// SPDX-License-Identifier: GPL-2.0-only
/**
 * What programs were run with while they were learned, until they use it. It may hold passwords, so it is kept in memory alone and within
 * bounds: what is handed on is a path that was an argument and that the program then used, and nothing else of a command line.
 */
import type { KernelArguments } from '../events/decode.js';
import { type Bytes, textOf } from '../policy/bytes.js';
import { partsOf, pathsIn } from './words.js';

/** Paths of arguments that are remembered, those that came last. */
const WAITING_MOST = 50_000;
/** Paths that are handed on: of one folder, and in all. More of them would say nothing more. */
const OF_FOLDER_MOST = 256;
const USED_MOST = 4_096;

export class Passed {
  /** By program and path. */
  readonly #waiting = new Set<string>();
  readonly #used = new Set<string>();
  readonly #ofFolder = new Map<string, number>();
  readonly #most: number;
  #unread = 0;
  #cut = 0;

  /** @param most paths of arguments that are remembered */
  constructor(most = WAITING_MOST) {
    this.#most = most;
  }

  /** Is there anything that may yet be used? */
  get waits(): boolean {
    return this.#waiting.size > 0;
  }

  /**
   * Takes in what a program was run with.
   *
   * @param program whose policy judges it; null: it is not known, and nobody can be said to have used it
   */
  take(program: string | null, { folder, words, count, unread }: KernelArguments): void {
    if (unread) this.#unread++;
    else if (words.length < count) this.#cut++;
    if (program === null) return;
    for (const path of pathsIn(words.slice(1).flatMap(partsOf), folder)) {
      const key = keyOf(program, path);
      if (this.#used.has(key)) continue;
      this.#waiting.delete(key);
      this.#waiting.add(key);
      const [oldest] = this.#waiting;
      if (this.#waiting.size > this.#most && oldest !== undefined) this.#waiting.delete(oldest);
    }
  }

  /** Of the paths that the program was run with, those that this use of one is the first of: itself, and folders above it. */
  used(program: string, path: Bytes): string[] {
    const found: string[] = [];
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const given = path.slice(0, end) as Bytes;
      const key = keyOf(program, given);
      if (!this.#waiting.delete(key) || this.#isEnough(program, given)) continue;
      this.#used.add(key);
      found.push(textOf(given));
    }
    return found;
  }

  /** Programs of whose arguments not all are known, since this was asked for last. */
  takeMissing(): { readonly unread: number; readonly cut: number } {
    const missing = { unread: this.#unread, cut: this.#cut };
    this.#unread = 0;
    this.#cut = 0;
    return missing;
  }

  /** Counts one more of its folder; true: there were enough of it. */
  #isEnough(program: string, path: Bytes): boolean {
    const folder = keyOf(program, path.slice(0, path.lastIndexOf('/')));
    const count = (this.#ofFolder.get(folder) ?? 0) + 1;
    if (count > OF_FOLDER_MOST || this.#used.size >= USED_MOST) return true;
    this.#ofFolder.set(folder, count);
    return false;
  }
}

function keyOf(program: string, path: string): string {
  return `${program}\0${path}`;
}
