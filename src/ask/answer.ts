// SPDX-License-Identifier: GPL-2.0-only
/** What is answered to a question. */
import { z } from 'zod';
import { isErrno } from '../policy/errno.js';
import type { Answerer, WrittenStatement } from './question.js';

/** Minutes of an answer at most: a month. */
const MINUTES_MOST = 43_200;

/** For whom, and for how long. */
export const scopeSchema = z.union([
  /** The call that waits, and no other. Where several threads wait on one question, for each its own. */
  z.literal('once'),
  /** All of the session under the policy, for so long. */
  z.strictObject({ minutes: z.number().positive().max(MINUTES_MOST) }),
  /** Those processes that wait, as long as they run. */
  z.literal('process'),
  /** Written into the policy. */
  z.literal('always'),
]);
export type AnswerScope = z.infer<typeof scopeSchema>;

const statement = z.union([
  /** Number of a suggestion. */
  z.number().int().positive(),
  /** A statement as it stands in a list of rules: `permit: read` and so on, in YAML. */
  z.string().max(65_536),
]);

/** Fields of an answer; what answers in a person's place (a webhook, a command) says these and nothing else. */
export const answerFields = {
  verdict: z.enum(['permit', 'deny']),
  /** Absent: `once`. */
  scope: scopeSchema.optional(),
  /** Of a denial, by name; absent: the policy's. */
  errno: z.string().refine(isErrno, 'no name of an error').optional(),
  /** What is written for `always`; absent: the narrowest suggestion. */
  statement: statement.optional(),
  /** Said to what is asked back: a statement that grants the whole operation. */
  sure: z.boolean().optional(),
} as const;

export const answerSchema = z.strictObject(answerFields);
export type Answer = z.infer<typeof answerSchema>;

/** What an answer came to. */
export interface Answered {
  readonly question: number;
  readonly verdict: 'permit' | 'deny';
  readonly scope: AnswerScope;
  /** Threads that go on by it. */
  readonly threads: number;
  /** Other questions that the changed policy decides, and that are therefore gone. */
  readonly decided: readonly number[];
  /** When it ends; null: with the call, the process or never, as the scope says. */
  readonly until: string | null;
  /** Of `always`. */
  readonly written: WrittenStatement | null;
  /** `/etc/callgate/policies/cat/usr_bin_cat.yaml:12, before rule 3 (line 15), which asked`; for a person. */
  readonly note: string;
}

/** What taking back the last answer came to. */
export interface Undone {
  readonly question: number;
  readonly verdict: 'permit' | 'deny';
  readonly scope: AnswerScope;
  /** What was taken out of the policy. */
  readonly removed: WrittenStatement | null;
  /** For a person: what holds now, and what cannot be undone because it has happened. */
  readonly note: string;
}

/** Why a question is no question any more though nobody answered it. */
export type Gone =
  /** Whoever asked is no more. */
  | 'died'
  /** It was ended by an answer: kill. */
  | 'killed'
  /** The policy changed, and decides it now. */
  | 'decided'
  /** It was let go on to be judged anew; where it is asked again, that is a new question. */
  | 'retried';

/** What an answer was, for others that attend. */
export interface AnsweredNotice extends Answered {
  readonly by: Answerer;
}
