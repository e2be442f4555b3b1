// SPDX-License-Identifier: GPL-2.0-only
/** Patterns of paths as comparisons of systrace that match the same. */
import type { Bytes } from '../policy/bytes.js';
import { runAt } from '../policy/glob.js';
import type { Component, PathPattern, Token } from '../policy/model.js';
import type { Comparison, Operator } from './syntax.js';

const SLASH = 0x2f;

/**
 * The comparison that says what the pattern says: a name, a folder and what is below it, else an expression.
 *
 * @param spelling the name in this very spelling: `eq` did not look at case
 */
export function comparisonOf(name: string, pattern: PathPattern, spelling: boolean): Comparison {
  const test = (operator: Operator, value: string): Comparison => ({
    kind: 'test',
    name,
    index: null,
    operator,
    value: value as Bytes,
  });
  const { components, self } = pattern;
  const literal = literalOf(components);
  if (literal !== null) {
    if (!self && spelling && /[A-Za-z]/.test(literal)) return test('re', expressionOf(pattern));
    if (!self) return test('eq', literal === '' ? '/' : literal);
    return literal === '' ? test('match', '/*') : test('match', escaped(literal));
  }
  const above = components.at(-1)?.kind === 'deep' && !self ? literalOf(components.slice(0, -1)) : null;
  if (above !== null && (above !== '' || name === 'sockaddr')) return test('match', `${escaped(above)}/*`);
  // Of an address the same text may be in another kind of address.
  const held = name === 'sockaddr' ? null : heldBy(components, self);
  return held === null ? test('re', expressionOf(pattern)) : test('sub', held);
}

/** The text that `/**\/*TEXT*\/***` looks for; null: it is another pattern. */
function heldBy(components: readonly Component[], self: boolean): string | null {
  const [deep, name] = components;
  if (!self || components.length !== 2 || deep?.kind !== 'deep' || name?.kind !== 'glob') return null;
  const [first, last] = [name.tokens[0], name.tokens.at(-1)];
  if (name.tokens.length < 3 || first?.kind !== 'star' || last?.kind !== 'star') return null;
  const inner = name.tokens.slice(1, -1);
  if (inner.some(({ kind }) => kind !== 'byte')) return null;
  return inner.map((token) => (token.kind === 'byte' ? String.fromCharCode(token.value) : '')).join('');
}

/** The path of components that are all literal, without a slash for the root; null: they are not. */
function literalOf(components: readonly Component[]): string | null {
  let path = '';
  for (const component of components) {
    if (component.kind !== 'literal') return null;
    path += `/${component.name}`;
  }
  return path;
}

function escaped(path: string): string {
  return path.replace(/[*?[\]\\]/g, '\\$&');
}

/** A POSIX extended expression for the whole of the path. */
function expressionOf({ components, self }: PathPattern): string {
  const [first] = components;
  // Without an anchor an expression is found at any depth.
  const anywhere = first?.kind === 'deep' && components.length > 1;
  let text = anywhere ? '' : '^';
  let slash = '/';
  components.forEach((component, index) => {
    const last = index === components.length - 1;
    switch (component.kind) {
      case 'literal':
        text += `${slash}${Array.from(component.name, byteText).join('')}`;
        slash = '/';
        break;
      case 'glob':
        text += `${slash}${tokensText(component.tokens)}`;
        slash = '/';
        break;
      case 'deep':
        // Any number of names before the next one, and at least one where none follows.
        if (index === 0 && anywhere) break;
        text += last ? '/[^/]' : '/(.*/)?';
        slash = '';
    }
  });
  if (components.at(-1)?.kind === 'deep') return text;
  return self ? `${text}(/|$)` : `${text}$`;
}

/** What stands more than twice is written once, with its count. */
function tokensText(tokens: readonly Token[]): string {
  let text = '';
  for (let at = 0; at < tokens.length; at++) {
    const run = runAt(tokens, at);
    if (run === null || (run.least === run.most && run.most < 3)) text += tokenText(tokens[at] as Token);
    else {
      const { one, least, most, end } = run;
      text += `${tokenText(one)}{${least === most ? least : `${least},${most}`}}`;
      at = end - 1;
    }
  }
  return text;
}

function tokenText(token: Token): string {
  switch (token.kind) {
    case 'byte':
      return byteText(String.fromCharCode(token.value));
    case 'any':
      return '[^/]';
    case 'star':
      return '[^/]*';
    case 'set':
      return setText(token.members);
    case 'either':
      return `(${token.branches.map(tokensText).join('|')})`;
  }
}

function byteText(sign: string): string {
  return /[.[\]()*+?{}|^$\\]/.test(sign) ? `\\${sign}` : sign;
}

/** A bracket expression, in which no sign is escaped: `]` stands first, `-` last, `^` never first. */
function setText(members: readonly boolean[]): string {
  const negated = members.filter((member) => member).length > 128;
  const chosen = members.flatMap((member, byte) => (member !== negated && byte !== 0 && byte !== SLASH ? [byte] : []));
  const has = (sign: string): boolean => chosen.includes(sign.charCodeAt(0));
  const plain = chosen.filter((byte) => !']-^['.includes(String.fromCharCode(byte)));
  let text = has(']') ? ']' : '';
  for (let index = 0; index < plain.length; index++) {
    const first = plain[index] as number;
    let last = first;
    while (plain[index + 1] === last + 1 && /[0-9A-Za-z\x80-\xff]/.test(String.fromCharCode(last + 1)))
      last = plain[++index] as number;
    const [low, high] = [String.fromCharCode(first), String.fromCharCode(last)];
    text += last - first > 1 ? `${low}-${high}` : last === first ? low : `${low}${high}`;
  }
  text += `${has('[') ? '[' : ''}${has('^') ? '^' : ''}${has('-') ? '-' : ''}`;
  if (negated) return `[^${text}/]`;
  // A single `^` would negate.
  return text === '^' ? '\\^' : text.startsWith('^') ? `[${text.slice(1)}^]` : `[${text}]`;
}
