// SPDX-License-Identifier: GPL-2.0-only
/** Questions put to a UI in the classic line, one after the other, and what its answers do. */
import type { Question } from '../ask/question.js';
import type { Client } from '../control/client.js';
import type { Notice } from '../control/protocol.js';
import { messageOf } from '../host/failure.js';
import { type Bytes, bytesOf } from '../policy/bytes.js';
import { printRule } from '../systrace/print.js';
import type { Action, ClassicRule, Emulation } from '../systrace/syntax.js';
import { type ClassicAnswer, readAnswer } from './answer.js';
import { classicCall } from './calls.js';
import { askedLine, type LinePolicy } from './line.js';
import { type As, decidesAny, isAbout } from './reached.js';
import type { Ui } from './ui.js';
import type { NewRule } from './write.js';

/** What answers change besides the call that waits. */
export interface Keeping {
  readonly policyOf: (program: string) => LinePolicy;
  readonly rulesOf: (program: string) => readonly ClassicRule[];
  /** Writes rules into the program's file; null: nothing may be written (-U). Throws a Failure. */
  readonly write: ((program: string, rules: readonly NewRule[]) => void) | null;
  /** Writes that the program is not monitored. */
  readonly detach: (program: string) => void;
  /** A program that may be run next gets a policy, if it has none. */
  readonly admit: (program: string) => void;
  readonly templates: () => readonly Template[];
  /** A question that nobody is asked any more was denied. */
  readonly denied: (question: Question) => void;
}

export interface Template {
  readonly name: string;
  readonly description: string;
  readonly rules: readonly NewRule[];
}

export interface AskingOptions extends As {
  readonly ui: Ui;
  readonly keeping: Keeping;
  readonly say: (line: string) => void;
}

export class Asking {
  readonly #options: AskingOptions;
  readonly #open = new Map<number, Question>();
  readonly #put = new Set<number>();
  readonly #waiting: number[] = [];
  /** Programs of which nobody is asked any more, and what they are answered. */
  readonly #settled = new Map<string, 'permit' | 'deny'>();
  #client: Pick<Client, 'request'> | null = null;
  #busy = false;
  /** The question that the UI has before it. */
  #asked: number | null = null;
  #over = false;
  /** The session is over. */
  #ended = false;

  constructor(options: AskingOptions) {
    this.#options = options;
  }

  /** Begins to answer by this connection. */
  begin(client: Pick<Client, 'request'>): void {
    this.#client = client;
    void this.#next();
  }

  /** Nothing is asked any more: that nobody answers is no news then. */
  end(): void {
    this.#ended = true;
  }

  /** Takes what is told to those who attend. */
  readonly hear = (notice: Notice): void => {
    switch (notice.tell) {
      case 'question': {
        const { question } = notice;
        this.#open.set(question.id, question);
        if (this.#put.has(question.id)) return;
        this.#put.add(question.id);
        this.#waiting.push(question.id);
        void this.#next();
        return;
      }
      case 'answered':
        this.#settledElsewhere(notice.answered.question, `answered by ${notice.answered.by.name}`);
        return;
      case 'gone':
        this.#settledElsewhere(notice.question, `gone: ${notice.why}`);
        return;
      case 'problem':
        this.#options.say(notice.problem);
        return;
      default:
        return;
    }
  };

  /** Whoever is asked just now is told that there is nothing to answer any more: the next line goes on. */
  #settledElsewhere(id: number, how: string): void {
    this.#open.delete(id);
    if (this.#asked === id) this.#options.ui.over(bytesOf(`The question is ${how}.`));
  }

  async #next(): Promise<void> {
    if (this.#busy || this.#client === null) return;
    this.#busy = true;
    try {
      for (let id = this.#waiting.shift(); id !== undefined; id = this.#waiting.shift()) {
        const question = this.#open.get(id);
        if (question === undefined) continue;
        try {
          await this.#settle(question);
        } catch (error) {
          // Somebody else answered meanwhile, or whoever asked is no more; else the person must know.
          if (this.#open.has(id)) this.#options.say(`question ${id}: ${messageOf(error)}`);
        }
      }
    } finally {
      this.#busy = false;
    }
  }

  async #settle(question: Question): Promise<void> {
    const { ui, keeping, aliased } = this.#options;
    const { policy, asker, attempted, operations, object, id } = question;
    const settled = this.#settled.get(policy.program);
    if (settled !== undefined || this.#over) {
      await this.#once(id, settled ?? 'deny', null);
      if (settled !== 'permit') keeping.denied(question);
      return;
    }
    const call = classicCall({ operation: attempted, decided: operations, object }, aliased);
    const facts = keeping.policyOf(policy.program);
    const emulation = facts.emulation as Emulation;
    const [parent] = asker.parents;
    const line = askedLine(
      { exe: asker.exe, pid: asker.pid, ppid: parent?.pid ?? 0, policy: policy.program },
      facts,
      call,
    );
    for (let again = false; this.#open.has(id); again = true) {
      this.#asked = id;
      const text = await ui.ask(line, again);
      this.#asked = null;
      if (text === null) {
        if (this.#ended) return;
        this.#over = true;
        this.#options.say('nobody answers any more: what no rule permits is denied from now on');
        if (!this.#open.has(id)) return;
        await this.#once(id, 'deny', null);
        keeping.denied(question);
        return;
      }
      // What was said meanwhile is an answer to nothing.
      if (!this.#open.has(id)) {
        ui.taken();
        return;
      }
      const answer = readAnswer(text, emulation, call.name, call.arguments === null);
      if (await this.#answered(question, answer, emulation, call.name)) {
        ui.taken();
        return;
      }
    }
  }

  /** True: the question is answered. */
  async #answered(question: Question, answer: ClassicAnswer, emulation: Emulation, call: string): Promise<boolean> {
    const { ui, keeping } = this.#options;
    const { policy, id } = question;
    const tell = (line: string): void => ui.tell(bytesOf(line));
    switch (answer.kind) {
      case 'wrong':
        tell(answer.why);
        return false;
      case 'now':
        if (answer.verdict === 'permit') await this.#admit(question);
        await this.#once(id, answer.verdict, answer.errno);
        return true;
      case 'rule': {
        const { action } = answer.rule;
        if (!answer.whole && !isAbout(answer.rule, question, this.#options)) {
          tell('Filter unmatched. Freeing it');
          return false;
        }
        // A line that says `ask` asks each time, and nothing is written of what it is answered.
        if (answer.whole && question.rule !== null) {
          if (action.verdict === 'permit') await this.#admit(question);
          await this.#once(id, action.verdict === 'deny' ? 'deny' : 'permit', action.errno);
          return true;
        }
        return this.#keep(question, [answer.rule], action);
      }
      case 'kill':
        await this.#client?.request({ v: 1, do: 'kill', question: id, sure: true });
        return true;
      case 'detach':
        await this.#detach(question);
        return true;
      case 'review': {
        const rules = keeping
          .rulesOf(policy.program)
          .filter((rule) => rule.call === call && rule.emulation === emulation);
        tell('Filter review:');
        rules.forEach((rule, index) => ui.tell(`${index + 1}. ${printRule(rule)}` as Bytes));
        return false;
      }
      case 'templates':
        tell('Available Templates:');
        keeping.templates().forEach(({ name, description }, index) => tell(`${index + 1}. ${name} - ${description}`));
        return false;
      case 'template': {
        const template = keeping.templates()[answer.number - 1];
        if (template === undefined) {
          tell('Parse error.');
          return false;
        }
        return this.#keep(
          question,
          template.rules.map((rule) => ({ ...rule, emulation })),
          null,
        );
      }
    }
  }

  /**
   * Rules that stay: into the file, and what waits is judged anew.
   *
   * @param answer what the call comes to that waits, where the rules do not reach it; null: it is asked again
   */
  async #keep(question: Question, rules: readonly NewRule[], answer: Action | null): Promise<boolean> {
    const { keeping, say } = this.#options;
    const { id, policy } = question;
    const [rule] = rules;
    if (keeping.write === null) {
      say('-U: nothing is written; the answer holds as long as the process runs');
      const verdict = rule?.action.verdict === 'deny' ? 'deny' : 'permit';
      const errno = rule?.action.errno ?? null;
      await this.#client?.request({
        ...({ v: 1, do: 'answer', question: id, verdict, scope: 'process' } as const),
        ...(verdict === 'deny' && errno !== null ? { errno } : {}),
      });
      return true;
    }
    const there = keeping.rulesOf(policy.program);
    keeping.write(policy.program, rules);
    this.#admitted(question);
    if (answer !== null && !decidesAny([...there, ...rules], question, this.#options)) {
      // Judged anew it would be asked anew, without end.
      const verdict = answer.verdict === 'deny' ? 'deny' : 'permit';
      const done = verdict === 'deny' ? 'denied' : 'permitted';
      say(`the line is written, and does not reach ${question.object} here: this call alone is ${done}`);
      await this.#once(id, verdict, answer.errno);
      return true;
    }
    await this.#client?.request({ v: 1, do: 'retry', question: id });
    return true;
  }

  async #once(id: number, verdict: 'permit' | 'deny', errno: string | null): Promise<void> {
    await this.#client?.request({
      ...({ v: 1, do: 'answer', question: id, verdict, scope: 'once' } as const),
      ...(verdict === 'deny' ? { errno: errno ?? 'EPERM' } : {}),
    });
  }

  /** With rules: what they do not permit is denied from now on. Without: all is permitted, and the file says so. */
  async #detach({ id, policy }: Question): Promise<void> {
    const { keeping, say } = this.#options;
    const { program } = policy;
    const empty = keeping.policyOf(program).filters === 0;
    if (empty) {
      keeping.detach(program);
      say(`${program} is detached: all that it asks is permitted, and it is not monitored when it is run again`);
    }
    this.#settled.set(program, empty ? 'permit' : 'deny');
    await this.#once(id, empty ? 'permit' : 'deny', null);
  }

  #admitted({ operations, object }: Question): boolean {
    if (!operations.includes('exec') || !object.startsWith('/')) return false;
    this.#options.keeping.admit(object);
    return true;
  }

  async #admit(question: Question): Promise<void> {
    if (this.#admitted(question)) await this.#client?.request({ v: 1, do: 'reload' });
  }
}
