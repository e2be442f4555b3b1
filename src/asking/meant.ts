// SPDX-License-Identifier: GPL-2.0-only
/** Which statement an answer for always means. */
import type { Suggestion } from '../ask/question.js';
import { CodedFailure } from '../control/protocol.js';
import { Failure } from '../host/failure.js';

/** What an answer, or a permit of what was refused, says of it. */
export interface Meaning {
  /** The number of a suggestion (absent: the first), or a statement of their own. */
  readonly statement: number | string | undefined;
  readonly verdict: 'permit' | 'deny';
  readonly errno?: string | undefined;
  /** They were asked back. */
  readonly sure: boolean;
}

/**
 * The statement as it is to be written.
 *
 * @throws CodedFailure `unsure` where it is of the whole operation; Failure where there is no such suggestion
 */
export function meant(suggestions: readonly Suggestion[], { statement, verdict, errno, sure }: Meaning): string {
  if (typeof statement === 'string') {
    if (!sure && isWhole(statement, suggestions))
      throw new CodedFailure('unsure', `this would ${verdict} the whole operation:\n${statement}`);
    return statement;
  }
  const chosen = suggestions.find(({ number }) => number === (statement ?? 1));
  if (chosen === undefined)
    throw new Failure(
      suggestions.length === 0
        ? 'no statement can name this: answer once, for a while, or for the process'
        : `there is no suggestion ${statement}: they are 1 to ${suggestions.length}`,
    );
  if (chosen.whole && !sure)
    throw new CodedFailure('unsure', `this would ${verdict} the whole operation:\n${chosen.statement}`);
  if (verdict === 'permit') return chosen.statement;
  const denied = chosen.statement.replace(/^- permit:/, '- deny:').replace(/\n {2}policy: [a-z]+$/m, '');
  return errno === undefined ? denied : `${denied}\n  errno: ${errno}`;
}

/** Does the statement, as somebody wrote it, name what a suggestion of the whole operation names, or all paths? */
function isWhole(statement: string, suggestions: readonly Suggestion[]): boolean {
  const named = suggestions
    .filter(({ whole }) => whole)
    .flatMap((one) => one.statement.match(/^ {2}(?:path|address|family): (.+)$/m)?.[1] ?? []);
  const words = statement.split(/[\s,"'[\]{}]+/);
  return ['/**', '/***', ...named].some((one) => words.includes(one.replace(/^["']|["']$/g, '')));
}
