// SPDX-License-Identifier: GPL-2.0-only
/** What answers did, and the last of it taken back. */
import type { AnswerScope, Undone } from '../ask/answer.js';
import type { WrittenStatement } from '../ask/question.js';
import { CodedFailure } from '../control/protocol.js';
import type { Reply, ReplyKey } from '../kernel/asking.js';
import type { Amending, Change } from './amending.js';
import type { Questions } from './questions.js';
import type { Standing } from './replies.js';
import type { Thread } from './waiting.js';
import { wordsOf } from './wording.js';

/** Answers that can be taken back. */
const UNDO_MOST = 32;

/** Of which answer it is told. */
export interface Given {
  /** 0: it was no question, but a denial. */
  readonly question: number;
  readonly verdict: 'permit' | 'deny';
  readonly scope: AnswerScope;
}

/** What was done for an answer. */
export interface Done extends Given {
  readonly keys: readonly ReplyKey[];
  readonly standing: readonly Standing[];
  /** Processes that are held for what stands. */
  readonly pids: readonly number[];
  readonly amendment: Change | null;
}

/** It is in the file of the policy. */
export function written(given: Given, amendment: Change): Done {
  return { ...given, keys: [], standing: [], pids: [], amendment };
}

/** Puts the answer for those who waited into the kernel half. */
export function replied(
  { replies, processes, of }: Questions,
  threads: readonly Thread[],
  given: Given,
  reply: Reply,
): Done {
  const done = { ...given, keys: [], standing: [], pids: [], amendment: null };
  const [first] = threads;
  if (given.scope === 'once' || first === undefined) {
    // Who waits no more was denied meanwhile, for it asked too often: its answer would stay, and be its next call's.
    const waiting = threads.filter(({ tid, start }) => of.session.gate.questions.question(tid)?.start === start);
    const keys = waiting.map(({ to, tid, start }) =>
      replies.once({ ...to, scope: 'thread', task: { pid: tid, start } }, reply),
    );
    return { ...done, keys };
  }
  if (given.scope !== 'process') {
    const standing = replies.stand({ ...first.to, scope: 'policy', task: { pid: 0, start: 0n } }, reply);
    return { ...done, standing: [standing] };
  }
  const pids: number[] = [];
  const standing = threads.flatMap(({ pid, tid, to }): Standing[] => {
    if (pids.includes(pid)) return [];
    // Held as long as the answer stands: so it is taken away when the process ends.
    const process = processes.hold(pid, tid);
    if (process === null) return [];
    pids.push(pid);
    return [replies.stand({ ...to, scope: 'process', task: process }, reply)];
  });
  return { ...done, standing, pids };
}

/** The last answers, as they can be taken back. */
export class LastDone {
  readonly #questions: Questions;
  readonly #amending: Pick<Amending, 'takeOut'>;
  readonly #done: Done[] = [];

  constructor(questions: Questions, amending: Pick<Amending, 'takeOut'>) {
    this.#questions = questions;
    this.#amending = amending;
  }

  add(done: Done): void {
    this.#done.push(done);
    if (this.#done.length > UNDO_MOST) this.#done.shift();
  }

  /**
   * Takes back the last one.
   *
   * @throws CodedFailure `nothing` where there is none, or it has been used up
   */
  async undo(): Promise<Undone> {
    const done = this.#done.pop();
    if (done === undefined) throw new CodedFailure('nothing', 'no answer was given that could be taken back');
    const { question, verdict, scope, keys, standing, amendment } = done;
    const { replies, processes, of, attendance } = this.#questions;
    const said = `question ${question}, ${wordsOf(verdict, scope)}`;
    const taken = keys.filter((key) => of.session.gate.questions.takeBack(key)).length;
    const stood = standing.filter((one) => replies.takeBack(one)).length;
    for (const pid of done.pids) processes.letGo(pid);
    let removed: WrittenStatement | null = null;
    if (amendment !== null) {
      await this.#amending.takeOut(amendment);
      removed = amendment.written;
    }
    if (removed === null && taken + stood === 0)
      throw new CodedFailure('nothing', `${said}: it has been used, and what was done cannot be undone`);
    const where = removed === null ? '' : `: taken out of ${removed.file}:${removed.line}`;
    const undone = { question, verdict, scope, removed, note: `${said}: taken back${where}; it is asked again` };
    attendance.tell({ v: 1, tell: 'undone', undone });
    return undone;
  }
}
