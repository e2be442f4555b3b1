// SPDX-License-Identifier: GPL-2.0-only
/**
 * Random patterns and names over a few bytes, so that they often meet. Every pattern can match something, as the parser
 * promises.
 */
import fc from 'fast-check';
import type { Bytes } from '../../src/policy/bytes.js';
import type { Component, PathPattern, Token } from '../../src/policy/model.js';

const ALPHABET = ['a', 'b', '.', 'A', '\x80', '\xff'] as const;
const byteCode = fc.constantFrom(...ALPHABET).map((character) => character.charCodeAt(0));

/** A name of one component, not empty, neither `.` nor `..`. */
export const anyName: fc.Arbitrary<Bytes> = fc
  .array(fc.constantFrom(...ALPHABET), { minLength: 1, maxLength: 6 })
  .map((characters) => characters.join('') as Bytes)
  .filter((name) => name !== '.' && name !== '..');

const byteToken: fc.Arbitrary<Token> = byteCode.map((value) => ({ kind: 'byte', value }));
const setToken: fc.Arbitrary<Token> = fc
  .tuple(fc.array(byteCode, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([bytes, negated]) => ({
    kind: 'set',
    members: Array.from({ length: 256 }, (_, byte) => byte !== 0x2f && bytes.includes(byte) !== negated),
  }));
const simpleToken: fc.Arbitrary<Token> = fc.oneof(
  { weight: 4, arbitrary: byteToken },
  { weight: 1, arbitrary: fc.constant<Token>({ kind: 'any' }) },
  { weight: 2, arbitrary: fc.constant<Token>({ kind: 'star' }) },
  { weight: 2, arbitrary: setToken },
);

function tokenOf(depth: number): fc.Arbitrary<Token> {
  if (depth === 0) return simpleToken;
  const branch = fc.array(tokenOf(depth - 1), { maxLength: 3 });
  const either: fc.Arbitrary<Token> = fc
    .array(branch, { minLength: 2, maxLength: 3 })
    .map((branches) => ({ kind: 'either', branches }));
  return fc.oneof({ weight: 5, arbitrary: simpleToken }, { weight: 1, arbitrary: either });
}

/** Tokens of one component, the first of which makes sure that it matches some name. */
export const anyTokens: fc.Arbitrary<readonly Token[]> = fc
  .tuple(simpleToken, fc.array(tokenOf(2), { maxLength: 4 }))
  .map(([first, rest]) => [first, ...rest]);

const anyComponent: fc.Arbitrary<Component> = fc.oneof(
  { weight: 4, arbitrary: anyName.map((name): Component => ({ kind: 'literal', name })) },
  { weight: 3, arbitrary: anyTokens.map((tokens): Component => ({ kind: 'glob', tokens })) },
  { weight: 2, arbitrary: fc.constant<Component>({ kind: 'deep' }) },
);

/** A pattern of up to five components. */
export const anyPattern: fc.Arbitrary<PathPattern> = fc
  .tuple(fc.array(anyComponent, { maxLength: 5 }), fc.boolean())
  .map(([components, self]) => ({ text: '(random)', components, self }));

/** A path of up to six names. */
export const anyPath: fc.Arbitrary<Bytes> = fc
  .array(anyName, { maxLength: 6 })
  .map((names) => `/${names.join('/')}` as Bytes);

const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`;

/** The tokens as the source of a regular expression over characters 0 to 255. */
export function expressionOf(tokens: readonly Token[]): string {
  return tokens.map(expressionOfToken).join('');
}

function expressionOfToken(token: Token): string {
  switch (token.kind) {
    case 'byte':
      return hex(token.value);
    case 'any':
      return '[^/]';
    case 'star':
      return '[^/]*';
    case 'set':
      return `[${token.members.flatMap((member, byte) => (member ? [hex(byte)] : [])).join('')}]`;
    case 'either':
      return `(?:${token.branches.map(expressionOf).join('|')})`;
  }
}

/** The whole pattern as the source of a regular expression over paths. */
export function pathExpressionOf({ components, self }: PathPattern): string {
  if (components.length === 0) return self ? '(?:/|(?:/[^/]+)+)' : '/';
  const base = components.map((component, index) => expressionOfComponent(component, index === components.length - 1));
  return self ? `${base.join('')}(?:/[^/]+)*` : base.join('');
}

function expressionOfComponent(component: Component, last: boolean): string {
  switch (component.kind) {
    case 'literal':
      return `/${[...component.name].map((character) => hex(character.charCodeAt(0))).join('')}`;
    case 'glob':
      return `/${expressionOf(component.tokens)}`;
    case 'deep':
      return last ? '(?:/[^/]+)+' : '(?:/[^/]+)*';
  }
}
