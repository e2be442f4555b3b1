// SPDX-License-Identifier: GPL-2.0-only
/** JSON lines: the record as the log has it, with `export` as its last field. */
import type { Lines } from './file.js';
import type { Message } from './message.js';

/** How each record begins. */
const BEGIN = '{"v":1,';
export const JSONL: Lines = {
  ...{ line: jsonLine, header: '', end: '\n' },
  begins: (half) => BEGIN.startsWith(half.slice(0, BEGIN.length)),
};

/** With its end of line. */
export function jsonLine({ number, record }: Message): string {
  return `${JSON.stringify({ ...record, export: number })}\n`;
}
