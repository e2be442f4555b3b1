// SPDX-License-Identifier: GPL-2.0-only
/** Answers: the first one to a question wins, each does exactly what it says, and the last one can be taken back. */
import type { Answer, Answered, AnsweredNotice, AnswerScope, Undone } from '../ask/answer.js';
import type { Answerer, WrittenStatement } from '../ask/question.js';
import { type Answers, CodedFailure, type Permitted, type RequestOf, type Weighed } from '../control/protocol.js';
import { Failure } from '../host/failure.js';
import type { ReplyKey } from '../kernel/asking.js';
import { errnoNumber } from '../policy/errno.js';
import type { Amendment } from './amend.js';
import { Amending } from './amending.js';
import type { Facts } from './facts.js';
import { meant } from './meant.js';
import { NOBODY, type Questions } from './questions.js';
import type { Standing } from './replies.js';
import type { Thread, Waiting } from './waiting.js';
import { expiresOf, noteOf, wordsOf } from './wording.js';

/** Answers that can be taken back. */
const UNDO_MOST = 32;

/** What was done for an answer, so that it can be undone. */
interface Done {
  readonly question: number;
  readonly verdict: 'permit' | 'deny';
  readonly scope: AnswerScope;
  readonly keys: readonly ReplyKey[];
  readonly standing: readonly Standing[];
  /** Processes that are held for what stands. */
  readonly pids: readonly number[];
  readonly amendment: Amendment | null;
}

export class Answering {
  readonly #questions: Questions;
  readonly #done: Done[] = [];
  readonly #amending: Amending;

  constructor(questions: Questions) {
    this.#questions = questions;
    this.#amending = new Amending(questions);
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
    const done = this.#reply(threads, { question: id, verdict, scope }, reply);
    this.#questions.release(threads);
    this.#remember(done);
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
      this.#questions.of.session.gate.forget(tid);
      processes.letGo(pid);
    }
    return { killed };
  }

  /** Takes back the last answer. */
  async undo(): Promise<Undone> {
    const done = this.#done.pop();
    if (done === undefined) throw new CodedFailure('nothing', 'no answer was given that could be taken back');
    const { question, verdict, scope, keys, standing, amendment } = done;
    const { replies, processes, of } = this.#questions;
    const said = `question ${question}, ${wordsOf(verdict, scope)}`;
    const taken = keys.filter((key) => of.session.gate.takeBack(key)).length;
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
    this.#questions.attendance.tell({ v: 1, tell: 'undone', undone });
    return undone;
  }

  /** Permits from now on what was refused. */
  async permit({ denial: id, statement, sure }: RequestOf<'permit'>, by: Answerer): Promise<Permitted> {
    const refused = this.#questions.denials.get(id);
    if (refused === undefined) throw new CodedFailure('answered', `there is no denial ${id} among those last refused`);
    const { suggestions } = this.#questions.tellings.denial(refused);
    const text = meant(suggestions, { statement, verdict: 'permit', sure: sure === true });
    const before = this.#waitingIds();
    const written = await this.#amending.write(refused.facts, text, 'permit', by);
    const scope = 'always' as const;
    this.#remember({ ...NOTHING_DONE, question: 0, verdict: 'permit', scope, amendment: written });
    const note = noteOf(written.written, 'refused');
    const decided = this.#goneSince(before);
    return {
      ...{ denial: id, verdict: 'permit', scope, threads: 0, decided, until: null },
      written: written.written,
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
    let amendment: Amendment;
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
    this.#remember({ ...NOTHING_DONE, question: id, verdict, scope: 'always', amendment });
    const { written } = amendment;
    const decided = this.#goneSince(before).filter((one) => one !== id);
    const note = noteOf(written, 'asked');
    return this.#tell(
      { question: id, verdict, scope: 'always', threads: threads.length, decided, until: null, written, note },
      by,
    );
  }

  #fallBack(entry: Waiting, by: Answerer): void {
    const { id, facts } = entry;
    const verdict = this.#questions.tellings.loaded(facts.record.policy)?.policy.asking?.fallback ?? 'deny';
    const threads = this.#questions.settle(id, `${by.name}: ${verdict}`);
    const scope = 'once' as const;
    this.#reply(threads, { question: id, verdict, scope }, { verdict, errnum: 0, expires: 0n });
    this.#questions.release(threads);
    this.#tell(
      {
        ...{ question: id, verdict, scope, threads: threads.length, decided: [], until: null, written: null },
        note: `${by.name}: ${verdict}`,
      },
      by,
    );
  }

  #reply(
    threads: readonly Thread[],
    what: Pick<Done, 'question' | 'verdict' | 'scope'>,
    reply: Standing['reply'],
  ): Done {
    const { replies, processes } = this.#questions;
    const [first] = threads;
    const done = { ...NOTHING_DONE, ...what };
    if (what.scope === 'once' || first === undefined) {
      const keys = threads.map(({ to, tid, start }) =>
        replies.once({ ...to, scope: 'thread', task: { pid: tid, start } }, reply),
      );
      return { ...done, keys };
    }
    if (what.scope !== 'process') {
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

  #remember(done: Done): void {
    this.#done.push(done);
    if (this.#done.length > UNDO_MOST) this.#done.shift();
  }

  #waitingIds(): number[] {
    return this.#questions.queue.all().map(({ id }) => id);
  }

  #goneSince(before: readonly number[]): number[] {
    return before.filter((id) => this.#questions.queue.get(id) === undefined);
  }
}

const NOTHING_DONE = { keys: [], standing: [], pids: [], amendment: null } as const;
