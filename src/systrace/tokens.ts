// SPDX-License-Identifier: GPL-2.0-only
/** The words of a rule (systrace's lex.l): names, numbers, quoted texts, signs. */
import type { Bytes } from '../policy/bytes.js';
import { SystraceFault } from './problem.js';

export type Token =
  | { readonly kind: 'word'; readonly text: string; readonly at: number }
  | { readonly kind: 'string'; readonly value: Bytes; readonly at: number }
  | { readonly kind: 'sign'; readonly text: string; readonly at: number };

/**
 * A name may hold what is in no keyword: dots, slashes, dashes. The lexer of systrace takes parentheses into names too, and so
 * fails on `(true)`; here they are signs always.
 */
const WORD = /(?:[\w$./]|-(?!>))+/y;
const SIGN = /->|!=|[()[\],:=<>]/y;
/** Old BSD lexers had no escapes; what is none stays as it is written. */
const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', n: '\n', r: '\r' };

/**
 * Reads the words of a rule from `start` up to its end or a comment.
 *
 * @throws SystraceFault with the index in the text
 */
export function tokensOf(text: string, start: number): Token[] {
  const tokens: Token[] = [];
  for (let at = start; at < text.length; ) {
    const sign = text[at] as string;
    if (sign === ' ' || sign === '\t' || sign === '\r') {
      at++;
      continue;
    }
    if (sign === '#') break;
    if (sign === '"') {
      const { value, end } = stringAt(text, at);
      tokens.push({ kind: 'string', value, at });
      at = end;
      continue;
    }
    const word = stickyAt(WORD, text, at);
    const found = word ?? stickyAt(SIGN, text, at);
    if (found === null) throw new SystraceFault('sign-unknown', { sign }, at);
    tokens.push({ kind: word === null ? 'sign' : 'word', text: found, at });
    at += found.length;
  }
  return tokens;
}

function stickyAt(expression: RegExp, text: string, at: number): string | null {
  expression.lastIndex = at;
  return expression.exec(text)?.[0] ?? null;
}

/** A text in quotes, from its first quote to behind its last. */
function stringAt(text: string, start: number): { value: Bytes; end: number } {
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    const sign = text[at] as string;
    if (sign === '"') return { value: value as Bytes, end: at + 1 };
    const escape = sign === '\\' ? ESCAPES[text[at + 1] ?? ''] : undefined;
    value += escape ?? sign;
    if (escape !== undefined) at++;
  }
  throw new SystraceFault('string-open', {}, start);
}

/** A text as the language writes it. */
export function stringText(value: Bytes): string {
  return `"${value.replace(/["\\\n\r]/g, (sign) => ({ '\n': '\\n', '\r': '\\r' })[sign] ?? `\\${sign}`)}"`;
}
