// SPDX-License-Identifier: GPL-2.0-only
/** Anything that is wrong with a policy, in one shape: where, what, and what to do. */
import { CompileError } from '../compile/errors.js';
import { Failure, messageOf } from '../host/failure.js';
import { PolicyError, renderProblem } from '../policy/errors.js';
import type { Place } from '../policy/model.js';

export interface Problem {
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
  readonly remedy: string | null;
  /** For a person: with the line and a caret where there is one. */
  readonly rendered: string;
}

/** Policies that cannot be used; every problem at once, so that a person mends them in one go. */
export class BadPolicy extends Failure {
  override readonly exit = 126;
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], where: string, cause?: unknown) {
    super(problems.map(({ rendered }) => rendered).join('\n'), `callgate policy check ${where}`, cause);
    this.problems = problems;
  }
}

/** A problem at a place of a text, with the line and a caret below it. */
export function problemAt(place: Place, message: string, remedy: string, text: string): Problem {
  const sourceLine = text.split('\n')[place.line - 1] ?? '';
  const rendered = renderProblem({ place, message, remedy, sourceLine });
  return { file: place.file, line: place.line, column: place.column, message, remedy, rendered };
}

/** The problems that an error stands for; an error that is none of a policy's is thrown again. */
export function problemsOf(error: unknown, text: string): readonly Problem[] {
  if (error instanceof BadPolicy) return error.problems;
  if (error instanceof PolicyError)
    return error.problems.map((problem) => {
      const { place, message, remedy } = problem;
      const { file, line, column } = place;
      return { file, line, column, message, remedy, rendered: renderProblem(problem) };
    });
  if (error instanceof CompileError) return [problemAt(error.place, error.reason, error.remedy, text)];
  if (error instanceof Failure) {
    const remedy = error.remedy ?? null;
    const message = messageOf(error);
    return [
      {
        file: null,
        line: null,
        column: null,
        message,
        remedy,
        rendered: remedy === null ? message : `${message}\n  ${remedy}`,
      },
    ];
  }
  throw error;
}
