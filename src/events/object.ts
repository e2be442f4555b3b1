// SPDX-License-Identifier: GPL-2.0-only
/** An object as events print it (decide/text.ts objectDescription), read back; a socket of another family also as policies name it. */
import { readTarget } from '../policy/acts.js';
import { readText } from '../policy/bytes.js';
import { readSocket } from '../policy/family.js';
import { addressBytes } from '../policy/ip.js';
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
  return readNumberObject(word) ?? readTarget(word) ?? inetOf(word) ?? readSocket(word);
}

function inetOf(word: string): AccessObject | undefined {
  const [, protocol, bracketed, plain, digits] = /^([a-z]+):(?:\[([^\]]*)\]|([^:[\]]*)):(\d+)$/.exec(word) ?? [];
  if (protocol === undefined || !(protocol in PROTOCOL_BYTE)) return undefined;
  const host = bracketed ?? plain ?? '';
  const address = addressBytes(host);
  const port = Number(digits);
  if (address === null || port > 65535) return undefined;
  return { type: 'inet', protocol: protocol as Protocol, address, port };
}
