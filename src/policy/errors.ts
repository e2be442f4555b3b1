// SPDX-License-Identifier: GPL-2.0-only
/** Problems of a policy's text: where, what, and what to do. */
import { type Facts, MESSAGES, type ProblemCode } from './messages.js';
import type { Place } from './model.js';

export type { ProblemCode } from './messages.js';

/** One thing that is wrong. `sourceLine` is the line of the file it stands in, without its newline. */
export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  readonly remedy: string;
  readonly place: Place;
  readonly sourceLine?: string;
}

/** A text that is no policy: all its problems, in the order of the files and lines they stand in. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';

  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(renderProblem).join('\n'));
  }
}

/** A problem within one value: thrown by what reads it, turned into a Problem by what knows where the value stands. */
export class Fault<C extends ProblemCode = ProblemCode> extends Error {
  override readonly name = 'Fault';

  constructor(
    readonly code: C,
    readonly facts: Facts[C],
    /** Where in the value, counted in characters from 0. */
    readonly index = 0,
  ) {
    super(MESSAGES[code].message(facts));
  }
}

/** Message and remedy of a problem, in words. */
export function problemText<C extends ProblemCode>(code: C, facts: Facts[C]): { message: string; remedy: string } {
  return { message: MESSAGES[code].message(facts), remedy: MESSAGES[code].remedy(facts) };
}

/** A value as it stands in a message: in quotes, on one line, not too long. */
export function quoted(value: string): string {
  const characters = Array.from(value);
  const shown = characters.length > 80 ? `${characters.slice(0, 77).join('')}...` : value;
  return `"${visible(shown)}"`;
}

/** Characters of a line that are shown around the caret. */
const WINDOW = 100;

/**
 * A problem for a person, several lines without a newline at the end: `file:line:column: message`, the source line, a
 * caret below the place, the remedy. A long line is cut to what stands around the caret.
 */
export function renderProblem({ place, message, remedy, sourceLine }: Omit<Problem, 'code'>): string {
  const head = `${place.file}:${place.line}:${place.column}: ${message}`;
  if (sourceLine === undefined || sourceLine.trim() === '') return `${head}\n  ${remedy}`;
  const at = Math.min(place.column - 1, sourceLine.length);
  const from = Math.max(0, at - WINDOW);
  const to = Math.min(sourceLine.length, at + WINDOW);
  const before = (from > 0 ? '...' : '') + visible(sourceLine.slice(from, at));
  const after = visible(sourceLine.slice(at, to)) + (to < sourceLine.length ? '...' : '');
  return `${head}\n  ${before}${after}\n  ${' '.repeat(Array.from(before).length)}^\n  ${remedy}`;
}

/** One column for each character, and nothing a terminal would obey. */
function visible(text: string): string {
  return text.replaceAll('\t', ' ').replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
}
