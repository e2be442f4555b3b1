// SPDX-License-Identifier: GPL-2.0-only
/**
 * Something that answers in a person's place: a URL that is posted the question, or a command that reads it. It has bounded time,
 * and what is no answer is told and answers nothing: the question waits for others, or its deadline.
 */
import { spawn } from 'node:child_process';
import { type Answer, answerSchema } from '../ask/answer.js';
import type { Answerer, Question } from '../ask/question.js';
import type { Notice, RequestOf } from '../control/protocol.js';
import { Failure, messageOf } from '../host/failure.js';
import type { Attached } from './attached.js';

/** How long it has for one question, how many it is asked at a time, and bytes of an answer at most. */
export const PATIENCE_MS = 30_000;
const AT_A_TIME = 16;
const ANSWER_MOST = 65_536;

/** Answers a question by JSON; null: it has no answer. Throws what went wrong. */
export type Oracle = (question: string, patience: AbortSignal) => Promise<string | null>;

/** Something that answers, and what it is called. */
export interface Automat {
  readonly by: Answerer & NonNullable<RequestOf<'watch'>['as']>;
  readonly oracle: Oracle;
}

/** @throws Failure where it is no URL of http or https */
export function webhook(url: string): Automat {
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : ''))
    throw new Failure(`${url}: no URL of http or https`, 'such as http://127.0.0.1:8080/questions');
  const oracle: Oracle = async (body, signal) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' });
    if (response.status === 204) return null;
    if (!response.ok) throw new Error(`it says ${response.status}`);
    let text = '';
    const decoder = new TextDecoder();
    for await (const piece of response.body ?? []) {
      text += decoder.decode(piece as Uint8Array, { stream: true });
      if (text.length > ANSWER_MOST) throw new Error(`more than ${ANSWER_MOST} bytes`);
    }
    return text;
  };
  return { by: { what: 'webhook', name: url }, oracle };
}

/** @param command for a shell; it reads the question on standard input and says the answer on its first line */
export function command(command: string): Automat {
  const oracle: Oracle = (question, signal) =>
    new Promise((resolve, reject) => {
      // Ended with all that it started, where it takes too long. How it ends is nobody's matter: a supervisor may reap it first.
      const child = spawn('/bin/sh', ['-c', command], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
      const stop = (error: Error): void => {
        if (child.pid !== undefined) kill(child.pid);
        reject(error);
      };
      let text = '';
      child.on('error', reject);
      child.stdin.on('error', () => undefined);
      child.stdin.end(`${question}\n`);
      child.stdout.setEncoding('utf8');
      child.stdout.on('data', (piece: string) => {
        text += piece;
        if (text.length > ANSWER_MOST) stop(new Error(`more than ${ANSWER_MOST} bytes`));
      });
      child.stdout.on('end', () => resolve(text.trim() === '' ? null : (text.trim().split('\n')[0] ?? null)));
      signal.addEventListener('abort', () => stop(new Error('it takes too long')), { once: true });
    });
  return { by: { what: 'command', name: command }, oracle };
}

/** Ends the process group. */
function kill(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/**
 * Has every question answered, until the session is over.
 *
 * @param say what went wrong, for a person
 */
export async function answerBy(
  client: Pick<Attached, 'request' | 'listen' | 'closed'>,
  { by, oracle }: Automat,
  say: (line: string) => void,
  patience = PATIENCE_MS,
): Promise<void> {
  const put = new Set<number>();
  const waiting: Question[] = [];
  const open = new Set<number>();
  let under = 0;
  const next = (): void => {
    const question = under < AT_A_TIME ? waiting.shift() : undefined;
    if (question === undefined) return;
    if (!open.has(question.id)) {
      next();
      return;
    }
    under++;
    void ask(question).finally(() => {
      under--;
      next();
    });
    next();
  };
  const ask = async ({ id }: Question): Promise<void> => {
    try {
      const { question } = await client.request<'weigh'>({ v: 1, do: 'weigh', question: id });
      const text = await oracle(JSON.stringify({ v: 1, question }), AbortSignal.timeout(patience));
      if (text === null || !open.has(id)) return;
      const answer = readAnswer(text);
      await client.request<'answer'>({ v: 1, do: 'answer', question: id, ...answer });
    } catch (error) {
      if (open.has(id)) say(`${by.name}: no answer to question ${id}: ${messageOf(error)}`);
    }
  };
  client.listen((notice: Notice) => {
    if (notice.tell === 'answered') open.delete(notice.answered.question);
    if (notice.tell === 'gone') open.delete(notice.question);
    if (notice.tell !== 'question' || put.has(notice.question.id)) return;
    put.add(notice.question.id);
    open.add(notice.question.id);
    waiting.push(notice.question);
    next();
  });
  await client.closed;
}

/** Throws where it is none. */
function readAnswer(text: string): Answer {
  const read = answerSchema.safeParse(JSON.parse(text));
  if (read.success) return read.data;
  throw new Error(read.error.issues.map(({ path, message }) => [...path.map(String), message].join(': ')).join('; '));
}
