// SPDX-License-Identifier: GPL-2.0-only
/**
 * Questions as lines, one after the other, and answers as lines: for scripts and screen readers. One question is shown at a
 * time; the next one comes when it is answered or gone. From a script a line that needs a question waits for one.
 */
import type { Question, RecentDenial } from '../ask/question.js';
import { CodedFailure, type Notice } from '../control/protocol.js';
import { Failure, messageOf } from '../host/failure.js';
import type { Attached } from './attached.js';
import { edit } from './edit.js';
import { denialText, noticeText, questionText } from './text.js';
import { HELP, readTyped, type Typed } from './words.js';

export interface PlainOptions {
  /** Lines that are typed; their end detaches. */
  readonly lines: AsyncIterable<string>;
  readonly say: (text: string) => void;
  /** A person types: a line that needs a question and finds none says so at once. */
  readonly interactive: boolean;
}

/** Until the session is over, the lines end, or `quit`. Resolves with whether every line could be done. */
export async function plain(client: Attached, options: PlainOptions): Promise<boolean> {
  const view = new Plain(client, options);
  return view.run();
}

class Plain {
  readonly #client: Attached;
  readonly #options: PlainOptions;
  readonly #questions = new Map<number, Question>();
  readonly #denials = new Map<number, RecentDenial>();
  /** The one that was shown last and waits still. */
  #shown: number | null = null;
  /** What is asked back, and what is done where the answer is yes. */
  #sure: (() => Promise<void>) | null = null;
  #wake: (() => void) | null = null;
  #over = false;
  #good = true;

  constructor(client: Attached, options: PlainOptions) {
    this.#client = client;
    this.#options = options;
  }

  async run(): Promise<boolean> {
    const { session, attending, ask } = this.#client.watching;
    const others = attending === 1 ? '' : `; ${attending - 1} more attend`;
    this.#options.say(
      `attending to ${session}${ask ? ', what is denied by default is asked' : ''}${others} (? for help)`,
    );
    // Behind what was answered before it: a question is shown before it is said how it was answered.
    this.#client.listen((notice) => queueMicrotask(() => this.#hear(notice)));
    const ended = this.#client.closed.then(() => {
      this.#over = true;
      this.#wake?.();
      return null;
    });
    const lines = this.#options.lines[Symbol.asyncIterator]();
    while (!this.#over) {
      const next = await Promise.race([lines.next(), ended]);
      if (next === null || next.done === true) break;
      if (next.value.trim() !== '' && !(await this.#line(next.value))) break;
    }
    this.#client.close();
    await this.#client.closed;
    return this.#good;
  }

  #hear(notice: Notice): void {
    switch (notice.tell) {
      case 'question': {
        const { question } = notice;
        this.#questions.set(question.id, question);
        break;
      }
      case 'answered':
        this.#gone(notice.answered.question);
        break;
      case 'gone':
        this.#gone(notice.question);
        break;
      case 'denial': {
        const known = this.#denials.has(notice.denial.id);
        this.#denials.set(notice.denial.id, notice.denial);
        if (!known) this.#options.say(`${headOf(denialText(notice.denial))} (allow ${notice.denial.id} permits it)`);
        break;
      }
      default:
        break;
    }
    const text = noticeText(notice);
    if (text !== null) this.#options.say(text);
    this.#showNext();
    this.#wake?.();
  }

  #gone(id: number): void {
    this.#questions.delete(id);
    if (this.#shown === id) this.#shown = null;
  }

  #showNext(after = 0): void {
    if (this.#shown !== null) return;
    const ids = [...this.#questions.keys()];
    const next = ids.find((id) => id > after) ?? ids[0];
    if (next !== undefined) this.#show(next);
  }

  /** Shown once it is known what its suggestions grant. */
  #show(id: number): void {
    this.#shown = id;
    this.#client.request<'weigh'>({ v: 1, do: 'weigh', question: id }).then(
      ({ question }) => {
        if (question === undefined) return;
        if (this.#questions.has(id)) this.#questions.set(id, question);
        this.#options.say(questionText(question));
      },
      // It was answered meanwhile, which is told.
      () => undefined,
    );
  }

  /** False: no more lines. */
  async #line(line: string): Promise<boolean> {
    try {
      if (this.#sure !== null) {
        const act = this.#sure;
        this.#sure = null;
        if (/^y(?:es)?$/i.test(line.trim())) await act();
        else this.#options.say('nothing was done');
        return true;
      }
      const typed = readTyped(line);
      if (typed.do === 'quit') return false;
      await this.#act(typed);
    } catch (error) {
      this.#failed(error);
    }
    return true;
  }

  async #act(typed: Exclude<Typed, { do: 'quit' }>): Promise<void> {
    const { say } = this.#options;
    switch (typed.do) {
      case 'help':
        say(HELP);
        return;
      case 'list':
        say([...this.#questions.values()].map((one) => headOf(questionText(one))).join('\n') || 'nothing waits');
        return;
      case 'denials':
        say([...this.#denials.values()].map(denialText).join('\n') || 'nothing was refused');
        return;
      case 'skip': {
        const from = this.#shown ?? 0;
        this.#shown = null;
        this.#showNext(from);
        return;
      }
      case 'undo':
        await this.#client.request<'undo'>({ v: 1, do: 'undo' });
        return;
      case 'allow': {
        const { denial, statement } = typed;
        const request = { v: 1, do: 'permit', denial, ...(statement === undefined ? {} : { statement }) } as const;
        await this.#asking(async (sure) => {
          const { note } = await this.#client.request<'permit'>({ ...request, ...sure });
          say(`denial ${denial}: ${note}`);
        });
        return;
      }
      case 'answer':
      case 'edit':
      case 'retry':
      case 'kill':
      case 'show':
        await this.#about(typed);
    }
  }

  /** What is about a question: the one that is named, or the one that was shown. */
  async #about(typed: Extract<Typed, { question: number | null }>): Promise<void> {
    const question = typed.question ?? (await this.#current());
    if (question === null) {
      // What was wanted of a session that is over is nobody's fault.
      if (this.#over) return;
      throw new Failure('nothing waits');
    }
    switch (typed.do) {
      case 'show':
        this.#show(question);
        return;
      case 'kill':
        await this.#asking(async (sure) => {
          await this.#client.request<'kill'>({ v: 1, do: 'kill', question, ...sure });
        });
        return;
      case 'edit':
      case 'retry': {
        const file = this.#questions.get(question)?.policy.file ?? null;
        if (typed.do === 'edit') {
          if (file === null) throw new Failure('its policy stands in no file');
          await edit(file);
        }
        const { questions } = await this.#client.request<'retry'>({ v: 1, do: 'retry' });
        this.#options.say(`the policies are taken in; ${questions.length} judged anew`);
        return;
      }
      case 'answer':
        await this.#asking(async (sure) => {
          await this.#client.request<'answer'>({ v: 1, do: 'answer', question, ...typed.answer, ...sure });
        });
    }
  }

  /** Does it; what is asked back is put to the person, and done by the next line. */
  async #asking(act: (sure: { sure?: true }) => Promise<void>): Promise<void> {
    try {
      await act({});
    } catch (error) {
      if (!(error instanceof CodedFailure) || error.code !== 'unsure') throw error;
      this.#options.say(`${error.message}\nreally? (yes or no)`);
      this.#sure = () => act({ sure: true });
    }
  }

  /** The question that was shown, or for a script the next that comes. */
  async #current(): Promise<number | null> {
    while (this.#shown === null && !this.#options.interactive && !this.#over)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#shown;
  }

  #failed(error: unknown): void {
    const remedy = error instanceof Failure && error.remedy !== undefined ? `\n  do: ${error.remedy}` : '';
    this.#options.say(`not done: ${messageOf(error)}${remedy}`);
    // Another was faster: what was wanted has an answer.
    if (!(error instanceof CodedFailure) || error.code !== 'answered') this.#good = false;
  }
}

function headOf(text: string): string {
  return text.split('\n')[0] ?? '';
}
