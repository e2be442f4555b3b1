// SPDX-License-Identifier: GPL-2.0-only
/**
 * One rule of a classic policy: words to its value. The grammar has no precedence, so its parser shifts where it could
 * reduce: `and` and `or` bind alike and to the right, and `not` takes everything to its right.
 */
import { nearest } from '../policy/suggest.js';
import { CLASSIC_ERRNOS, isClassicErrno } from './errno.js';
import { SystraceFault } from './problem.js';
import { type Action, type Elevation, type Expression, OPERATORS, type Operator, type Predicate } from './syntax.js';
import { type Token, tokensOf } from './tokens.js';

const SIMPLE = /^(permit|deny)(-now)?$/i;

/**
 * Reads what stands behind `EMULATION-CALL:`.
 *
 * @throws SystraceFault with the index in the text
 */
export function parseRule(text: string, start: number): { condition: Expression | null; action: Action } {
  return new RuleReader(tokensOf(text, start), text.length).rule();
}

class RuleReader {
  #next = 0;

  constructor(
    readonly tokens: readonly Token[],
    readonly end: number,
  ) {}

  rule(): { condition: Expression | null; action: Action } {
    const first = this.#peek();
    if (first?.kind === 'word' && SIMPLE.test(first.text)) return this.#simple();
    const condition = this.#expression();
    const then = this.#take('"then"');
    if (!isWord(then, 'then') && !isSign(then, '->')) throw unexpected(then, '"then"');
    return { condition, action: this.#action() };
  }

  #simple(): { condition: Expression | null; action: Action } {
    const verdict = this.#take('an action');
    const { word, now } = verdictOf(verdict);
    let errno: string | null = null;
    if (word === 'deny' && isSign(this.#peek(), '[')) errno = this.#errno();
    const more = this.#peek();
    if (more !== undefined && !isSign(more, ',')) {
      const rest = this.tokens.slice(this.#next).map(tokenText);
      throw new SystraceFault('simple-with-more', { verdict: textOf(verdict), more: joined(rest) }, more.at);
    }
    const predicate = this.#predicate();
    this.#finish();
    const action: Action = { verdict: word, now, errno, flag: null, log: false, elevation: null, predicate };
    return { condition: predicate === null ? null : { kind: 'true' }, action };
  }

  /** All operators shift: what follows belongs to the right side. */
  #expression(): Expression {
    const first = this.#take('a comparison');
    let left: Expression;
    if (isSign(first, '(')) {
      left = this.#expression();
      const close = this.#take('")"');
      if (!isSign(close, ')')) throw unexpected(close, '")", "and" or "or"');
    } else if (isWord(first, 'not')) return { kind: 'not', of: this.#expression() };
    else if (isWord(first, 'true')) left = { kind: 'true' };
    else left = this.#comparison(first);
    const operator = this.#peek();
    if (!isWord(operator, 'and') && !isWord(operator, 'or')) return left;
    this.#next++;
    return { kind: isWord(operator, 'and') ? 'and' : 'or', left, right: this.#expression() };
  }

  #comparison(first: Token): Expression {
    if (first.kind !== 'word') throw unexpected(first, 'a comparison');
    let index: number | null = null;
    if (isSign(this.#peek(), '[')) {
      this.#next++;
      const number = this.#take('a number');
      if (number.kind !== 'word' || !/^\d$/.test(number.text))
        throw new SystraceFault('index-range', { index: textOf(number) }, number.at);
      index = Number(number.text);
      this.#close();
    }
    const operator = this.#take('a comparison such as eq');
    const name = operator.kind === 'word' ? operator.text.toLowerCase() : '';
    if (!isOperator(name))
      throw new SystraceFault('operator-unknown', { got: textOf(operator), words: OPERATORS.join(', ') }, operator.at);
    const value = this.#take('a text in quotes');
    if (value.kind !== 'string') throw unexpected(value, 'a text in quotes');
    return { kind: 'test', name: first.text, index, operator: name, value: value.value };
  }

  #action(): Action {
    const verdict = this.#take('permit, deny or ask');
    const { word, now } = verdictOf(verdict);
    let errno: string | null = null;
    let flag: Action['flag'] = null;
    if (isSign(this.#peek(), '[')) {
      if (word === 'permit') flag = this.#flag();
      else if (word === 'deny') errno = this.#errno();
      else throw unexpected(this.#take('"log"'), 'the end of the rule');
    }
    const log = isWord(this.#peek(), 'log');
    if (log) this.#next++;
    const elevation = this.#elevation();
    const predicate = this.#predicate();
    this.#finish();
    return { verdict: word, now, errno, flag, log, elevation, predicate };
  }

  #errno(): string {
    this.#next++;
    const word = this.#take('the name of an error');
    const name = textOf(word).toUpperCase();
    if (!isClassicErrno(name))
      throw new SystraceFault(
        'errno-unknown',
        { name: textOf(word), hint: nearest(name, CLASSIC_ERRNOS).toLowerCase() },
        word.at,
      );
    this.#close();
    return name;
  }

  #flag(): 'inherit' | 'detach' {
    this.#next++;
    const word = this.#take('inherit or detach');
    const name = textOf(word).toLowerCase();
    if (name !== 'inherit' && name !== 'detach')
      throw new SystraceFault('flag-unknown', { name: textOf(word) }, word.at);
    this.#close();
    return name;
  }

  #elevation(): Elevation | null {
    if (!isWord(this.#peek(), 'as')) return null;
    this.#next++;
    const user = isSign(this.#peek(), ':') ? null : this.#id();
    if (!isSign(this.#peek(), ':')) return { user, group: null };
    this.#next++;
    return { user, group: this.#id() };
  }

  #predicate(): Predicate | null {
    if (!isSign(this.#peek(), ',')) return null;
    this.#next++;
    const word = this.#take('"if"');
    if (!isWord(word, 'if')) throw unexpected(word, '"if"');
    const of = this.#take('user or group');
    const name = textOf(of).toLowerCase();
    if (name !== 'user' && name !== 'group') throw unexpected(of, 'user or group');
    const sign = this.#take('=, !=, < or >');
    const text = textOf(sign);
    if (text !== '=' && text !== '!=' && text !== '<' && text !== '>') throw unexpected(sign, '=, !=, < or >');
    return { of: name, sign: text, id: this.#id() };
  }

  #id(): string {
    const word = this.#take('a name or a number');
    if (word.kind !== 'word') throw unexpected(word, 'a name or a number');
    return word.text;
  }

  #close(): void {
    const close = this.#take('"]"');
    if (!isSign(close, ']')) throw unexpected(close, '"]"');
  }

  #peek(): Token | undefined {
    return this.tokens[this.#next];
  }

  #take(wanted: string): Token {
    const token = this.tokens[this.#next];
    if (token === undefined) throw new SystraceFault('rule-unfinished', { wanted }, this.end);
    this.#next++;
    return token;
  }

  #finish(): void {
    const more = this.#peek();
    if (more !== undefined) throw unexpected(more, 'the end of the rule');
  }
}

function verdictOf(token: Token): { word: Action['verdict']; now: boolean } {
  const [, word = '', now] = /^(permit|deny|ask)(-now)?$/i.exec(token.kind === 'word' ? token.text : '') ?? [];
  const verdict = word.toLowerCase();
  if ((verdict !== 'permit' && verdict !== 'deny' && verdict !== 'ask') || (verdict === 'ask' && now !== undefined))
    throw unexpected(token, 'permit, deny or ask');
  return { word: verdict, now: now !== undefined };
}

function isOperator(word: string): word is Operator {
  return (OPERATORS as readonly string[]).includes(word);
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.text.toLowerCase() === word;
}

function isSign(token: Token | undefined, sign: string): boolean {
  return token?.kind === 'sign' && token.text === sign;
}

function textOf(token: Token): string {
  return token.kind === 'string' ? token.value : token.text;
}

function tokenText(token: Token): string {
  return token.kind === 'string' ? `"${token.value}"` : token.text;
}

function joined(words: readonly string[]): string {
  return words.join(' ').replace(/ ?([[\]:,]) ?/g, '$1');
}

function unexpected(token: Token, wanted: string): SystraceFault {
  return new SystraceFault('word-unexpected', { got: textOf(token), wanted }, token.at);
}
