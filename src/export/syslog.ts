// SPDX-License-Identifier: GPL-2.0-only
/** Syslog messages as RFC 5424 has them, and how they are put into a stream (RFC 6587, octet counting). */
import { lineOf, noteLine } from '../events/line.js';
import { isEvent, type LogRecord } from '../events/record.js';
import type { Message } from './message.js';

/** authpriv: what not everybody may read (RFC 5424, 6.2.1). */
const FACILITY = 10;
const ERROR = 3;
const WARNING = 4;
const NOTICE = 5;
const INFO = 6;
/** Of the registry's number for examples (RFC 5612), as callgate has none. */
const SD_ID = 'callgate@32473';
/** `sequenceId` goes up to this, then to 1 again (RFC 5424, 7.3.1). */
const SEQUENCE_MAX = 2147483647;

/** How serious a record is, as syslog counts it. */
export function severityOf(record: LogRecord): number {
  if (!isEvent(record)) {
    switch (record.type) {
      case 'problem':
        return ERROR;
      case 'lost':
        return WARNING;
      case 'given':
      case 'unread':
      case 'called':
        return INFO;
      case 'session':
      case 'end':
        return NOTICE;
    }
  }
  if (record.type === 'question') return NOTICE;
  if (record.verdict === 'permit') return INFO;
  return record.enforced ? WARNING : record.learnt === true ? INFO : NOTICE;
}

/** The record on one line, as the terminal shows it. */
export function messageText(record: LogRecord): string {
  return (isEvent(record) ? lineOf(record) : noteLine(record)).replaceAll('\n', ' ');
}

/** One message. `host`: the name of this machine. */
export function syslogMessage({ number, record }: Message, host: string): Buffer {
  const priority = FACILITY * 8 + severityOf(record);
  const id = (isEvent(record) ? (record.type ?? 'access') : record.type).toUpperCase();
  const head = `<${priority}>1 ${record.time} ${hostName(host)} callgate - ${id}`;
  const sequence = ((number - 1) % SEQUENCE_MAX) + 1;
  const fields = Object.entries(record)
    .filter(([name]) => name !== 'v' && name !== 'time' && name !== 'type')
    .map(([name, value]) => ` ${name}="${escaped(valueText(value))}"`)
    .join('');
  return Buffer.from(
    `${head} [meta sequenceId="${sequence}"][${SD_ID} export="${number}"${fields}] ${messageText(record)}`,
  );
}

/** The message with its length in front. */
export function counted(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

function valueText(value: unknown): string {
  if (value === null) return '-';
  if (Array.isArray(value)) return value.join(' ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** RFC 5424, 6.3.3: these three are escaped; a line feed would end the message for those who read lines. */
function escaped(text: string): string {
  return text.replace(/\p{Cc}/gu, (sign) => `\\x${Buffer.from(sign).toString('hex')}`).replace(/["\\\]]/g, '\\$&');
}

/** HOSTNAME has printable ASCII only, at most 255 of it. */
function hostName(host: string): string {
  const name = host.replace(/[^\x21-\x7e]/g, '').slice(0, 255);
  return name === '' ? '-' : name;
}
