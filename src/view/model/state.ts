// SPDX-License-Identifier: GPL-2.0-only
/** What the view knows and shows, and what it wants done. Plain values: nothing here reaches outside. */
import type { Question, RecentDenial, Suggestion } from '../../ask/question.js';
import type { Answers, RequestOf } from '../../control/protocol.js';

/** What is asked of the supervisor, one at a time. */
export type Asked =
  | RequestOf<'answer'>
  | RequestOf<'retry'>
  | RequestOf<'kill'>
  | RequestOf<'undo'>
  | RequestOf<'permit'>;
export type Weighing = RequestOf<'weigh'>;

export type Tab = 'questions' | 'denials';

/** A line that is typed, and where its cursor stands, in characters. */
export interface Line {
  readonly text: string;
  readonly at: number;
}

/** What keys mean. */
export type Mode =
  | { readonly kind: 'browse' }
  | { readonly kind: 'help'; readonly scroll: number }
  /** Asks back, before what cannot be taken back or reaches far. */
  | { readonly kind: 'confirm'; readonly text: string; readonly request: Asked }
  | { readonly kind: 'minutes'; readonly question: number; readonly line: Line; readonly why: string | null }
  | { readonly kind: 'errno'; readonly question: number; readonly line: Line; readonly why: string | null }
  | { readonly kind: 'statement'; readonly about: About; readonly line: Line; readonly why: string | null };

/** What an answer is about: it stays the same, whatever comes up while a line is typed. */
export type About = { readonly question: number } | { readonly denial: number };

export interface Message {
  readonly text: string;
  /** Something failed, or somebody should look. */
  readonly alarm: boolean;
}

/** A question that was chosen and is none any more. It stays on the screen, so that no key meant for it meets the next one. */
export interface Settled {
  readonly question: Question;
  /** Where it stood in the queue. */
  readonly position: number;
  readonly how: string;
}

export interface State {
  readonly columns: number;
  readonly rows: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Null: it is not attended yet. */
  readonly watching: Answers['watch'] | null;
  /** All that waited at first is known. */
  readonly ready: boolean;
  /** Oldest first. */
  readonly questions: readonly Question[];
  /** Last refused first. */
  readonly denials: readonly RecentDenial[];
  /** So many were denied because the queue was full. */
  readonly full: number;
  readonly tab: Tab;
  /** Of each tab, by id. */
  readonly question: number | null;
  readonly denial: number | null;
  readonly settled: Settled | null;
  /** When a question came up that was not chosen by a key. */
  readonly shown: number;
  /** Milliseconds for which keys do not answer what came up: they were meant for what was there before. */
  readonly settle: number;
  /** Number of the chosen suggestion. */
  readonly suggestion: number;
  /** What minutes, process and always say. */
  readonly verdict: 'permit' | 'deny';
  /** Lines of the details above the first that is shown. */
  readonly scroll: number;
  readonly mode: Mode;
  readonly message: Message | null;
  /** What was asked and has no answer yet. */
  readonly sent: Asked | null;
  /** What was sent to be weighed, by `q1` and `d1`. */
  readonly weighed: ReadonlySet<string>;
  /** One of them has no answer yet: only what is looked at when it comes is weighed next, however fast one goes through the queue. */
  readonly weighing: boolean;
}

/** What is to be done outside. */
export type Effect =
  | { readonly do: 'ask'; readonly request: Asked }
  | { readonly do: 'weigh'; readonly request: Weighing }
  | { readonly do: 'edit'; readonly file: string }
  | { readonly do: 'redraw' }
  | { readonly do: 'leave'; readonly how: 'detached' | 'ended' };

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** Nothing happens outside. */
export function step(state: State, ...effects: readonly Effect[]): Step {
  return { state, effects };
}

export const BROWSE: Mode = { kind: 'browse' };

/** Nothing is known yet. */
export function initial(columns: number, rows: number, now: number, settle: number): State {
  return {
    ...{ columns, rows, now, settle, watching: null, ready: false, questions: [], denials: [], full: 0 },
    ...{ tab: 'questions', question: null, denial: null, settled: null, shown: now - settle },
    ...{
      suggestion: 1,
      verdict: 'permit',
      scroll: 0,
      mode: BROWSE,
      message: null,
      sent: null,
      weighed: new Set(),
      weighing: false,
    },
  };
}

/** What the details show. */
export type Subject =
  | { readonly kind: 'question'; readonly question: Question; readonly settled: string | null }
  | { readonly kind: 'denial'; readonly denial: RecentDenial };

/** What is chosen in the tab that is shown; null: nothing is there. */
export function subjectOf(state: State): Subject | null {
  if (state.tab === 'denials') {
    const denial = state.denials.find(({ id }) => id === state.denial);
    return denial === undefined ? null : { kind: 'denial', denial };
  }
  if (state.settled !== null) {
    return { kind: 'question', question: state.settled.question, settled: state.settled.how };
  }
  const question = state.questions.find(({ id }) => id === state.question);
  return question === undefined ? null : { kind: 'question', question, settled: null };
}

/** The suggestions of what is chosen. */
export function suggestionsOf(subject: Subject): readonly Suggestion[] {
  return subject.kind === 'question' ? subject.question.suggestions : subject.denial.suggestions;
}

/** The suggestion that `always` takes; null: there is none. */
export function suggestionOf(state: State): Suggestion | null {
  const subject = subjectOf(state);
  if (subject === null) return null;
  return suggestionsOf(subject).find(({ number }) => number === state.suggestion) ?? null;
}

/** Something has just come up by itself, and keys do not answer it yet. */
export function isSettling(state: State): boolean {
  return subjectOf(state) !== null && state.now - state.shown < state.settle;
}

export function saying(state: State, text: string, alarm = false): State {
  return { ...state, message: { text, alarm } };
}

/** With the details as they are when something else is chosen. */
export function fresh(state: State): State {
  const mode = state.mode.kind === 'help' ? state.mode : BROWSE;
  return { ...state, suggestion: 1, scroll: 0, verdict: 'permit', mode };
}

/** Chooses the question at a place of the queue, or the one nearest to it. Nobody's key did that. */
export function chooseAt(state: State, position: number): State {
  const { questions } = state;
  const chosen = questions[Math.min(position, questions.length - 1)];
  const next = { ...state, settled: null, question: chosen?.id ?? null };
  return state.tab === 'questions' ? fresh({ ...next, shown: state.now }) : next;
}

/** What is chosen, asked to be weighed where that was not done. */
export function weighing({ state, effects }: Step): Step {
  const subject = subjectOf(state);
  if (!state.ready || state.weighing || subject === null || (subject.kind === 'question' && subject.settled !== null))
    return { state, effects };
  const id = subject.kind === 'question' ? subject.question.id : subject.denial.id;
  const key = `${subject.kind === 'question' ? 'q' : 'd'}${id}`;
  const known = suggestionsOf(subject).every(({ grants, alike }) => grants !== null && alike !== null);
  if (known || state.weighed.has(key)) return { state, effects };
  const request: Weighing =
    subject.kind === 'question' ? { v: 1, do: 'weigh', question: id } : { v: 1, do: 'weigh', denial: id };
  return {
    state: { ...state, weighing: true, weighed: new Set([...state.weighed, key]) },
    effects: [...effects, { do: 'weigh', request }],
  };
}
