// SPDX-License-Identifier: GPL-2.0-only
/** A supervisor that asks what a test says, and speaks the protocol at a real door. It judges nothing. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Answered } from '../../src/ask/answer.js';
import type { Question, RecentDenial } from '../../src/ask/question.js';
import { CodedFailure, type Handlers, type Notice, type RequestOf, type Visitor } from '../../src/control/protocol.js';
import { type Door, openDoor } from '../../src/control/server.js';
import { answered, POLICY, WATCHING, WEIGHED } from './build.js';

type Answering = RequestOf<'answer'>;

export class FakeSupervisor {
  /** The session's folder, where its door is. */
  readonly folder: string;
  /** What was asked, but for `watch` and `weigh`. */
  readonly asked: unknown[] = [];
  readonly #questions = new Map<number, Question>();
  readonly #denials = new Map<number, RecentDenial>();
  readonly #how = new Map<number, string>();
  /** By their descriptors, which tell one connection from another. */
  readonly #visitors = new Map<number, Visitor>();
  #waiters: (() => void)[] = [];
  #last: Answered | null = null;
  #door: Door | null = null;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(test: Test): Promise<FakeSupervisor> {
    const fake = new FakeSupervisor(mkdtempSync(join(tmpdir(), 'callgate-view-')));
    test.teardown(() => fake.close());
    fake.#door = await openDoor(fake.folder, fake.#handlers(), (fd) => ({ pid: fd, uid: 0 }));
    return fake;
  }

  async close(): Promise<void> {
    await this.#door?.close();
    this.#door = null;
    rmSync(this.folder, { recursive: true, force: true });
  }

  ask(question: Question): void {
    this.#questions.set(question.id, question);
    this.tell({ v: 1, tell: 'question', question });
  }

  deny(denial: RecentDenial): void {
    this.#denials.set(denial.id, denial);
    this.tell({ v: 1, tell: 'denial', denial });
  }

  tell(notice: Notice): void {
    for (const visitor of this.#visitors.values()) visitor.tell(notice);
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  /** Somebody else answers. */
  answerAs(name: string, question: number, fields: Partial<Answered>): void {
    this.#settle(answered(question, fields), name);
  }

  /** Hangs up, as a supervisor that was killed. */
  async hangUp(): Promise<void> {
    await this.#door?.close();
    this.#door = null;
  }

  /** Sends a signal to those who attend. */
  signal(signal: NodeJS.Signals): void {
    process.kill(Number(readFileSync(join(this.folder, 'attached'), 'utf8')), signal);
  }

  /** Resolves when nobody attends any more. */
  async deserted(): Promise<void> {
    while (this.#visitors.size > 0) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  #settle(answer: Answered, name: string): Answered {
    this.#questions.delete(answer.question);
    this.#how.set(answer.question, `question ${answer.question} was answered by ${name}`);
    this.#last = answer;
    this.tell({ v: 1, tell: 'answered', answered: { ...answer, by: { what: 'person', name } } });
    return answer;
  }

  #open(id: number): Question {
    const question = this.#questions.get(id);
    if (question === undefined) throw new CodedFailure('answered', this.#how.get(id) ?? `there is no question ${id}`);
    return question;
  }

  #answer(request: Answering, visitor: Visitor): Answered {
    const question = this.#open(request.question);
    const { verdict, scope = 'once', statement, sure } = request;
    if (typeof statement === 'string' && statement.includes('/***') && sure !== true)
      throw new CodedFailure('unsure', `it would ${verdict} everything`);
    const name = `root (attached as ${[...this.#visitors.keys()].indexOf(visitor.pid) + 1})`;
    if (scope !== 'always')
      return this.#settle(answered(question.id, { verdict, scope, threads: question.threads }), name);
    const written = {
      file: POLICY.file,
      line: 12,
      number: 3,
      statement: String(statement),
      before: { number: 4, line: 14 },
    };
    const note = 'written to usr_sbin_inetd.yaml:12, before rule 4 (line 14), which asked';
    return this.#settle(answered(question.id, { verdict, scope, threads: question.threads, written, note }), name);
  }

  #handlers(): Handlers {
    const never = async (): Promise<never> => {
      throw new Error('not asked for');
    };
    const noted =
      <Request, Answer>(answer: (request: Request, visitor: Visitor) => Answer) =>
      async (request: Request, visitor: Visitor): Promise<Answer> => {
        this.asked.push(request);
        return answer(request, visitor);
      };
    return {
      mode: never,
      stop: never,
      detach: never,
      reload: never,
      watch: async (_, visitor) => {
        this.#visitors.set(visitor.pid, visitor);
        visitor.onLeave(() => {
          this.#visitors.delete(visitor.pid);
          for (const waiter of this.#waiters.splice(0)) waiter();
        });
        for (const question of this.#questions.values()) visitor.tell({ v: 1, tell: 'question', question });
        for (const denial of this.#denials.values()) visitor.tell({ v: 1, tell: 'denial', denial });
        visitor.tell({ v: 1, tell: 'ready' });
        return WATCHING;
      },
      answer: noted((request, visitor) => this.#answer(request, visitor)),
      retry: noted(() => {
        const questions = [...this.#questions.keys()];
        this.#questions.clear();
        for (const question of questions) this.tell({ v: 1, tell: 'gone', question, why: 'retried' });
        return { taken: [{ program: POLICY.program, generation: 2 }], questions };
      }),
      kill: noted(({ question }) => {
        const { asker } = this.#open(question);
        this.#questions.delete(question);
        this.tell({ v: 1, tell: 'gone', question, why: 'killed' });
        return { killed: [{ pid: asker.pid, comm: asker.comm }] };
      }),
      undo: noted(() => {
        const last = this.#last;
        if (last === null) throw new CodedFailure('nothing', 'nothing was answered that could be taken back');
        this.#last = null;
        const undone = {
          question: last.question,
          verdict: last.verdict,
          scope: last.scope,
          removed: last.written,
          note: '',
        };
        this.tell({ v: 1, tell: 'undone', undone });
        return undone;
      }),
      permit: noted(({ denial }) => {
        const { question: _, ...fields } = answered(0, {
          scope: 'always',
          threads: 0,
          note: 'written to usr_sbin_inetd.yaml:12',
        });
        return { ...fields, denial };
      }),
      weigh: async ({ question, denial }) => {
        const asked = this.#questions.get(question ?? 0);
        if (asked !== undefined) return { question: { ...asked, suggestions: weighed(asked.suggestions) } };
        const refused = this.#denials.get(denial ?? 0);
        if (refused === undefined) throw new CodedFailure('answered', 'there is no such question');
        return { denial: { ...refused, suggestions: weighed(refused.suggestions) } };
      },
    };
  }
}

function weighed(suggestions: Question['suggestions']): Question['suggestions'] {
  return suggestions.map((one, index) => {
    const { grants = null, alike = null } = WEIGHED[index] ?? {};
    return { ...one, grants, alike };
  });
}
