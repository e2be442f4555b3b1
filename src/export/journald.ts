// SPDX-License-Identifier: GPL-2.0-only
/**
 * Entries of journald in its native protocol (systemd's docs/JOURNAL_NATIVE_PROTOCOL.md): fields `NAME=value` and a line feed; a
 * value with a line feed in it has its length in front, in eight bytes, the lowest first.
 */
import type { Message } from './message.js';
import { messageText, severityOf } from './syslog.js';

/** All fields of one message; what the record has stands in CALLGATE_*, and the whole of it in CALLGATE_RECORD. */
export function journalEntry({ number, record }: Message): Buffer {
  const fields: (readonly [string, string])[] = [
    ['MESSAGE', messageText(record)],
    ['PRIORITY', String(severityOf(record))],
    ['SYSLOG_IDENTIFIER', 'callgate'],
    ['CALLGATE_EXPORT', String(number)],
    ...Object.entries(record)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [`CALLGATE_${name.toUpperCase()}`, valueText(value)] as const),
    ['CALLGATE_RECORD', JSON.stringify(record)],
  ];
  return Buffer.concat(fields.map(([name, value]) => field(name, value)));
}

function field(name: string, value: string): Buffer {
  const bytes = Buffer.from(value);
  if (!value.includes('\n')) return Buffer.concat([Buffer.from(`${name}=`), bytes, NEWLINE]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(name), NEWLINE, length, bytes, NEWLINE]);
}

const NEWLINE = Buffer.from('\n');

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.join(' ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
