// SPDX-License-Identifier: GPL-2.0-only
/** Patterns and objects as a person reads them. What a policy file says is written by policy/statement.ts. */
import { isPlaced, targetObjectText, targetText, whichName } from '../policy/acts.js';
import { type Bytes, textOf } from '../policy/bytes.js';
import type { Access, AccessObject, Condition, IdRange, ObjectPattern } from '../policy/model.js';
import { numberObjectText, numberText } from '../policy/numbers.js';

type Inet = Extract<AccessObject, { type: 'inet' }>;

/** A pattern as the policy has it. */
export function patternText(pattern: ObjectPattern): string {
  switch (pattern.type) {
    case 'path':
      return pattern.pattern.text;
    case 'kind':
      return pattern.kind;
    case 'unix':
      return withPrefix('unix:', pattern.pattern.text);
    case 'abstract':
      return withPrefix('unix:@', pattern.text);
    case 'unnamed':
      return 'unix:';
    case 'inet':
    case 'family':
      return pattern.text;
    case 'number':
      return numberText(pattern);
    case 'target': {
      const whom = targetText(pattern, (who) => who.pattern.text);
      const { act, which } = pattern;
      if (which === null) return whom;
      const to = act === 'signal' || act === 'ioctl' ? 'to' : isPlaced(act) ? 'at' : 'of';
      return `${which.map((one) => whichName(act, one)).join(' or ')} ${to} ${whom}`;
    }
  }
}

/** An object of an attempt, its odd bytes as `\xHH`. */
export function objectDescription(object: AccessObject): string {
  switch (object.type) {
    case 'path':
      return textOf(object.path);
    case 'kind':
      return object.kind;
    case 'inet':
      return inetText(object);
    case 'unix':
      return `unix:${textOf(object.path)}`;
    case 'abstract':
      return `unix:@${textOf(object.name)}`;
    case 'unnamed':
      return 'unix:';
    case 'family':
      return `family ${object.family}, kind ${object.kind}, protocol ${object.protocol}`;
    case 'number':
      return numberObjectText(object);
    case 'target':
      return targetObjectText(object);
  }
}

/** `tcp:192.0.2.1:80`, IPv6 in brackets. */
function inetText({ protocol, address, port }: Inet): string {
  return `${protocol}:${hostText(address)}:${port}`;
}

const MAPPED = `${'\0'.repeat(10)}\xff\xff`;

/** An address, IPv4 where it is one, IPv6 in brackets. */
export function hostText(address: Bytes): string {
  const bytes = Array.from(address, (character) => character.charCodeAt(0));
  if (address.startsWith(MAPPED)) return bytes.slice(12).join('.');
  const words = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] as number) << 8) | (bytes[index * 2 + 1] as number)).toString(16),
  );
  // A URL's host is written in the shortest form (RFC 5952), brackets included.
  return new URL(`http://[${words.join(':')}]`).hostname;
}

function withPrefix(prefix: string, text: string): string {
  return text.startsWith('unix:') ? text : `${prefix}${text}`;
}

/** All that a condition asks for. */
export function conditionText({ uids, gids, owner }: Condition): string {
  const parts: string[] = [];
  if (uids !== undefined) parts.push(`uid ${rangesText(uids)}`);
  if (gids !== undefined) parts.push(`gid ${rangesText(gids)}`);
  if (owner !== undefined) parts.push(`owner ${owner}`);
  return parts.join(' and ');
}

/** Who calls, and whose the object is. */
export function callerText({ uid, gid, owner }: Access): string {
  return `uid ${uid}, gid ${gid}, ${owner === undefined ? 'no owner' : `owner ${owner}`}`;
}

function rangesText(ranges: readonly IdRange[]): string {
  return ranges.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`)).join(' or ');
}
