// SPDX-License-Identifier: GPL-2.0-only
/** Rows as lines that a terminal is sent: the one place that knows ink. */
import { PassThrough, Writable } from 'node:stream';
import { Box, type Instance, render, Text } from 'ink';
import { createElement, type ReactElement } from 'react';
import type { Row } from './model/row.js';

/** Looks that every terminal has: no colours, so that NO_COLOR and monochrome screens lose nothing. */
const LOOKS = {
  bar: { inverse: true },
  chosen: { bold: true },
  strong: { bold: true },
  faint: { dimColor: true },
} as const;

function Line({ row }: { readonly row: Row }): ReactElement {
  const look = row.style === undefined ? {} : LOOKS[row.style];
  return createElement(Text, { wrap: 'truncate-end', ...look }, row.text === '' ? ' ' : row.text);
}

function Page({ rows }: { readonly rows: readonly Row[] }): ReactElement {
  const lines = rows.map((row, index) => createElement(Line, { row, key: index }));
  return createElement(Box, { flexDirection: 'column' }, ...lines);
}

/** What ink writes to: it keeps the frame, and Terminal draws it. Ink's own way erases the whole screen for a full one. */
class Frame extends Writable {
  columns = 80;
  rows = 24;
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text = chunk.toString('utf8');
    done();
  }
}

/** Lays out rows. */
export class Canvas {
  readonly #frame = new Frame();
  readonly #input = new PassThrough();
  #instance: Instance | null = null;

  /** The rows as lines, with what makes them bold and the like; each ends as it began. */
  lines(rows: readonly Row[], columns: number): readonly string[] {
    this.#frame.columns = columns;
    this.#frame.rows = rows.length;
    const page = createElement(Page, { rows });
    if (this.#instance === null) this.#instance = this.#begin(page);
    else this.#instance.rerender(page);
    const lines = this.#frame.text.split('\n');
    return rows.map((_, index) => lines[index] ?? '');
  }

  /** What ink holds is let go. */
  close(): void {
    this.#instance?.unmount();
    this.#instance = null;
  }

  #begin(page: ReactElement): Instance {
    // Each update is then written whole, as it is: the name is ink's.
    const debug = true;
    const stdout = this.#frame as unknown as NodeJS.WriteStream;
    const stdin = this.#input as unknown as NodeJS.ReadStream;
    return render(page, { stdout, stdin, stderr: stdout, debug, exitOnCtrlC: false, patchConsole: false });
  }
}
