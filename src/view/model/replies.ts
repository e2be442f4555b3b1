// SPDX-License-Identifier: GPL-2.0-only
/** What came of what was asked. */
import type { Answered } from '../../ask/answer.js';
import type { Answers, ErrorCode, Verb } from '../../control/protocol.js';
import { scopeText, undoneText, weighedAs } from './notices.js';
import { type Asked, chooseAt, type State, type Step, saying, step, weighing } from './state.js';
import { countText } from './words.js';

/** An answer, with what asked for it. */
export type Reply = { readonly [V in Asked['do']]: { readonly do: V; readonly answer: Answers[V] } }[Asked['do']];

/** Joins an answer to the verb that asked for it: the protocol pairs them. */
export function replyOf<V extends Asked['do'] & Verb>(verb: V, answer: Answers[V]): Reply {
  return { do: verb, answer } as Reply;
}

/** It was done. */
export function replied(state: State, reply: Reply, now: number): Step {
  const asked = state.sent;
  const next = { ...state, now, sent: null };
  const about = asked?.do === 'answer' || asked?.do === 'kill' ? [asked.question] : [];
  switch (reply.do) {
    case 'answer': {
      const { question, decided } = reply.answer;
      return weighing(step(saying(onward(next, [question, ...decided]), answeredText(reply.answer))));
    }
    case 'permit':
      return weighing(step(saying(onward(next, reply.answer.decided), answeredText(reply.answer))));
    case 'kill': {
      const { killed } = reply.answer;
      const who = killed.map(({ pid, comm }) => `${comm}[${pid}]`).join(', ');
      const what = killed.length === 0 ? 'nothing was left to kill' : `killed ${who}`;
      return weighing(step(saying(onward(next, about), what)));
    }
    case 'retry': {
      const { taken, questions } = reply.answer;
      const policies = taken.map(({ program, generation }) => `${program} (generation ${generation})`).join(', ');
      const what = taken.length === 0 ? 'no policy has changed' : `taken in: ${policies}`;
      const judged = `judged anew: ${countText(questions.length, 'question')}`;
      return weighing(step(saying(onward(next, questions), `${what}; ${judged}`)));
    }
    case 'undo':
      return step(saying(next, undoneText(reply.answer)));
  }
}

/** Without the questions that are none any more, and on to the next where one of them was chosen. They may be told as gone before or later. */
function onward(state: State, gone: readonly number[]): State {
  const next = { ...state, questions: state.questions.filter(({ id }) => !gone.includes(id)) };
  const { settled } = state;
  if (settled !== null) return gone.includes(settled.question.id) ? chooseAt(next, settled.position) : next;
  const position = state.questions.findIndex(({ id }) => id === state.question);
  const before = state.questions.slice(0, Math.max(0, position)).filter(({ id }) => !gone.includes(id)).length;
  return position >= 0 && state.question !== null && gone.includes(state.question) ? chooseAt(next, before) : next;
}

/** What an answer came to, by its own note where it has one. */
export function answeredText(answered: Omit<Answered, 'question'>): string {
  const { verdict, scope, threads, decided, written, note } = answered;
  const calls = threads === 0 ? '' : `: ${countText(threads, 'call goes', 'calls go')} on`;
  const words = `${verdict} ${scopeText(scope)}${calls}`;
  const parts = [
    ...(note === '' || written !== null ? [words] : []),
    ...(note === '' ? [] : [note]),
    ...(decided.length === 0 ? [] : [`${countText(decided.length, 'more question')} decided by it`]),
  ];
  return parts.join('; ');
}

/** It was not done. */
export function refused(
  state: State,
  request: Asked,
  error: { readonly code: ErrorCode | undefined; readonly message: string; readonly remedy: string | undefined },
  now: number,
): Step {
  const next = { ...state, now, sent: null };
  const { code, message, remedy } = error;
  switch (code) {
    case 'unsure':
      // Asked back by the supervisor: what it would do stands in its message.
      if (request.do === 'retry' || request.do === 'undo') return step(saying(next, message, true));
      if (request.do !== 'permit' && next.settled?.question.id === request.question)
        return step(saying(next, next.settled.how, true));
      return step({
        ...next,
        message: null,
        mode: { kind: 'confirm', text: message, request: { ...request, sure: true } },
      });
    case 'answered':
      return weighing(step(saying(onward(next, 'question' in request ? [request.question ?? 0] : []), message, true)));
    case 'bad-policy':
    case 'nothing':
    case undefined:
      return step(saying(next, remedy === undefined ? message : `${message} (${remedy})`, true));
  }
}

/** A weighing came back; null: it came to nothing. */
export function weighed(state: State, answer: Answers['weigh'] | null, now: number): Step {
  const next = { ...state, now, weighing: false };
  return weighing(step(answer === null ? next : weighedAs(next, answer)));
}

/** The editor has ended; `failure` says how it failed. */
export function edited(state: State, failure: string | null, now: number): Step {
  const next = { ...state, now };
  if (failure !== null) return step(saying(next, `${failure}: nothing was taken in`, true));
  const request: Asked = { v: 1, do: 'retry' };
  return step({ ...next, sent: request }, { do: 'ask', request });
}
