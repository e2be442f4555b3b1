// SPDX-License-Identifier: GPL-2.0-only
/** Policies and objects put together by hand, for tests of one rule's meaning that need no text. */
import { bytesOf } from '../../src/policy/bytes.js';
import type { Access, AccessObject, ObjectPattern, PathPattern, Policy, Rule } from '../../src/policy/model.js';
import type { Operation } from '../../src/policy/operations.js';

/** A path pattern whose components are literal names, `*`, `**`, or `***` at the end. */
export function pathPattern(text: string): PathPattern {
  const parts = text === '/' ? [] : text.slice(1).split('/');
  const self = parts.at(-1) === '***';
  return {
    text,
    self,
    components: (self ? parts.slice(0, -1) : parts).map((part) => {
      if (part === '**') return { kind: 'deep' };
      return part === '*' ? { kind: 'glob', tokens: [{ kind: 'star' }] } : { kind: 'literal', name: bytesOf(part) };
    }),
  };
}

/** The pattern of an object on files. */
export function files(...paths: string[]): ObjectPattern[] {
  return paths.map((path) => ({ type: 'path', pattern: pathPattern(path) }));
}

/** A policy of these rules, numbered in order, each on a line of its own from line 5. */
export function policyOf(rules: readonly Partial<Rule>[], rest: Partial<Policy> = {}): Policy {
  return {
    version: 1,
    program: '/srv/bin/worker',
    mode: 'enforce',
    default: 'deny',
    errno: 'EPERM',
    use: [],
    file: 'worker.yaml',
    ...rest,
    rules: rules.map((rule, index) => ({
      verdict: 'permit',
      operations: ['read'],
      objects: [],
      place: { file: 'worker.yaml', line: 5 + index, column: 5 },
      number: index + 1,
      ...rule,
    })),
  };
}

/** An attempt by root. */
export function attempt(operations: Operation | readonly Operation[], object: AccessObject | string): Access {
  return {
    operations: typeof operations === 'string' ? [operations] : operations,
    object: typeof object === 'string' ? { type: 'path', path: bytesOf(object) } : object,
    uid: 0,
    gid: 0,
  };
}
