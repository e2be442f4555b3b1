/** Patterns and objects as a person reads them. What a policy file says is written by policy/statement.ts. */
import { textOf } from '../policy/bytes.js';
import type { AccessObject, ObjectPattern } from '../policy/model.js';

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
      return inetDescription(object);
    case 'unix':
      return `unix:${textOf(object.path)}`;
    case 'abstract':
      return `unix:@${textOf(object.name)}`;
    case 'unnamed':
      return 'unix:';
    case 'family':
      return `family ${object.family}, kind ${object.kind}, protocol ${object.protocol}`;
  }
}

/** `tcp:192.0.2.1:80`, IPv6 in brackets. */
export function inetDescription({ protocol, address, port }: Inet): string {
  return `${protocol}:${hostText(address)}:${port}`;
}

const MAPPED = `${'\0'.repeat(10)}\xff\xff`;

function hostText(address: string): string {
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
