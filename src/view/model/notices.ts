// SPDX-License-Identifier: GPL-2.0-only
/** What the supervisor tells. */
import type { AnswerScope, Gone, Undone } from '../../ask/answer.js';
import type { Question, RecentDenial, Suggestion } from '../../ask/question.js';
import type { Answers, Notice } from '../../control/protocol.js';
import { BROWSE, chooseAt, type State, type Step, saying, step, weighing } from './state.js';

/** Denials that are kept. */
const DENIALS_MOST = 1000;

/** Takes in what was told. */
export function hear(state: State, notice: Notice, now: number): Step {
  return weighing(heard({ ...state, now }, notice));
}

/** The supervisor has said who it is. */
export function watched(state: State, watching: Answers['watch']): Step {
  return step({ ...state, watching });
}

function heard(state: State, notice: Notice): Step {
  switch (notice.tell) {
    case 'question':
      return step(withQuestion(state, notice.question));
    case 'answered': {
      const { question, decided, by, verdict, scope } = notice.answered;
      const how = `${verdict} ${scopeText(scope)}, by ${by.name}`;
      const others = decided.reduce((left, id) => without(left, id, `decided by what ${by.name} answered`), state);
      const asked = others.questions.find(({ id }) => id === question);
      const next = without(others, question, `answered: ${how}`);
      return step(asked === undefined || state.question === question ? next : saying(next, `${asked.object}: ${how}`));
    }
    case 'gone':
      return step(without(state, notice.question, goneText(notice.why)));
    case 'denial':
      return step(withDenial(state, notice.denial));
    case 'undone':
      // Our own as well: it says the same as the answer to it, whichever comes first.
      return step(saying(state, undoneText(notice.undone)));
    case 'ready':
      return step({ ...state, ready: true });
    case 'full':
      return step({ ...state, full: notice.denied });
    case 'problem':
      return step(saying(state, notice.problem, true));
    case 'ended':
      return step(state, { do: 'leave', how: 'ended' });
  }
}

/** `once`, `for 10 min`, ... */
export function scopeText(scope: AnswerScope): string {
  switch (scope) {
    case 'once':
    case 'always':
      return scope;
    case 'process':
      return 'while it runs';
    default:
      return `for ${scope.minutes} min`;
  }
}

/** What was taken back, by its own note where it has one. */
export function undoneText({ verdict, scope, note }: Undone): string {
  return `undone: ${note === '' ? `${verdict} ${scopeText(scope)}` : note}`;
}

function goneText(why: Gone): string {
  switch (why) {
    case 'died':
      return 'gone: what asked is no more';
    case 'killed':
      return 'gone: what asked was killed';
    case 'decided':
      return 'gone: the changed policy decides it';
    case 'retried':
      return 'gone: it is judged anew';
  }
}

function withQuestion(state: State, told: Question): State {
  const known = state.questions.find(({ id }) => id === told.id);
  const question = known === undefined ? told : { ...told, suggestions: kept(told.suggestions, known.suggestions) };
  const others = state.questions.filter(({ id }) => id !== told.id);
  // Behind all that are older. Most come last, and there may be thousands: they are not sorted anew each time.
  const place = others.findLastIndex((other) => isOlder(other, question)) + 1;
  const questions = [...others.slice(0, place), question, ...others.slice(place)];
  const next = { ...state, questions };
  const idle = state.question === null && state.settled === null;
  // Before all is known the oldest may still come.
  return idle || (!state.ready && state.settled === null) ? chooseAt(next, 0) : next;
}

function isOlder(one: Question, other: Question): boolean {
  return (Date.parse(one.since) - Date.parse(other.since) || one.id - other.id) < 0;
}

/** What was weighed stays so where the same is told again. */
function kept(told: readonly Suggestion[], known: readonly Suggestion[]): readonly Suggestion[] {
  return told.map((suggestion) => {
    const before = known.find(({ statement }) => statement === suggestion.statement);
    const grants = suggestion.grants ?? before?.grants ?? null;
    return { ...suggestion, grants, alike: suggestion.alike ?? before?.alike ?? null };
  });
}

/** A question that waits no more. The chosen one stays to be seen. */
function without(state: State, question: number, how: string): State {
  const position = state.questions.findIndex(({ id }) => id === question);
  const gone = state.questions[position];
  if (gone === undefined) return state;
  const next = { ...state, questions: state.questions.filter(({ id }) => id !== question) };
  if (state.question !== question) return next;
  const settled = { question: gone, position, how };
  if (state.tab !== 'questions' || state.mode.kind === 'help') return { ...next, settled };
  const asking = state.mode.kind !== 'browse';
  return { ...(asking ? saying(next, `while you typed: ${how}`, true) : next), settled, mode: BROWSE };
}

function withDenial(state: State, told: RecentDenial): State {
  const known = state.denials.find(({ id }) => id === told.id);
  const denial = known === undefined ? told : { ...told, suggestions: kept(told.suggestions, known.suggestions) };
  const denials = [denial, ...state.denials.filter(({ id }) => id !== told.id)]
    .sort((one, other) => Date.parse(other.last) - Date.parse(one.last) || other.id - one.id)
    .slice(0, DENIALS_MOST);
  const chosen = denials.some(({ id }) => id === state.denial);
  if (chosen) return { ...state, denials };
  const shown = state.tab === 'denials' ? state.now : state.shown;
  return { ...state, denials, denial: denials[0]?.id ?? null, shown };
}

/** Suggestions as they were weighed. */
export function weighedAs(state: State, weighed: Answers['weigh']): State {
  if (weighed.question !== undefined) {
    const { id } = weighed.question;
    // It may have been answered meanwhile.
    return state.questions.some((question) => question.id === id) ? withQuestion(state, weighed.question) : state;
  }
  const { id } = weighed.denial;
  return state.denials.some((denial) => denial.id === id) ? withDenial(state, weighed.denial) : state;
}
