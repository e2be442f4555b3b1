// SPDX-License-Identifier: GPL-2.0-only
/** Keys: what each does to the state, and outside. */
import type { Question, RecentDenial } from '../../ask/question.js';
import type { Key } from './keys.js';
import { lineOf } from './line.js';
import { confirming, send, sendWriting, typing } from './prompt.js';
import { scrolledToSuggestion, scrollMost } from './screen.js';
import {
  BROWSE,
  chooseAt,
  fresh,
  isSettling,
  type Mode,
  type State,
  type Step,
  saying,
  step,
  subjectOf,
  suggestionOf,
  suggestionsOf,
  weighing,
} from './state.js';
import { oneLine } from './statement.js';
import { countText } from './words.js';

/** Lines that a page goes on. */
const PAGE = 8;

/** A key was pressed. */
export function press(before: State, key: Key, now: number): Step {
  const state = { ...before, now };
  if (key.name === 'interrupt') return step(state, { do: 'leave', how: 'detached' });
  if (key.name === 'redraw') return step(state, { do: 'redraw' });
  const { mode } = state;
  switch (mode.kind) {
    case 'browse':
      return weighing(browsing(state, key));
    case 'help':
      return helping(state, mode, key);
    case 'confirm':
      return confirming(state, mode, key);
    case 'minutes':
    case 'errno':
    case 'statement':
      return typing(state, mode, key);
  }
}

function helping(state: State, mode: Extract<Mode, { readonly kind: 'help' }>, key: Key): Step {
  const by = { up: -1, down: 1, 'page-up': -PAGE, 'page-down': PAGE }[key.name as string];
  if (by === undefined) return step({ ...state, mode: BROWSE });
  return step({ ...state, mode: { kind: 'help', scroll: Math.max(0, mode.scroll + by) } });
}

function browsing(state: State, key: Key): Step {
  switch (key.name) {
    case 'up':
      return step(move(state, -1));
    case 'down':
      return step(move(state, 1));
    case 'home':
      return step(move(state, Number.NEGATIVE_INFINITY));
    case 'end':
      return step(move(state, Number.POSITIVE_INFINITY));
    case 'page-up':
      return step({ ...state, scroll: Math.max(0, state.scroll - PAGE) });
    case 'page-down':
      return step({ ...state, scroll: Math.min(scrollMost(state), state.scroll + PAGE) });
    case 'tab':
      return step(fresh({ ...state, tab: state.tab === 'questions' ? 'denials' : 'questions', message: null }));
    case 'enter':
      return step(state.tab === 'questions' && state.settled !== null ? onward(state) : state);
    case 'sign':
      return letter(state, key.sign);
    case 'paste':
      return step(saying(state, 'what was pasted was not taken for keys', true));
    default:
      return step(state);
  }
}

/** From a question that is none any more to the next. */
function onward(state: State): State {
  return state.settled === null ? state : chooseAt({ ...state, message: null }, state.settled.position);
}

function move(state: State, by: number): State {
  if (state.tab === 'questions' && state.settled !== null) return onward(state);
  const list: readonly (Question | RecentDenial)[] = state.tab === 'questions' ? state.questions : state.denials;
  const at = list.findIndex(({ id }) => id === (state.tab === 'questions' ? state.question : state.denial));
  const to = list[Math.min(list.length - 1, Math.max(0, at + by))];
  if (to === undefined || to.id === list[at]?.id) return state;
  return fresh({ ...state, message: null, [state.tab === 'questions' ? 'question' : 'denial']: to.id });
}

function letter(state: State, sign: string): Step {
  switch (sign) {
    case 'q':
      return step(state, { do: 'leave', how: 'detached' });
    case '?':
    case 'h':
      return step({ ...state, mode: { kind: 'help', scroll: 0 } });
    case 'u':
      return idle(state, () => send(state, { v: 1, do: 'undo' }));
    case 'E':
      return idle(state, () => editing(state));
  }
  const subject = subjectOf(state);
  if (/^[1-9]$/.test(sign)) return step(choose(state, Number(sign)));
  if (!/^[pdmsanekx]$/.test(sign)) return step(state);
  if (subject === null) return step(saying(state, state.tab === 'questions' ? 'nothing waits' : 'nothing was denied'));
  // Meant for what was there before, or for what is no more: nothing is answered that nobody has read.
  if (isSettling(state)) return step(state);
  if (subject.kind === 'denial') return idle(state, () => ofDenial(state, subject.denial, sign));
  if (subject.settled !== null)
    return step(saying(onward(state), `not taken; question ${subject.question.id} is ${subject.settled}`, true));
  return idle(state, () => ofQuestion(state, subject.question, sign));
}

/** One answer at a time: the next one may be about what this one decides. */
function idle(state: State, then: () => Step): Step {
  return state.sent === null ? then() : step(saying(state, 'the last one has no answer yet', true));
}

function choose(state: State, number: number): State {
  const subject = subjectOf(state);
  if (subject === null || !suggestionsOf(subject).some((suggestion) => suggestion.number === number)) return state;
  const chosen = { ...state, suggestion: number, message: null };
  return { ...chosen, scroll: scrolledToSuggestion(chosen) };
}

function editing(state: State): Step {
  const subject = subjectOf(state);
  if (subject === null) return step(saying(state, 'choose a question or a denial: its policy is edited'));
  const { policy } = subject.kind === 'question' ? subject.question : subject.denial;
  if (policy.file === null) return step(saying(state, `the policy of ${policy.program} stands in no file`, true));
  return step({ ...state, message: null }, { do: 'edit', file: policy.file });
}

function ofQuestion(state: State, question: Question, sign: string): Step {
  const { id } = question;
  const about = { v: 1, do: 'answer', question: id } as const;
  const prompt = (mode: Mode): Step => step({ ...state, message: null, mode });
  switch (sign) {
    case 'p':
      return send(state, { ...about, verdict: 'permit', scope: 'once' });
    case 'd':
      return send(state, { ...about, verdict: 'deny', scope: 'once' });
    case 's':
      return send(state, { ...about, verdict: state.verdict, scope: 'process' });
    case 'm':
      return prompt({ kind: 'minutes', question: id, line: lineOf(''), why: null });
    case 'n':
      return prompt({ kind: 'errno', question: id, line: lineOf(''), why: null });
    case 'x':
      return step({ ...state, message: null, verdict: state.verdict === 'permit' ? 'deny' : 'permit' });
    case 'k': {
      const others = question.pids.filter((pid) => pid !== question.asker.pid);
      const more = others.length === 0 ? '' : ` and ${countText(others.length, 'more process', 'more processes')}`;
      const text = `kill ${question.asker.comm}[${question.asker.pid}]${more}?`;
      return prompt({ kind: 'confirm', text, request: { v: 1, do: 'kill', question: id, sure: true } });
    }
    case 'e':
      return edit(state, { question: id });
    default: {
      const suggestion = suggestionOf(state);
      if (suggestion === null) return step(saying(state, 'no statement can name it: nothing can be written', true));
      const request = {
        ...about,
        ...({ verdict: state.verdict, scope: 'always', statement: suggestion.number } as const),
      };
      return sendWriting(state, request, suggestion);
    }
  }
}

function ofDenial(state: State, { id }: RecentDenial, sign: string): Step {
  if (sign === 'e') return edit(state, { denial: id });
  if (sign !== 'a')
    return step(saying(state, 'it was denied already: a permits it from now on, e edits what is written'));
  const suggestion = suggestionOf(state);
  if (suggestion === null) return step(saying(state, 'nothing that can be written would permit it', true));
  const request = { v: 1, do: 'permit', denial: id, statement: suggestion.number } as const;
  return sendWriting(state, request, suggestion);
}

function edit(state: State, about: { readonly question: number } | { readonly denial: number }): Step {
  const suggestion = suggestionOf(state);
  const text = suggestion === null ? 'permit: ' : oneLine(suggestion.statement, state.verdict);
  return step({ ...state, message: null, mode: { kind: 'statement', about, line: lineOf(text), why: null } });
}
