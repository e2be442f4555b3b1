// SPDX-License-Identifier: GPL-2.0-only
/** What the keys do. */

import type { Row } from './row.js';
import { cut } from './text.js';

/** For 80 columns and 24 rows, whole. */
const HELP = `\
A program waits at each question until it is answered; nothing has happened yet.
  p d   permit, deny: once, for each thread that waits (thr: how many)
  m s   for some minutes (asks how many), while this process runs
  a     always: writes the chosen suggestion into the policy, in force at once
  x     m, s and a deny; x again: they permit
  n     deny once, with an error you choose; tab completes its name
  1-5   choose a suggestion, from narrow to wide
        here also: what else on this machine it would grant
        alike: policies of other programs, running now, that permit the like
  e     edit the statement, then write it
  E     edit the policy in $EDITOR, take it in, have what waits judged anew
  k     kill the processes that wait
  u     undo the last answer of the session, whoever gave it
  tab   to what was denied lately, and back; there, a permits from now on
  up down home end   choose        page up, page down   the rest of the details
  enter leave a question that somebody else answered
  q     detach, as does ctrl-C; the program goes on under its policy
  ctrl-L   draw the screen anew
Killing asks back, and so does always for a whole operation. For a moment after
a question has come up by itself, keys do not answer it: the last line says so.`.split('\n');

/** Lines that it has. */
export const HELP_LINES = HELP.length;

/** As much as has room. */
export function helpRows(columns: number, room: number, scroll: number): Row[] {
  const first = Math.min(scroll, Math.max(0, HELP.length - room));
  const rows = HELP.slice(first, first + room).map((line) => ({ text: cut(line, columns) }));
  return [...rows, ...Array.from({ length: room - rows.length }, () => ({ text: '' }))];
}
