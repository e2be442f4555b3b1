// SPDX-License-Identifier: GPL-2.0-only
/** A text under its name, and what was found wrong with it. */
import { type Problem, type ProblemCode, problemText } from './errors.js';
import type { Facts } from './messages.js';
import type { Place } from './model.js';

export class Source {
  readonly problems: Problem[] = [];
  /** Offset of the first character of each line. */
  readonly #starts: number[] = [0];

  constructor(
    readonly file: string,
    readonly text: string,
  ) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  /** Line and column of an offset, both from 1. */
  place(offset: number): Place {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.file, line: low + 1, column: offset - (this.#starts[low] as number) + 1 };
  }

  /** The line's text without its newline; lines count from 1. */
  line(line: number): string {
    const start = this.#starts[line - 1] ?? this.text.length;
    const end = this.#starts[line];
    return this.text.slice(start, end === undefined ? this.text.length : end - 1);
  }

  report<C extends ProblemCode>(code: C, facts: Facts[C], offset: number): void {
    const place = this.place(offset);
    this.problems.push({ code, ...problemText(code, facts), place, sourceLine: this.line(place.line) });
  }

  /** The problems, first line first, each place once: what follows from a mistake is not told beside it. */
  sorted(): Problem[] {
    const order = [...this.problems].sort(
      ({ place: one }, { place: other }) => one.line - other.line || one.column - other.column,
    );
    return order.filter(
      ({ place }, index) =>
        index === 0 || order[index - 1]?.place.line !== place.line || order[index - 1]?.place.column !== place.column,
    );
  }
}
