// SPDX-License-Identifier: GPL-2.0-only
/** IP addresses as the 16 bytes the kernel half judges: IPv4 is mapped into ::ffff:0:0/96. */
import type { Bytes } from './bytes.js';

const MAPPED = `${'\0'.repeat(10)}\xff\xff`;
/** Bits in front of an IPv4 address. */
export const MAPPED_BITS = 96;

/** The bytes of the IPv4 address of these four numbers. */
export function ipv4Bytes(...numbers: readonly [number, number, number, number]): Bytes {
  return `${MAPPED}${String.fromCharCode(...numbers)}` as Bytes;
}

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const DOTTED = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

/**
 * The bytes of an IPv4 or IPv6 address in text (without brackets, zone or prefix), as inet_pton(3) reads it; null where it is none. By
 * ourselves, as node:net takes longer to load than most policies to be read.
 */
export function addressBytes(text: string): Bytes | null {
  if (DOTTED.test(text)) return `${MAPPED}${String.fromCharCode(...text.split('.').map(Number))}` as Bytes;
  const [head = '', tail, ...more] = text.split('::');
  const front = wordsOf(head, tail === undefined);
  const back = wordsOf(tail ?? '', true);
  if (front === null || back === null || more.length > 0) return null;
  const missing = 8 - front.length - back.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const words = [...front, ...Array<number>(missing).fill(0), ...back];
  return String.fromCharCode(...words.flatMap((word) => [word >> 8, word & 0xff])) as Bytes;
}

/** @param last an IPv4 address may stand at its end */
function wordsOf(text: string, last: boolean): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const words = parts.flatMap((part, index) => {
    if (/^[0-9a-f]{1,4}$/i.test(part)) return [Number.parseInt(part, 16)];
    if (!last || index !== parts.length - 1 || !DOTTED.test(part)) return [Number.NaN];
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
  return words.some(Number.isNaN) ? null : words;
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
