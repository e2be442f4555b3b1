// SPDX-License-Identifier: GPL-2.0-only
/** The state as the lines of a screen. */
import { type Details, detailsOf } from './details.js';
import { HELP_LINES, helpRows } from './help.js';
import { listHeading, listRows, listTitle } from './lists.js';
import { errnosLike, MINUTES } from './prompt.js';
import type { Row } from './row.js';
import { isSettling, type State, subjectOf } from './state.js';
import { cut, ends, pad, safe, tail, widthOf, wrap } from './text.js';

/** What is too small to show a question in. */
const COLUMNS_LEAST = 40;
const ROWS_LEAST = 12;
/** Bar, list's heading and rule. */
const FIXED = 3;
const LIST_LEAST = 4;

export interface Screen {
  /** As many as the terminal has. */
  readonly rows: readonly Row[];
  /** Where something is typed, from 0. */
  readonly cursor: { readonly row: number; readonly column: number } | null;
}

/** The whole screen. */
export function screenOf(state: State): Screen {
  const { columns, rows, mode } = state;
  if (columns < COLUMNS_LEAST || rows < ROWS_LEAST) return tiny(state);
  const foot = footOf(state);
  if (mode.kind === 'help') {
    const shown = [
      bar(state),
      ...helpRows(columns, rows - 2, mode.scroll),
      footer(`any key: back${HELP_LINES > rows - 2 ? '   page down: more' : ''}`, columns),
    ];
    return { rows: shown, cursor: null };
  }
  const { list, pane } = roomsOf(state, foot.rows.length);
  const details = paneOf(state, pane);
  const shown = [bar(state), listHeading(state), ...listRows(state, list), ...details, ...foot.rows];
  const { cursor } = foot;
  return {
    rows: shown,
    cursor: cursor === null ? null : { row: rows - foot.rows.length + cursor.row, column: cursor.column },
  };
}

/** How far the details can be scrolled. */
export function scrollMost(state: State): number {
  const subject = subjectOf(state);
  if (subject === null) return 0;
  return Math.max(0, detailsOf(state, subject).rows.length - roomsOf(state, footOf(state).rows.length).pane);
}

/** Scrolled as little as shows the chosen suggestion whole. */
export function scrolledToSuggestion(state: State): number {
  const subject = subjectOf(state);
  if (subject === null) return 0;
  const { chosen } = detailsOf(state, subject);
  const room = roomsOf(state, footOf(state).rows.length).pane;
  return Math.min(Math.max(state.scroll, chosen[1] - room), chosen[0]);
}

function roomsOf({ rows, tab, questions, denials }: State, foot: number): { list: number; pane: number } {
  const free = rows - FIXED - foot;
  const count = tab === 'questions' ? questions.length : denials.length;
  const list = Math.min(Math.max(1, count), Math.max(LIST_LEAST, Math.floor(free / 5)), Math.max(1, free - 4));
  return { list, pane: free - list };
}

function bar(state: State): Row {
  const { watching, columns } = state;
  const name = watching === null ? 'attaching' : `${safe(watching.session)}: ${safe(watching.command.join(' '))}`;
  const asks = watching?.ask === true ? '  (asks what is denied by default)' : '';
  return { text: pad(ends(` callgate  ${name}${asks}`, `${listTitle(state)} `, columns), columns), style: 'bar' };
}

/** The rule, and the details below it. */
function paneOf(state: State, room: number): Row[] {
  const { columns, scroll } = state;
  const subject = subjectOf(state);
  if (subject === null) return filled([rule('', '', columns), ...nothing(state)], room + 1);
  const { rows }: Details = detailsOf(state, subject);
  const first = Math.max(0, Math.min(scroll, rows.length - room));
  const below = Math.max(0, rows.length - room - first);
  const name = subject.kind === 'denial' ? `denial ${subject.denial.id}` : `question ${subject.question.id}`;
  const how = subject.kind === 'question' && subject.settled !== null ? ` ${subject.settled}` : '';
  const more = [...(first > 0 ? [`${first} above`] : []), ...(below > 0 ? [`${below} below: page down`] : [])].join(
    ', ',
  );
  return filled([rule(`${name}${safe(how)}`, more, columns), ...rows.slice(first, first + room)], room + 1);
}

function rule(left: string, right: string, columns: number): Row {
  const end = right === '' ? '' : ` ${right} --`;
  const start = left === '' ? '' : `-- ${cut(left, columns - end.length - 6)} `;
  return { text: `${start}${'-'.repeat(Math.max(0, columns - widthOf(start) - end.length))}${end}`, style: 'strong' };
}

function nothing({ watching, tab, columns, ready }: State): Row[] {
  const text =
    watching === null || !ready
      ? 'The supervisor is asked what waits.'
      : tab === 'denials'
        ? 'Nothing was denied lately.'
        : 'Nothing waits. The program goes on under its policy; its questions come up here.';
  return wrap(text, columns).map((line) => ({ text: line }));
}

function filled(rows: readonly Row[], room: number): Row[] {
  return [...rows.slice(0, room), ...Array.from({ length: Math.max(0, room - rows.length) }, () => ({ text: '' }))];
}

interface Foot {
  readonly rows: readonly Row[];
  readonly cursor: { readonly row: number; readonly column: number } | null;
}

/** The message or what is typed, and below it the keys. */
function footOf(state: State): Foot {
  const { mode, message, columns, rows, full, verdict } = state;
  const most = Math.max(1, Math.floor(rows / 4));
  switch (mode.kind) {
    case 'help':
    case 'browse': {
      const told = [
        ...(message === null ? [] : [`${message.alarm ? '! ' : ''}${message.text}`]),
        ...(full === 0 ? [] : [`! more is asked than is kept: ${full} denied for it`]),
      ];
      const lines = told.flatMap((text) => text.split('\n').flatMap((line) => wrap(safe(line), columns)));
      const shown =
        lines.length <= most ? lines : [...lines.slice(0, most - 1), cut(`${lines[most - 1]} ...`, columns)];
      // A line is kept for what is told, so that nothing moves when it comes.
      const said = shown.length === 0 ? [''] : shown;
      return { rows: [...said.map((text) => ({ text })), footer(keysOf(state), columns)], cursor: null };
    }
    case 'confirm': {
      const lines = wrap(safe(mode.text), columns);
      const shown = lines.length <= most ? lines : [...lines.slice(0, most - 1), '...'];
      return {
        rows: [
          ...shown.map((text) => ({ text, style: 'strong' as const })),
          footer('y: yes   any other key: no', columns),
        ],
        cursor: null,
      };
    }
    case 'minutes':
      return typed(
        `${verdict} for how many minutes? `,
        mode.line,
        mode.why,
        `enter: do it (${MINUTES} if empty)   esc: back`,
        columns,
      );
    case 'errno': {
      const names = errnosLike(mode.line.text);
      return typed(
        'deny with which error? ',
        mode.line,
        mode.why ?? names.join(' '),
        'tab: complete   enter: deny   esc: back',
        columns,
      );
    }
    case 'statement':
      return typed('always: ', mode.line, mode.why, 'enter: write it into the policy   esc: back', columns);
  }
}

function typed(
  label: string,
  line: { readonly text: string; readonly at: number },
  why: string | null,
  keys: string,
  columns: number,
): Foot {
  const room = columns - label.length - 1;
  const before = safe(line.text.slice(0, line.at));
  // The end of what is before the cursor is what is looked at.
  const left = widthOf(before) > room ? tail(before, Math.floor(room * 0.7)) : before;
  const text = `${label}${left}${safe(line.text.slice(line.at))}`;
  const above = why === null ? [] : [{ text: cut(safe(why), columns) }];
  const shown: Row[] = [...above, { text: cut(text, columns), style: 'strong' }, footer(keys, columns)];
  return { rows: shown, cursor: { row: above.length, column: label.length + widthOf(left) } };
}

/** The keys, in the order of how often they are needed; `?` has all. */
function keysOf(state: State): string {
  if (state.sent !== null) return 'sent, and waiting for what comes of it';
  if (isSettling(state)) return 'it has just come up: keys are taken in a moment';
  const subject = subjectOf(state);
  if (subject === null) return 'tab other list   u undo   ? help   q detach';
  if (subject.kind === 'denial') return 'a permit from now on  1-5 which  e edit  E policy  u undo  tab  ? help  q';
  if (subject.settled !== null) return 'enter next   u undo   tab denials   ? help   q detach';
  if (state.verdict === 'deny')
    return 'm min s process a always DENY   x: permit   p permit d deny   ? help   q detach';
  return 'p permit d deny m min s process a always n errno e edit k kill u undo ? help q';
}

function footer(text: string, columns: number): Row {
  return { text: pad(cut(` ${text}`, columns), columns), style: 'bar' };
}

function tiny({ columns, rows, questions }: State): Screen {
  const lines = wrap(
    `${questions.length} wait. The window is too small (80x24 is enough). q: detach`,
    Math.max(2, columns),
  );
  return {
    rows: filled(
      lines.map((text) => ({ text })),
      rows,
    ),
    cursor: null,
  };
}
