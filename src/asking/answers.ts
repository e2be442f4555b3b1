// SPDX-License-Identifier: GPL-2.0-only
/** Answers: the first one to a question wins, each does exactly what it says, and the last one can be taken back. */
import type { Answer, Answered, AnsweredNotice, Undone } from '../ask/answer.js';
import type { Answerer } from '../ask/question.js';
import { type Answers, CodedFailure, type Permitted, type RequestOf, type Weighed } from '../control/protocol.js';
import { Failure } from '../host/failure.js';
import { errnoNumber } from '../policy/errno.js';
import { Amending, type Change } from './amending.js';
import { LastDone, replied, written } from './done.js';
import type { Facts } from './facts.js';
import { meant } from './meant.js';
import { NOBODY, type Questions } from './questions.js';
import type { Waiting } from './waiting.js';
import { expiresOf, noteOf, wordsOf } from './wording.js';

export class Answering {
  readonly #questions: Questions;
  readonly #amending: Amending;
  readonly #done: LastDone;

  constructor(questions: Questions) {
    this.#questions = questions;
    this.#amending = new Amending(questions);
    this.#done = new LastDone(questions, this.#amending);
    questions.fallBack = (entry, by) => this.#fallBack(entry, by);
  }

  /**
   * Answers a question.
   *
   * @throws CodedFailure `answered`, `unsure` or `bad-policy`
   */
  async answer(id: number, answer: Answer, by: Answerer): Promise<Answered> {
    const entry = this.#open(id);
    const { verdict, scope = 'once', errno } = answer;
    if (errno !== undefined && verdict !== 'deny') throw new Failure('an errno is of a denial');
    if (answer.statement !== undefined && scope !== 'always')
      throw new Failure('a statement is of an answer for always');
    const errnum = errno === undefined ? 0 : (errnoNumber(errno) ?? 0);
    const how = `it was answered by ${by.name}: ${wordsOf(verdict, scope)}`;
    if (scope === 'always') return this.#always(entry, answer, by, how);
    const reply = { verdict, errnum, expires: expiresOf(scope) };
    const threads = this.#questions.settle(id, how);
    this.#done.add(replied(this.#questions, threads, { question: id, verdict, scope }, reply));
    this.#questions.release(threads);
    const until = typeof scope === 'object' ? new Date(Date.now() + 60_000 * scope.minutes).toISOString() : null;
    const note = `${wordsOf(verdict, scope)}: ${threads.length === 1 ? '1 call goes on' : `${threads.length} calls go on`}`;
    return this.#tell(
      { question: id, verdict, scope, threads: threads.length, decided: [], until, written: null, note },
      by,
    );
  }

  /** What waited longer than its policy lets it, and what waits when nobody is left. */
  nobodyLeft(): void {
    for (const entry of this.#questions.queue.all())
      if (!this.#questions.answering.has(entry.id)) this.#fallBack(entry, NOBODY);
  }

  async retry(id: number | undefined): Promise<Answers['retry']> {
    const ids = id === undefined ? this.#questions.queue.all().map((entry) => entry.id) : [this.#open(id).id];
    const images = await this.#amending.reload();
    const questions = ids.filter((one) => {
      if (this.#questions.queue.get(one) === undefined || this.#questions.answering.has(one)) return false;
      const threads = this.#questions.settle(one, 'it was to be judged anew');
      this.#questions.tellGone(one, 'retried');
      this.#questions.release(threads);
      return true;
    });
    return { taken: images.map(({ program, generation }) => ({ program, generation })), questions };
  }

  async kill(id: number, sure: boolean): Promise<Answers['kill']> {
    const entry = this.#open(id);
    const { processes } = this.#questions;
    const pids = new Map([...entry.threads.values()].map(({ pid, facts: { record } }) => [pid, record.comm]));
    const names = [...pids].map(([pid, comm]) => `${comm} (${pid})`).join(', ');
    if (!sure) throw new CodedFailure('unsure', `this ends ${names}`);
    const threads = this.#questions.settle(id, 'it was ended');
    this.#questions.tellGone(id, 'killed');
    const killed = [...pids].flatMap(([pid, comm]) => (processes.kill(pid) ? [{ pid, comm }] : []));
    for (const { tid, pid } of threads) {
      this.#questions.of.session.gate.questions.forget(tid);
      processes.letGo(pid);
    }
    return { killed };
  }

  /** Takes back the last answer. */
  undo(): Promise<Undone> {
    return this.#done.undo();
  }

  /** Permits from now on what was refused. */
  async permit({ denial: id, statement, sure }: RequestOf<'permit'>, by: Answerer): Promise<Permitted> {
    const refused = this.#questions.denials.get(id);
    if (refused === undefined) throw new CodedFailure('answered', `there is no denial ${id} among those last refused`);
    const { suggestions } = this.#questions.tellings.denial(refused);
    const text = meant(suggestions, { statement, verdict: 'permit', sure: sure === true });
    const before = this.#waitingIds();
    const amendment = await this.#amending.write(refused.facts, text, 'permit', by);
    const given = { verdict: 'permit', scope: 'always' } as const;
    this.#done.add(written({ ...given, question: 0 }, amendment));
    const note = noteOf(amendment.written, 'refused');
    const decided = this.#goneSince(before);
    return {
      ...{ ...given, denial: id, threads: 0, decided, until: null },
      written: amendment.written,
      note,
    };
  }

  weigh({ question, denial }: RequestOf<'weigh'>): Weighed {
    if (question !== undefined) {
      const entry = this.#open(question);
      this.#weigh(entry.facts);
      return { question: this.#questions.tellings.question(entry) };
    }
    const refused = denial === undefined ? undefined : this.#questions.denials.get(denial);
    if (refused === undefined) throw new CodedFailure('answered', 'there is no such denial among those last refused');
    this.#weigh(refused.facts);
    return { denial: this.#questions.tellings.denial(refused) };
  }

  #weigh(facts: Facts): void {
    this.#questions.attendance.brace();
    this.#questions.tellings.weigh(facts);
  }

  async #always(entry: Waiting, answer: Answer, by: Answerer, how: string): Promise<Answered> {
    const { id, facts } = entry;
    const { verdict, statement, errno, sure } = answer;
    const suggestions = this.#questions.tellings.suggestions(facts);
    const text = meant(suggestions, { statement, verdict, errno, sure: sure === true });
    this.#questions.answering.set(id, by);
    let amendment: Change;
    const before = this.#waitingIds();
    try {
      amendment = await this.#amending.write(facts, text, verdict, by);
    } catch (error) {
      this.#questions.answering.delete(id);
      this.#questions.resume(id);
      throw error;
    }
    this.#questions.answering.delete(id);
    const threads = this.#questions.settle(id, how);
    // By the policy, which decides them now.
    this.#questions.release(threads);
    const given = { question: id, verdict, scope: 'always' } as const;
    this.#done.add(written(given, amendment));
    const decided = this.#goneSince(before).filter((one) => one !== id);
    const note = noteOf(amendment.written, 'asked');
    return this.#tell(
      { ...given, threads: threads.length, decided, until: null, written: amendment.written, note },
      by,
    );
  }

  #fallBack(entry: Waiting, by: Answerer): void {
    const { id, facts } = entry;
    const verdict = this.#questions.tellings.loaded(facts.record.policy)?.policy.asking?.fallback ?? 'deny';
    const threads = this.#questions.settle(id, `${by.name}: ${verdict}`);
    const scope = 'once' as const;
    replied(this.#questions, threads, { question: id, verdict, scope }, { verdict, errnum: 0, expires: 0n });
    this.#questions.release(threads);
    this.#tell(
      {
        ...{ question: id, verdict, scope, threads: threads.length, decided: [], until: null, written: null },
        note: `${by.name}: ${verdict}`,
      },
      by,
    );
  }

  #open(id: number): Waiting {
    const entry = this.#questions.queue.get(id);
    const busy = this.#questions.answering.get(id);
    if (entry !== undefined && busy === undefined) return entry;
    const how = busy === undefined ? this.#questions.endOf(id) : `${busy.name} is answering it`;
    throw new CodedFailure('answered', how === null ? `there is no question ${id}` : `question ${id}: ${how}`);
  }

  #tell(answered: Answered, by: Answerer): Answered {
    const notice: AnsweredNotice = { ...answered, by };
    this.#questions.attendance.tell({ v: 1, tell: 'answered', answered: notice });
    return answered;
  }

  #waitingIds(): number[] {
    return this.#questions.queue.all().map(({ id }) => id);
  }

  #goneSince(before: readonly number[]): number[] {
    return before.filter((id) => this.#questions.queue.get(id) === undefined);
  }
}
