// SPDX-License-Identifier: GPL-2.0-only
/** The queue and the denials, a line each. */
import type { Asker, Question, RecentDenial } from '../../ask/question.js';
import type { Row } from './row.js';
import type { State } from './state.js';
import { cut, cutMiddle, pad, padBefore, safe } from './text.js';
import { countText, ordinal, spanText } from './words.js';

/** Widths of the columns before the object. */
const TIME = 7;
const HOW = 4;
const OFTEN = 6;
const WHO = 16;
const WHAT = 9;

/** What is above the list. */
export function listHeading({ tab, columns }: State): Row {
  const text =
    tab === 'questions'
      ? cells(' ', ['waits', 'thr', 'asked', 'program', 'wants', 'object'], columns)
      : cells(' ', ['last', '', 'times', 'program', 'denied', 'object'], columns);
  return { text, style: 'faint' };
}

/** As many of the list as have room, the chosen one among them. */
export function listRows(state: State, room: number): Row[] {
  const { tab, questions, denials, question, denial, settled } = state;
  const chosen = tab === 'questions' ? (settled === null ? question : null) : denial;
  const ids = (tab === 'questions' ? questions : denials).map(({ id }) => id);
  const at = Math.max(0, chosen === null ? (settled?.position ?? 0) : ids.indexOf(chosen));
  const first = Math.max(0, Math.min(at - Math.floor(room / 2), ids.length - room));
  const rows =
    tab === 'questions'
      ? questions.slice(first, first + room).map((one) => questionRow(one, one.id === chosen, state))
      : denials.slice(first, first + room).map((one) => denialRow(one, one.id === chosen, state));
  return [...rows, ...Array.from({ length: room - rows.length }, () => ({ text: '' }))];
}

function questionRow(question: Question, isChosen: boolean, { now, columns }: State): Row {
  const { since, threads, asked, asker, operations, object } = question;
  const waits = spanText(now - Date.parse(since));
  return row(isChosen, [waits, String(threads), ordinal(asked)], asker, operations, object, columns);
}

function denialRow(denial: RecentDenial, isChosen: boolean, { now, columns }: State): Row {
  const { last, count, asker, operations, object } = denial;
  const times = [spanText(now - Date.parse(last)), '', String(count)] as const;
  return row(isChosen, times, asker, operations, object, columns);
}

function row(
  isChosen: boolean,
  [time, how, often]: readonly [string, string, string],
  { comm, pid }: Asker,
  operations: readonly string[],
  object: string,
  columns: number,
): Row {
  const program = `${cutMiddle(safe(comm), WHO - String(pid).length - 2)}[${pid}]`;
  const text = cells(isChosen ? '>' : ' ', [time, how, often, program, operations.join(','), safe(object)], columns);
  return { text, ...(isChosen ? { style: 'chosen' } : {}) };
}

type Cells = readonly [time: string, how: string, often: string, who: string, what: string, object: string];

function cells(mark: string, [time, how, often, who, what, object]: Cells, columns: number): string {
  const before = [
    padBefore(cut(time, TIME), TIME),
    padBefore(cut(how, HOW), HOW),
    padBefore(cut(often, OFTEN), OFTEN),
    ` ${pad(cut(who, WHO), WHO)}`,
    pad(cut(what, WHAT), WHAT),
  ].join(' ');
  return cut(`${mark}${before} ${cutMiddle(object, Math.max(8, columns - before.length - 2))}`, columns);
}

/** `3 questions`. */
export function listTitle({ questions, denials, tab }: State): string {
  const names = [countText(questions.length, 'question'), countText(denials.length, 'denial')] as const;
  return tab === 'questions' ? `[${names[0]}]  ${names[1]}` : `${names[0]}  [${names[1]}]`;
}
