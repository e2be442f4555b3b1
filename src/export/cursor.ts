// SPDX-License-Identifier: GPL-2.0-only
/** How far an export has come, kept in a file so that the next one goes on there. */
import { z } from 'zod';
import type { Open } from '../audit/unended.js';
import { codeOf, Failure } from '../host/failure.js';
import { readPlain } from '../host/plain-file.js';
import { replaceFile } from '../host/replace-file.js';
import { shellWord } from '../host/shell.js';

/** A place in a log, behind a line of it. */
export interface Position {
  /** Of the file: a rotation keeps it. */
  readonly inode: number;
  /** Bytes of it that were read. */
  readonly offset: number;
  /** Of the line that ends there: another file may get the same inode. Empty at the beginning. */
  readonly hash: string;
  /** The highest number of an event up to there. */
  readonly seq: number;
}

export interface Cursor extends Position {
  readonly v: 1;
  readonly session: string;
  readonly to: string;
  /** The last number of the export that was given. */
  readonly number: number;
  /** Sessions that had no end up to there. */
  readonly open: Open;
}

const count = z.int().min(0);
const schema = z.strictObject({
  v: z.literal(1),
  session: z.string(),
  to: z.string(),
  inode: count,
  offset: count,
  hash: z.string().regex(/^([0-9a-f]{16})?$/),
  seq: count,
  number: count,
  // Cursors of before have none.
  open: z.record(z.string(), count).default({}),
});

/**
 * The cursor of a file; null: there is none yet.
 *
 * @throws Failure where it is none, or one of another export
 */
export function readCursor(file: string, session: string, to: string): Cursor | null {
  let text: string;
  try {
    text = readPlain(file).toString('utf8');
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (codeOf(error) === 'ENOENT') return null;
    throw new Failure(`${file}: the cursor cannot be read (${codeOf(error) ?? 'error'})`, `ls -l ${file}`, error);
  }
  const cursor = cursorIn(text);
  if (typeof cursor === 'string')
    throw new Failure(
      `${file}: no cursor of an export: ${cursor}`,
      `--cursor another FILE; or, if it was one: rm ${shellWord(file)}, and the log is handed on from its beginning`,
    );
  if (cursor.session !== session || cursor.to !== to)
    throw new Failure(`${file}: the cursor of ${cursor.session} to ${cursor.to}`, '--cursor another FILE');
  return cursor;
}

/** What a text says; why it is none, where it is none. */
function cursorIn(text: string): Cursor | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text.trim() === '' ? 'it is empty' : 'it is not JSON';
  }
  const { data, error } = schema.safeParse(value);
  if (error === undefined) return data;
  const { path = [], message = '' } = error.issues[0] ?? {};
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}

/** @throws Failure where it cannot be written */
export function writeCursor(file: string, cursor: Cursor): void {
  replaceFile(file, `${JSON.stringify(cursor)}\n`);
}
