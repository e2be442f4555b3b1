// SPDX-License-Identifier: GPL-2.0-only
/**
 * The questions of a session: what the kernel half asks comes in as events, each question is told once to all who attend, and the
 * first answer wins. Nothing here lets anything through by itself: what is lost, has no room or has no answer is denied, or stands still.
 */
import type { Application } from '../application/application.js';
import type { Surroundings } from '../application/surroundings.js';
import type { Gone } from '../ask/answer.js';
import type { Answerer, Question, RecentDenial } from '../ask/question.js';
import { Queue } from '../ask/queue.js';
import { attemptMask } from '../events/attempt.js';
import type { KernelEvent } from '../events/decode.js';
import type { EventRecord } from '../events/record.js';
import { bootNow } from '../host/clock.js';
import type { Waiting as ListedThread } from '../kernel/asking.js';
import type { PathPattern } from '../policy/model.js';
import type { Posture } from '../policy/posture.js';
import type { Image, Session } from '../session/session.js';
import { Arrivals, type QuestionEvent } from './arrivals.js';
import { Attendance } from './attendance.js';
import { Deadlines } from './deadlines.js';
import { RecentDenials } from './denials.js';
import { Endings } from './endings.js';
import { type Facts, factsOf } from './facts.js';
import { Gathering } from './gathering.js';
import { Judging } from './judging.js';
import { Overflow } from './overflow.js';
import { Replies } from './replies.js';
import { StoppedProcesses } from './stopped.js';
import { Tellings } from './tellings.js';
import { Vanished } from './vanished.js';
import type { Thread, Waiting } from './waiting.js';

/** What a session's questions need of it. */
export interface QuestionsOf {
  readonly session: Session;
  /** As they are held. */
  readonly application: Application;
  /** How policies are read. */
  readonly around: Surroundings;
  /** Holds the policies as is right for who is there. */
  readonly pose: (posture: Posture) => Promise<void>;
  /** Takes in what changed in the files; `true` once it holds. Throws what is wrong with them. */
  readonly reload: () => Promise<readonly Image[]>;
  readonly sensitive: readonly PathPattern[];
  /** What stood on the command line, as learning looks at it. */
  readonly named: readonly string[];
  /** Of the files of its policies; absent: callgate's own, into which statements can be written. */
  readonly language?: string | undefined;
  /** For the person and the log. */
  readonly problem: (words: string) => void;
}

/** Questions at a time: more are denied, and told. */
const QUESTIONS_MOST = 1024;
/** Events that take so long that the kernel half must be told first that somebody is still there. */
const MANY = 32;

export class Questions {
  readonly of: QuestionsOf;
  readonly attendance: Attendance;
  readonly replies: Replies;
  readonly processes: StoppedProcesses;
  readonly queue = new Queue<Facts, Thread>(QUESTIONS_MOST);
  readonly denials = new RecentDenials();
  /** Questions that somebody is answering right now, and who. */
  readonly answering = new Map<number, Answerer>();
  readonly tellings: Tellings;
  readonly judging = new Judging(this);
  readonly #ends = new Endings(QUESTIONS_MOST);
  readonly #deadlines = new Deadlines((id) => this.#overdue(id));
  readonly #gathering: Gathering;
  readonly #arrivals: Arrivals;
  readonly #overflow: Overflow;
  readonly #vanished = new Vanished(this);

  constructor(of: QuestionsOf) {
    this.of = of;
    const { gate, number, cookie, host, state } = of.session;
    this.attendance = new Attendance({
      attend: (until) => gate.questions.attend(number, cookie, until),
      now: bootNow,
      tick: () => this.#vanished.sweep(),
    });
    const generation = (policy: number): number | null => of.session.policyNumbered(policy)?.generation ?? null;
    this.replies = new Replies(gate, generation, bootNow);
    this.processes = new StoppedProcesses(host.addon, gate, cookie, (pid) => this.#vanished.process(pid));
    const { application, sensitive, named } = of;
    this.tellings = new Tellings({
      ...{ session: state.name, host, application, sensitive, named },
      deadlineOf: (id) => this.#deadlines.of(id),
      waiting: () => this.queue.size,
    });
    this.#overflow = new Overflow({
      most: QUESTIONS_MOST,
      replies: this.replies,
      release: (threads) => this.release(threads),
      tell: (notice) => this.attendance.tell(notice),
      problem: of.problem,
    });
    this.#arrivals = new Arrivals(gate.questions, cookie, (event, record, waiting) =>
      this.#asked(event, record, waiting),
    );
    this.#gathering = new Gathering({
      isHeard: () => this.attendance.size > 0,
      question: (id) => {
        const entry = this.queue.get(id);
        if (entry !== undefined)
          this.attendance.tell({ v: 1, tell: 'question', question: this.tellings.question(entry) });
      },
      denial: (one) => this.attendance.tell({ v: 1, tell: 'denial', denial: this.tellings.denial(one) }),
    });
  }

  /** Takes in what the kernel half said. */
  readonly heard = (events: readonly KernelEvent[], records: readonly EventRecord[]): void => {
    if (events.length > MANY) this.attendance.brace();
    events.forEach((event, index) => {
      const record = records[index];
      if (record === undefined) return;
      if (event.type === 'question') this.#arrivals.heard(event, record);
      else if (event.verdict === 'deny' && event.enforced && event.type !== 'exec') this.#denied(event, record);
    });
  };

  /** How a question that is none any more ended; null: there never was one. */
  endOf(id: number): string | null {
    return this.#ends.of(id) ?? (id <= this.queue.last ? 'it is gone' : null);
  }

  /** The question is answered: it is taken out, and those that waited are returned, to be let go on. */
  settle(id: number, how: string): readonly Thread[] {
    const threads = this.queue.take(id);
    this.#end(id, how);
    return threads;
  }

  /** The question is gone without an answer. */
  tellGone(question: number, why: Gone): void {
    this.#end(question, `it is gone: ${why}`);
    this.attendance.tell({ v: 1, tell: 'gone', question, why });
  }

  /** Some of its threads wait for it no more; where they were the last, it is gone. */
  left({ id }: Waiting, why: Gone): void {
    if (this.queue.get(id) === undefined) this.tellGone(id, why);
    else this.#gathering.changed(id);
  }

  /** Lets them go on, by an answer that stands already or to be judged anew. */
  release(threads: readonly Thread[]): void {
    const waiting = new Set(
      [...this.queue.all()].flatMap((entry) => [...entry.threads.values()].map(({ pid }) => pid)),
    );
    this.processes.release(threads, (pid) => waiting.has(pid));
    for (const { pid } of threads) this.processes.letGo(pid);
  }

  /** All that waits, and what was refused, for one that begins to attend. */
  backlog(): { readonly questions: Question[]; readonly denials: RecentDenial[]; readonly overflowed: number } {
    return {
      questions: this.queue.all().map((entry) => this.tellings.question(entry)),
      denials: this.denials.all().map((one) => this.tellings.denial(one)),
      overflowed: this.#overflow.denied,
    };
  }

  /** An answer came to nothing: what has happened meanwhile to the question happens now. */
  resume(id: number): void {
    const entry = this.queue.get(id);
    if (entry === undefined) return;
    if (this.attendance.size === 0) this.fallBack(entry, NOBODY);
    else if (this.#deadlines.isOver(id)) this.fallBack(entry, DEADLINE);
    else this.judging.anew(entry);
  }

  /** Nothing is asked any more, and what waits gets the fallback: the session is to end. */
  refuse(): void {
    this.attendance.refuse();
    for (const entry of this.queue.all()) if (!this.answering.has(entry.id)) this.fallBack(entry, NOBODY);
  }

  /** Lets all that waits take the signals it was sent. It asks again, where it lives on. */
  wake(): void {
    this.processes.wake(
      new Set(this.queue.all().flatMap(({ threads }) => [...threads.values()].map(({ pid }) => pid))),
    );
  }

  /** The session is over. */
  close(): void {
    this.#gathering.flush();
    this.attendance.tell({ v: 1, tell: 'ended' });
    this.attendance.close();
    this.#deadlines.close();
    this.#arrivals.close();
    this.processes.close();
  }

  /** Called with a question at its deadline, and with each where nobody is left. Set by who answers. */
  fallBack: (entry: Waiting, by: Answerer) => void = () => undefined;

  #asked(event: QuestionEvent, record: EventRecord, waiting: ListedThread): void {
    const { gate, cookie } = this.of.session;
    const process = this.processes.hold(event.pid, event.tid);
    if (process === null) {
      gate.questions.forget(event.tid);
      this.#vanished.thread(event.tid);
      return;
    }
    // Held once for each thread that waits, however often it asks.
    if (this.queue.of(event.tid) !== undefined) this.processes.letGo(event.pid);
    const facts = factsOf(event, record);
    const operations = attemptMask(facts.operations);
    const to = { cookie, policy: event.policy, operations, object: event.asked };
    const { tid, pid } = event;
    const { start, sequence, since } = waiting;
    const thread = { tid, pid, start, sequence, since, facts, to };
    if (this.replies.has(to, { pid: tid, start }, process)) {
      const before = this.queue.drop(tid);
      if (before !== null) this.left(before, 'decided');
      this.release([thread]);
      return;
    }
    const key = `${event.policy} ${operations} ${event.asked.objectType} ${event.asked.bytes.toString('latin1')}`;
    const { entry, kind, left } = this.queue.put(key, thread, facts);
    if (left !== null) this.left(left, 'decided');
    if (entry === null) this.#overflow.deny(thread);
    else if (kind === 'new') this.#put(entry);
    else if (kind === 'more') this.#gathering.changed(entry.id);
  }

  #put(entry: Waiting): void {
    const { facts, id } = entry;
    const policy = this.tellings.loaded(facts.record.policy)?.policy;
    const seconds = policy?.asking?.deadline;
    // Nobody is there any more: it was asked in the last moment of those who were.
    if (this.attendance.size === 0) {
      this.fallBack(entry, NOBODY);
      return;
    }
    if (seconds !== undefined) this.#deadlines.set(id, seconds);
    const question = this.tellings.question(entry);
    this.tellings.remember(facts);
    this.attendance.tell({ v: 1, tell: 'question', question });
  }

  #overdue(id: number): void {
    const entry = this.queue.get(id);
    if (entry !== undefined && !this.answering.has(id)) this.fallBack(entry, DEADLINE);
  }

  #denied(event: KernelEvent, record: EventRecord): void {
    this.#gathering.refused(this.denials.add(record, () => factsOf(event, record)));
  }

  #end(id: number, how: string): void {
    this.#deadlines.clear(id);
    this.#gathering.forget(id);
    this.#ends.add(id, how);
  }
}

export const NOBODY: Answerer = { what: 'nobody', name: 'nobody attends' };
export const DEADLINE: Answerer = { what: 'deadline', name: 'the deadline' };
