// SPDX-License-Identifier: GPL-2.0-only
/** Answers in words, and the time until which they hold. */
import type { AnswerScope } from '../ask/answer.js';
import type { WrittenStatement } from '../ask/question.js';
import { bootNow } from '../host/clock.js';

const MINUTE_NS = 60_000_000_000n;

/** CLOCK_BOOTTIME is the kernel half's. */
export function expiresOf(scope: AnswerScope): bigint {
  return typeof scope === 'object' ? bootNow() + BigInt(Math.round(scope.minutes * Number(MINUTE_NS))) : 0n;
}

export function wordsOf(verdict: string, scope: AnswerScope): string {
  if (typeof scope !== 'object') return `${verdict} ${scope === 'process' ? 'while the process runs' : scope}`;
  return `${verdict} for ${scope.minutes} minute${scope.minutes === 1 ? '' : 's'}`;
}

/** `FILE:12, before rule 3 (line 15), which asked`. */
export function noteOf({ file, line, before, begun }: WrittenStatement, did: 'asked' | 'refused'): string {
  const where =
    before === null ? ', the last rule' : `, before rule ${before.number} (line ${before.line}), which ${did}`;
  const other = begun === undefined ? '' : `; ${begun} begins empty: what the program does is asked`;
  return `written to ${file}:${line}${where}; in force${other}`;
}
