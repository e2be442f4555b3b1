// SPDX-License-Identifier: GPL-2.0-only
/** Naming one object in a policy: the pattern that matches it and as little else as the language can say. */

import { whichName } from '../policy/acts.js';
import type { Bytes } from '../policy/bytes.js';
import { goesOut, loopbackFor } from '../policy/destination.js';
import type {
  AccessObject,
  FamilyPattern,
  InetPattern,
  ObjectPattern,
  PathPattern,
  Protocol,
  TargetPattern,
  Token,
} from '../policy/model.js';
import { numberPattern } from '../policy/numbers.js';
import type { Operation } from '../policy/operations.js';
import type { Statement } from '../policy/statement.js';
import { namesOf, socketMatches } from './match.js';

type TargetObject = Extract<AccessObject, { type: 'target' }>;
type FamilyObject = Extract<AccessObject, { type: 'family' }>;

const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp', 'sctp', 'icmp', 'raw'];
const AF_UNIX = 1;

/** The pattern for an object of these operations. Its texts are empty: policy/statement.ts writes it. */
export function exactly(object: AccessObject, operations: readonly Operation[]): ObjectPattern {
  switch (object.type) {
    case 'path':
      return { type: 'path', pattern: literalPath(object.path) };
    case 'unix':
      return { type: 'unix', pattern: literalPath(object.path) };
    case 'kind':
      return { type: 'kind', kind: object.kind };
    case 'inet': {
      const address = (goesOut(operations) ? loopbackFor(object.address) : null) ?? object.address;
      return inet(object.protocol, { address, prefix: 128 }, object.port, object.port);
    }
    case 'abstract':
      return { type: 'abstract', text: '', tokens: literalTokens(object.name) };
    case 'unnamed':
      return { type: 'unnamed' };
    case 'family':
      return operations.includes('socket') ? socketPattern(object) : familyPattern(object);
    case 'target':
      return { type: 'target', act: object.act, which: [object.which], who: exactTarget(object.who) };
    case 'number':
      return numberPattern(object.table, object.value, object.value);
  }
}

function exactTarget(who: TargetObject['who']): TargetPattern['who'] {
  return who.kind === 'path' ? { kind: 'path', pattern: literalPath(who.path) } : who;
}

/** What a statement says of signals, limits and so on besides whose they are. */
export function whichOf(pattern: ObjectPattern): Pick<Statement, 'which'> {
  if (pattern.type !== 'target' || pattern.which === null) return {};
  return { which: pattern.which.map((number) => whichName(pattern.act, number)) };
}

/** A socket of a known protocol is named by it, as everywhere else in a policy, any other by its family. */
function socketPattern(object: FamilyObject): InetPattern | FamilyPattern {
  if (object.family === AF_UNIX) return { ...familyPattern(object), protocol: null };
  const patterns = PROTOCOLS.map((protocol) => inet(protocol, null, 0, 65535));
  return patterns.find((pattern) => socketMatches(pattern, object)) ?? familyPattern(object);
}

function familyPattern({ family, protocol }: FamilyObject): FamilyPattern {
  return { type: 'family', text: '', family, kind: null, protocol };
}

function inet(protocol: Protocol, host: InetPattern['host'], first: number, last: number): InetPattern {
  return { type: 'inet', text: '', protocol, host, ports: { first, last } };
}

function literalPath(path: Bytes): PathPattern {
  return { text: '', components: namesOf(path).map((name) => ({ kind: 'literal', name })), self: false };
}

function literalTokens(name: Bytes): Token[] {
  return Array.from(name, (character) => ({ kind: 'byte', value: character.charCodeAt(0) }));
}

/** The key under which a statement names such an object. */
export function keyOf(pattern: ObjectPattern): Statement['key'] {
  const { type } = pattern;
  switch (type) {
    case 'target':
      return pattern.who.kind;
    case 'number':
      return pattern.table;
    case 'path':
    case 'kind':
    case 'family':
      return type;
    case 'inet':
    case 'unix':
    case 'abstract':
    case 'unnamed':
      return 'address';
  }
}
