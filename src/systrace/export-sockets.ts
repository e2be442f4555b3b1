// SPDX-License-Identifier: GPL-2.0-only
/** Addresses and families as comparisons of systrace. */
import type { Bytes } from '../policy/bytes.js';
import { addressText, isMapped, MAPPED_BITS } from '../policy/ip.js';
import type { FamilyPattern, InetPattern } from '../policy/model.js';
import type { Comparison, Expression, Operator } from './syntax.js';

const PORT_MAX = 65535;
const FAMILIES: Readonly<Record<number, string>> = { 1: 'AF_UNIX', 2: 'AF_INET', 4: 'AF_IPX', 10: 'AF_INET6' };
const TYPES: Readonly<Record<number, string>> = {
  1: 'SOCK_STREAM',
  2: 'SOCK_DGRAM',
  3: 'SOCK_RAW',
  4: 'SOCK_RDM',
  5: 'SOCK_SEQPACKET',
};

/** One comparison. */
export function test(name: string, operator: Operator, value: string): Comparison {
  return { kind: 'test', name, index: null, operator, value: value as Bytes };
}

/** The comparison for an address of any protocol; null: the network has none. */
export function inetComparison({ host, ports }: Pick<InetPattern, 'host' | 'ports'>): Comparison | null {
  const any = ports.first === 0 && ports.last === PORT_MAX;
  const single = ports.first === ports.last;
  if (host === null) {
    if (any) return test('sockaddr', 'match', 'inet-*');
    if (single) return test('sockaddr', 'match', `inet-*:${ports.first}`);
    return test('sockaddr', 're', `^inet-.*:(${range(ports.first, ports.last)})$`);
  }
  const text = addressText(host.address);
  if (host.prefix === 128) {
    if (single) return test('sockaddr', 'eq', `inet-[${text}]:${ports.first}`);
    if (any) return test('sockaddr', 'match', `inet-\\[${text}\\]:*`);
    return test('sockaddr', 're', `^inet-\\[${text.replaceAll('.', '\\.')}\\]:(${range(ports.first, ports.last)})$`);
  }
  const octets = (host.prefix - MAPPED_BITS) / 8;
  if (!isMapped(host.address) || !Number.isInteger(octets) || octets < 1 || !(any || single)) return null;
  const network = text.split('.').slice(0, octets).join('.');
  return test('sockaddr', 'match', `inet-\\[${network}.*\\]:${any ? '*' : ports.first}`);
}

/** The numbers from one to another as an expression. */
export function range(first: number, last: number): string {
  const parts: string[] = [];
  for (let low = first; low <= last; ) {
    // The widest block that begins here: 80 to 89, 1000 to 1999.
    let size = 1;
    while (
      low > 0 &&
      low % (size * 10) === 0 &&
      low + size * 10 - 1 <= last &&
      String(low).length === String(low + size * 10 - 1).length
    )
      size *= 10;
    const head = Math.floor(low / size);
    let high = low + size - 1;
    let digit = head % 10;
    while (digit < 9 && high + size <= last) {
      digit++;
      high += size;
    }
    const zeros = '[0-9]'.repeat(String(size).length - 1);
    const stem = head >= 10 ? String(Math.floor(head / 10)) : '';
    const from = head % 10;
    parts.push(`${stem}${from === digit ? from : `[${from}-${digit}]`}${zeros}`);
    low = high + 1;
  }
  return parts.join('|');
}

/** The condition for a family; null: it names a protocol, which systrace did not see. */
export function familyCondition({
  family,
  kind,
  protocol,
}: Pick<FamilyPattern, 'family' | 'kind' | 'protocol'>): Expression | null {
  if (protocol !== null) return null;
  const domain = test('sockdom', 'eq', FAMILIES[family] ?? `AF_UNKNOWN(${family})`);
  if (kind === null) return domain;
  const type = TYPES[kind];
  return type === undefined ? null : { kind: 'and', left: domain, right: test('socktype', 'eq', type) };
}
