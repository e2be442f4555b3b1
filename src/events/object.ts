// SPDX-License-Identifier: GPL-2.0-only
/** An object as events print it (decide/text.ts objectDescription), read back. */
import { isIPv4, isIPv6 } from 'node:net';
import { readTarget } from '../policy/acts.js';
import { type Bytes, readText } from '../policy/bytes.js';
import { type AccessObject, KINDS, type Kind, PROTOCOL_BYTE, type Protocol } from '../policy/model.js';
import { readNumberObject } from '../policy/numbers.js';

/**
 * Reads an object; undefined for what is none. In names `\xHH` is a byte and `\\` a backslash.
 */
export function readObject(word: string): AccessObject | undefined {
  if (word.startsWith('/')) return { type: 'path', path: readText(word) };
  if (word === 'unix:') return { type: 'unnamed' };
  if (word.startsWith('unix:@')) return { type: 'abstract', name: readText(word.slice('unix:@'.length)) };
  if (word.startsWith('unix:/')) return { type: 'unix', path: readText(word.slice('unix:'.length)) };
  if ((KINDS as readonly string[]).includes(word)) return { type: 'kind', kind: word as Kind };
  const family = /^family (\d+), kind (\d+), protocol (\d+)$/.exec(word);
  if (family !== null)
    return { type: 'family', family: Number(family[1]), kind: Number(family[2]), protocol: Number(family[3]) };
  return readNumberObject(word) ?? readTarget(word) ?? inetOf(word);
}

function inetOf(word: string): AccessObject | undefined {
  const [, protocol, bracketed, plain, digits] = /^([a-z]+):(?:\[([^\]]*)\]|([^:[\]]*)):(\d+)$/.exec(word) ?? [];
  if (protocol === undefined || !(protocol in PROTOCOL_BYTE)) return undefined;
  const host = bracketed ?? plain ?? '';
  const address = isIPv4(host) ? mapped(host) : isIPv6(host) ? wide(host) : undefined;
  const port = Number(digits);
  if (address === undefined || port > 65535) return undefined;
  return { type: 'inet', protocol: protocol as Protocol, address, port };
}

/** 16 bytes: ::ffff:a.b.c.d. */
function mapped(host: string): Bytes {
  const bytes = [...Array<number>(10).fill(0), 0xff, 0xff, ...host.split('.').map(Number)];
  return String.fromCharCode(...bytes) as Bytes;
}

function wide(host: string): Bytes {
  // A URL's host is in the shortest form without dots: only `::` is left to fill in.
  const [head = '', tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::');
  const words = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
  const front = words(head);
  const back = tail === undefined ? [] : words(tail);
  const all = [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
  return String.fromCharCode(...all.flatMap((word) => [word >> 8, word & 0xff])) as Bytes;
}
