// SPDX-License-Identifier: GPL-2.0-only
/** IP addresses as the 16 bytes the kernel half judges: IPv4 is mapped into ::ffff:0:0/96. */
import { isIPv4, isIPv6 } from 'node:net';
import type { Bytes } from './bytes.js';

const MAPPED = `${'\0'.repeat(10)}\xff\xff`;
/** Bits in front of an IPv4 address. */
export const MAPPED_BITS = 96;

/** The bytes of the IPv4 address of these four numbers. */
export function ipv4Bytes(...numbers: readonly [number, number, number, number]): Bytes {
  return `${MAPPED}${String.fromCharCode(...numbers)}` as Bytes;
}

/** Are both ways to write an address ruled out? Asked first, as node:net takes longer to load than most policies to be read. */
function cannotBe(text: string): boolean {
  return !/^[\d.]+$/.test(text) && !text.includes(':');
}

/** The bytes of an IPv4 or IPv6 address in text (without brackets, zone or prefix); null where it is none. */
export function addressBytes(text: string): Bytes | null {
  if (cannotBe(text)) return null;
  if (isIPv4(text)) return `${MAPPED}${String.fromCharCode(...text.split('.').map(Number))}` as Bytes;
  if (!isIPv6(text) || text.includes('%')) return null;
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const [a = 0, b = 0, c = 0, d = 0] = (dotted ?? []).slice(1).map(Number);
  const hex =
    dotted === null
      ? text
      : `${text.slice(0, dotted.index)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  const [head = '', tail] = hex.split('::');
  const [front, back] = [wordsOf(head), wordsOf(tail ?? '')];
  const words = [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
  return String.fromCharCode(...words.flatMap((word) => [word >> 8, word & 0xff])) as Bytes;
}

function wordsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
}

/** Is this an IPv4 address in its mapped form? */
export function isMapped(address: Bytes): boolean {
  return address.startsWith(MAPPED);
}

/** An address as text: dotted where it is IPv4, else in the form of RFC 5952. Without brackets. */
export function addressText(address: Bytes): string {
  const bytes = Array.from(address, (character) => character.charCodeAt(0));
  if (isMapped(address)) return bytes.slice(12).join('.');
  const words = Array.from(
    { length: 8 },
    (_, index) => (bytes[index * 2] as number) * 256 + (bytes[index * 2 + 1] as number),
  );
  const { start, length } = longestZeros(words);
  const hex = words.map((word) => word.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/** The first of the longest runs of zeros. */
function longestZeros(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < words.length; start++) {
    let length = 0;
    while (words[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
    start += length;
  }
  return best;
}

/** The address with all bits behind the prefix cleared. */
export function networkOf(address: Bytes, prefix: number): Bytes {
  return Array.from(address, (character, index) => {
    const bits = Math.min(8, Math.max(0, prefix - index * 8));
    return String.fromCharCode(character.charCodeAt(0) & (0xff00 >> bits));
  }).join('') as Bytes;
}
