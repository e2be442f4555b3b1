// SPDX-License-Identifier: GPL-2.0-only
/** JSON lines: the record as the log has it, with `export` as its last field. */
import type { Message } from './message.js';

/** With its end of line. */
export function jsonLine({ number, record }: Message): string {
  return `${JSON.stringify({ ...record, export: number })}\n`;
}
