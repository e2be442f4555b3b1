// SPDX-License-Identifier: GPL-2.0-only
/** The classic line, field for field: what systrace told syslog, and (without its beginning) whoever was asked. */
import type { EventRecord } from '../events/record.js';
import { type Bytes, bytesOf, readText } from '../policy/bytes.js';
import { type ClassicCall, classicCall } from './calls.js';

/** What a line says of the policy. */
export interface LinePolicy {
  /** The number that the kernel half has it under. */
  readonly number: number;
  /** How many rules its file has. */
  readonly filters: number;
  readonly emulation: string;
}

export interface LineFacts {
  readonly user: string;
  readonly policy: LinePolicy;
  /** Are `fsread` and `fswrite` used (no -u)? */
  readonly aliased: boolean;
}

/** `deny user: U, prog: IMAGE, pid: P(N)[PP], policy: NAME, filters: F, syscall: E-CALL(CODE), arg: value`. */
export function classicLine(record: EventRecord, { user, policy, aliased }: LineFacts): Bytes {
  const asked = askedLine(record, policy, classicCall(record, aliased));
  return `${record.verdict === 'permit' ? 'permit' : 'deny'} user: ${printable(bytesOf(user))}, prog: ${asked}` as Bytes;
}

/** The part behind `prog: `, which is what a UI is asked. */
export function askedLine(
  { exe, pid, ppid, policy: name }: Pick<EventRecord, 'exe' | 'pid' | 'ppid' | 'policy'>,
  policy: LinePolicy,
  call: ClassicCall,
): Bytes {
  const { number, filters, emulation } = policy;
  const head = `${printable(readText(exe))}, pid: ${pid}(${number})[${ppid}], policy: ${printable(readText(name))}, filters: ${filters}`;
  const told = `${head}, syscall: ${emulation}-${call.name}(${call.code})`;
  // Of a call without translators systrace told how many bytes its arguments had: six registers of eight.
  if (call.arguments === null) return `${told}, args: 48` as Bytes;
  return [told, ...call.arguments.map(([argument, value]) => `${argument}: ${printable(value)}`)].join(', ') as Bytes;
}

/** On one line, whatever bytes a name has: `\n`, `\r`, and others that are no sign as three octal digits. */
function printable(text: Bytes): Bytes {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is they that are looked for
  return text.replace(/[\0-\x1f\x7f]/g, (sign) => {
    if (sign === '\n') return '\\n';
    if (sign === '\r') return '\\r';
    return `\\${sign.charCodeAt(0).toString(8).padStart(3, '0')}`;
  }) as Bytes;
}
