// SPDX-License-Identifier: GPL-2.0-only
/** Keys where something is typed, or asked back. */
import type { Suggestion } from '../../ask/question.js';
import type { RequestOf } from '../../control/protocol.js';
import { ERRNO_NAMES, isErrno } from '../../policy/errno.js';
import type { Key } from './keys.js';
import { lineOf, type as typed } from './line.js';
import {
  type Asked,
  BROWSE,
  type Line,
  type Mode,
  type State,
  type Step,
  saying,
  step,
  subjectOf,
  suggestionsOf,
} from './state.js';
import { fromLine, oneLine } from './statement.js';

/** What an empty line means. */
export const MINUTES = 10;

type Writing = RequestOf<'answer'> | RequestOf<'permit'>;
type Typing = Extract<Mode, { readonly line: Line }>;

/** Sends it, and waits for its answer. */
export function send(state: State, request: Asked): Step {
  return step({ ...state, mode: BROWSE, message: null, sent: request }, { do: 'ask', request });
}

/** Sends what writes a statement; for the whole operation it asks back first. */
export function sendWriting(state: State, request: Writing, suggestion: Suggestion | undefined): Step {
  if (suggestion?.whole !== true) return send(state, request);
  const verdict = request.do === 'answer' ? request.verdict : 'permit';
  const text = `${oneLine(suggestion.statement, verdict)}: ${verdict} ${suggestion.label}, always?`;
  return step({ ...state, message: null, mode: { kind: 'confirm', text, request: { ...request, sure: true } } });
}

/** A key to the question whether one is sure. */
export function confirming(state: State, mode: Extract<Mode, { readonly kind: 'confirm' }>, key: Key): Step {
  if (key.name === 'sign' && key.sign === 'y') return send(state, mode.request);
  // No key that is part of something longer says no by chance: what was pasted, for one.
  if (key.name === 'paste') return step(state);
  return step(saying({ ...state, mode: BROWSE }, 'not done'));
}

/** A key to a line. */
export function typing(state: State, mode: Typing, key: Key): Step {
  if (key.name === 'escape') return step({ ...state, mode: BROWSE });
  if (key.name === 'enter') return entered(state, mode);
  if (key.name === 'tab') return step(mode.kind === 'errno' ? { ...state, mode: completed(mode) } : state);
  const line = typed(mode.line, key);
  if (line === null) return step(state);
  const upper = mode.kind === 'errno' ? { ...line, text: line.text.toUpperCase() } : line;
  return step({ ...state, mode: { ...mode, line: upper, why: null } });
}

/** Names of errors that begin so. */
export function errnosLike(text: string): readonly string[] {
  return ERRNO_NAMES.filter((name) => name.startsWith(text));
}

/** As far as all names that begin so go on alike. */
function completed(mode: Extract<Mode, { readonly kind: 'errno' }>): Mode {
  const [first, ...others] = errnosLike(mode.line.text);
  if (first === undefined) return mode;
  let shared = first.length;
  for (const name of others) while (!name.startsWith(first.slice(0, shared))) shared--;
  return { ...mode, line: lineOf(first.slice(0, shared)), why: null };
}

function entered(state: State, mode: Typing): Step {
  const again = (why: string): Step => step({ ...state, mode: { ...mode, why } });
  const text = mode.line.text.trim();
  switch (mode.kind) {
    case 'minutes': {
      const minutes = text === '' ? MINUTES : Number(text);
      // The protocol's bounds; what else may be wrong, the supervisor says.
      if (!(minutes > 0 && minutes <= 43_200)) return again('more than 0 minutes, at most 43200 (30 days)');
      return send(state, {
        ...{ v: 1, do: 'answer', question: mode.question, verdict: state.verdict },
        scope: { minutes },
      });
    }
    case 'errno': {
      const like = errnosLike(text);
      const errno = isErrno(text) ? text : like.length === 1 ? like[0] : undefined;
      if (errno === undefined)
        return again(like.length === 0 ? `${text} is no name of an error` : 'more than one begins so');
      return send(state, { v: 1, do: 'answer', question: mode.question, verdict: 'deny', errno });
    }
    case 'statement': {
      const read = fromLine(mode.line.text);
      if (!read.ok) return again(read.why);
      const { verdict, statement } = read;
      // Left as it was, a suggestion is one still.
      const subject = subjectOf(state);
      const like = subject === null ? [] : suggestionsOf(subject);
      const suggestion = like.find((one) => oneLine(one.statement, verdict) === oneLine(statement, verdict));
      const { about } = mode;
      if ('question' in about) {
        const request = { v: 1, do: 'answer', question: about.question, verdict, scope: 'always', statement } as const;
        return sendWriting(state, request, suggestion);
      }
      if (verdict === 'deny') return again('it was denied already: permit:');
      return sendWriting(state, { v: 1, do: 'permit', denial: about.denial, statement }, suggestion);
    }
  }
}
