// SPDX-License-Identifier: GPL-2.0-only
/** CSV as RFC 4180 has it: a header, lines that end in CRLF, quotes where they are needed. Lists are joined by a space. */
import { noteLine } from '../events/line.js';
import { type EventRecord, isEvent } from '../events/record.js';
import { plain } from '../host/plain.js';
import type { Lines } from './file.js';
import type { Message } from './message.js';

/** Of an event, in the order of the log. */
const FIELDS = [
  ...([
    'seq',
    'time',
    'session',
    'policy',
    'digest',
    'rule',
    'line',
    'group',
    'operation',
    'decided',
    'object',
  ] as const),
  ...(['from', 'exchanged', 'directory', 'verdict', 'enforced', 'learnt', 'created', 'errno', 'reason'] as const),
  ...([
    'pid',
    'tid',
    'ppid',
    'uid',
    'gid',
    'owner',
    'exe',
    'comm',
    'count',
    'first',
    'exclusive',
    'architecture',
  ] as const),
];
type Written = (typeof FIELDS)[number] | 'v' | 'type';
/** Nothing, where an event has a field that has no column: then no call compiles. */
type Whole = Exclude<keyof EventRecord, Written> extends never ? EventRecord : never;

export const HEADER = `${['export', 'type', ...FIELDS, 'note'].join(',')}\r\n`;

/** A record may have line feeds inside of quotes, and no carriage return: that is written as `\\x0d`. */
export const CSV: Lines = { line: csvLine, header: HEADER, end: '\r\n', begins: (half) => /^\d+(,|$)/.test(half) };

/** A line. What a session says about itself stands in `note`, as a person reads it. */
export function csvLine({ number, record }: Message): string {
  const cells = isEvent(record) ? eventCells(record) : noteCells(record);
  return `${[String(number), ...cells].map(cell).join(',')}\r\n`;
}

function eventCells(record: Whole): string[] {
  return [record.type ?? 'access', ...FIELDS.map((name) => valueText(record[name])), ''];
}

function noteCells(note: Exclude<Message['record'], EventRecord>): string[] {
  const said: Partial<Record<(typeof FIELDS)[number], string>> = { time: note.time, session: note.session };
  return [note.type, ...FIELDS.map((name) => said[name] ?? ''), noteLine(note)];
}

function valueText(value: EventRecord[(typeof FIELDS)[number]]): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? value.join(' ') : String(value);
}

/** What a terminal would obey is written as in objects, `\x1b`: a process calls itself what it likes. */
function cell(value: string): string {
  const text = plain(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
