// SPDX-License-Identifier: GPL-2.0-only
/** Policies written as values, for tests of the compiler that do not want to depend on the parser. */
import { bytesOf } from '../../src/policy/bytes.js';
import type { Component, ObjectPattern, PathPattern, Policy, Rule, Token } from '../../src/policy/model.js';

/** A pattern of paths; `*`, `?`, `[a-z]`, `{a,b}`, `**` and a `***` at the end mean what they mean in a policy. */
export function path(text: string): PathPattern {
  const parts = text === '/' ? [] : text.slice(1).split('/');
  const self = parts.at(-1) === '***';
  if (self) parts.pop();
  return { text, components: parts.map(component), self };
}

function component(text: string): Component {
  if (text === '**') return { kind: 'deep' };
  const all = tokens(text);
  return all.every(({ kind }) => kind === 'byte')
    ? { kind: 'literal', name: bytesOf(text) }
    : { kind: 'glob', tokens: all };
}

/** Tokens of one glob. Alternatives are not nested. */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (let rest: string = bytesOf(text); rest !== ''; ) {
    const [, braces, negated, set] = /^(?:\{([^}]*)\}|\[(!?)([^\]]*)\])/.exec(rest) ?? [];
    if (braces !== undefined) {
      found.push({ kind: 'either', branches: braces.split(',').map((branch) => tokens(branch)) });
      rest = rest.slice(braces.length + 2);
    } else if (set !== undefined) {
      const expression = new RegExp(`[${negated === '' ? '' : '^/'}${set}]`, 's');
      found.push({
        kind: 'set',
        members: Array.from({ length: 256 }, (_, byte) => expression.test(String.fromCharCode(byte))),
      });
      rest = rest.slice(set.length + (negated ?? '').length + 2);
    } else {
      const sign = rest.charAt(0);
      found.push(
        sign === '*' ? { kind: 'star' } : sign === '?' ? { kind: 'any' } : { kind: 'byte', value: sign.charCodeAt(0) },
      );
      rest = rest.slice(1);
    }
  }
  return found;
}

/** A rule that permits; `changes` says what is different. Objects that are texts are paths. */
export function rule(
  operations: Rule['operations'],
  objects: readonly (string | ObjectPattern)[],
  changes: Partial<Rule> = {},
): Rule {
  return {
    verdict: 'permit',
    operations,
    objects: objects.map((object) => (typeof object === 'string' ? { type: 'path', pattern: path(object) } : object)),
    place: { file: 'test.yaml', line: 1, column: 5 },
    number: 1,
    ...changes,
  };
}

/** A policy that denies by default; its rule n stands on line n + 9 of test.yaml. */
export function policy(rules: readonly Rule[], changes: Partial<Policy> = {}): Policy {
  return {
    version: 1,
    program: '/bin/program',
    mode: 'enforce',
    default: 'deny',
    errno: 'EPERM',
    use: [],
    file: 'test.yaml',
    ...changes,
    rules: rules.map((one, index) => ({
      ...one,
      number: index + 1,
      place: { file: 'test.yaml', line: index + 10, column: 5 },
    })),
  };
}

export const DIGEST = Uint8Array.from({ length: 32 }, (_, index) => index);
