// SPDX-License-Identifier: GPL-2.0-only
/**
 * Patterns of one name: text to tokens. Bytes are matched, not characters: a character beyond ASCII is the bytes of its
 * UTF-8 form. The signs are `*`, `?`, `[a-z]`, `[!a-z]`, `{a,b}`, `\` before a sign, and `\xHH`; behind `?` and a set `{6}` says
 * how many of them there are, `{1-6}` from how many to how many. A count is another way of writing: it makes the tokens that
 * stand for it when they are written one by one.
 */
import { type Bytes, bytesOf, textOf } from './bytes.js';
import { Fault } from './errors.js';
import type { Token } from './model.js';

/** So many of one set at most; what may be missing of them costs its square. */
const COUNT_MAX = 255;
const COUNT_SPREAD_MAX = 24;

/** Deeper nesting helps nobody, and readers of tokens recurse. */
const BRACE_DEPTH_MAX = 16;

/**
 * What the name is of: a component of a path holds no slash and no NUL, an abstract socket's name may hold any byte.
 */
export type NameKind = 'component' | 'abstract';

/** The bytes a name can have at least and at most. */
export interface Lengths {
  readonly least: number;
  readonly most: number;
}

/**
 * Reads tokens from `start` up to a slash (of a component) or the end of the text.
 *
 * @throws Fault with the index of the sign that is wrong
 */
export function readName(text: string, start: number, kind: NameKind): { tokens: Token[]; end: number } {
  const reader = new NameReader(text, start, kind);
  const tokens = reader.tokens(0);
  return { tokens, end: reader.at };
}

class NameReader {
  constructor(
    readonly text: string,
    public at: number,
    readonly kind: NameKind,
  ) {}

  /** `depth` counts the braces around; within them `,` and `}` end the tokens. */
  tokens(depth: number): Token[] {
    const tokens: Token[] = [];
    while (this.at < this.text.length) {
      const sign = this.text[this.at] as string;
      if (sign === '/' && this.kind === 'component') {
        if (depth > 0) throw new Fault('slash-inside', { what: 'braces' }, this.at);
        break;
      }
      if (depth > 0 && (sign === ',' || sign === '}')) break;
      switch (sign) {
        case '*':
          if (this.text[this.at + 1] === '*')
            throw this.text[this.at + 2] === '*'
              ? new Fault('self-inside', {}, this.at)
              : new Fault('deep-inside', {}, this.at);
          this.at++;
          tokens.push({ kind: 'star' });
          break;
        case '?':
          this.at++;
          tokens.push(...this.#counted({ kind: 'any' }));
          break;
        case '[':
          tokens.push(...this.#counted(this.#set()));
          break;
        case '{':
          tokens.push(this.#either(depth + 1));
          break;
        case ']':
        case '}':
          throw new Fault('sign-unopened', { sign }, this.at);
        case '\\':
          tokens.push({ kind: 'byte', value: this.#escape() });
          break;
        default: {
          const character = String.fromCodePoint(this.text.codePointAt(this.at) as number);
          for (const byte of bytesOf(character)) tokens.push({ kind: 'byte', value: byte.charCodeAt(0) });
          this.at += character.length;
        }
      }
    }
    return tokens;
  }

  /** What stands behind the token says how often it stands there. */
  #counted(token: Token): Token[] {
    const [whole, from, to] = /^\{(\d+)(?:-(\d+))?\}/.exec(this.text.slice(this.at, this.at + 16)) ?? [];
    if (whole === undefined) return [token];
    const least = Number(from);
    const most = Number(to ?? from);
    if (most < 1 || most > COUNT_MAX || least > most || most - least > COUNT_SPREAD_MAX)
      throw new Fault('count-range', { count: whole, most: COUNT_MAX, spread: COUNT_SPREAD_MAX }, this.at);
    this.at += whole.length;
    return repeated(token, least, most);
  }

  #either(depth: number): Token {
    const open = this.at;
    if (depth > BRACE_DEPTH_MAX) throw new Fault('brace-depth', { most: BRACE_DEPTH_MAX }, open);
    const branches: Token[][] = [];
    do {
      this.at++;
      branches.push(this.tokens(depth));
    } while (this.text[this.at] === ',');
    if (this.text[this.at] !== '}') throw new Fault('brace-open', {}, open);
    this.at++;
    if (branches.length === 1) throw new Fault('brace-single', {}, open);
    return { kind: 'either', branches };
  }

  /** A set, from its `[` to behind its `]`. */
  #set(): Token {
    const open = this.at++;
    const negated = this.text[this.at] === '!';
    if (negated) this.at++;
    if (this.text[this.at] === '^') throw new Fault('set-caret', {}, this.at);
    if (this.text[this.at] === ']') throw new Fault('set-empty', {}, open);
    const members = Array<boolean>(256).fill(negated);
    while (this.text[this.at] !== ']') {
      const from = this.at;
      const first = this.#member(open);
      let last = first;
      if (this.text[this.at] === '-' && this.at + 1 < this.text.length && this.text[this.at + 1] !== ']') {
        this.at++;
        last = this.#member(open);
        if (last < first) {
          const [one, other] = [first, last].map((byte) => textOf(String.fromCharCode(byte) as Bytes));
          throw new Fault('set-reversed', { first: one as string, last: other as string }, from);
        }
      }
      members.fill(!negated, first, last + 1);
    }
    this.at++;
    if (this.kind === 'component') members[0] = members[0x2f] = false;
    if (!members.includes(true)) throw new Fault('set-empty', {}, open);
    return { kind: 'set', members };
  }

  #member(open: number): number {
    const code = this.text.codePointAt(this.at);
    if (code === undefined) throw new Fault('set-open', {}, open);
    const sign = String.fromCodePoint(code);
    if (sign === '\\') return this.#escape();
    if (sign === '/' && this.kind === 'component') throw new Fault('slash-inside', { what: 'a set' }, this.at);
    const named = sign === '[' ? /^\[[:.=]([a-z]*)/.exec(this.text.slice(this.at, this.at + 20)) : null;
    if (named !== null) throw new Fault('set-class', { name: named[1] ?? '' }, this.at);
    if (code > 0x7f) throw new Fault('set-multibyte', { character: sign }, this.at);
    this.at++;
    return code;
  }

  /** An escape, from its `\` on: the byte it stands for. */
  #escape(): number {
    const from = this.at;
    const next = this.text[from + 1];
    if (next === undefined) throw new Fault('escape-open', {}, from);
    if (next === 'x') {
      const digits = this.text.slice(from + 2, from + 4);
      if (!/^[0-9a-fA-F]{2}$/.test(digits)) throw new Fault('escape-unknown', { escape: `\\x${digits}` }, from);
      const byte = Number.parseInt(digits, 16);
      if (this.kind === 'component' && (byte === 0 || byte === 0x2f))
        throw new Fault('escape-byte', { escape: `\\x${digits}`, what: byte === 0 ? 'NUL' : 'a slash' }, from);
      this.at += 4;
      return byte;
    }
    if (next === '/' && this.kind === 'component')
      throw new Fault('escape-byte', { escape: '\\/', what: 'a slash' }, from);
    if (!/^[ -/:-@[-`{-~]$/.test(next)) {
      const escape = `\\${String.fromCodePoint(this.text.codePointAt(from + 1) as number)}`;
      throw new Fault('escape-unknown', { escape }, from);
    }
    this.at += 2;
    return next.charCodeAt(0);
  }
}

/** Tokens from `least` to `most` times. */
export function repeated(of: Token | readonly Token[], least: number, most: number): Token[] {
  const times = (count: number): Token[] => Array.from({ length: count }, () => of).flat();
  if (least === most) return times(least);
  return [
    ...times(least),
    { kind: 'either', branches: Array.from({ length: most - least + 1 }, (_, more) => times(more)) },
  ];
}

/** The bytes of tokens that are single bytes throughout; null where a sign is among them. */
export function literalOf(tokens: readonly Token[]): Bytes | null {
  let name = '';
  for (const token of tokens) {
    if (token.kind !== 'byte') return null;
    name += String.fromCharCode(token.value);
  }
  return name as Bytes;
}

/** How long the names are that the tokens match. */
export function lengthsOf(tokens: readonly Token[]): Lengths {
  let [least, most] = [0, 0];
  for (const token of tokens) {
    switch (token.kind) {
      case 'byte':
      case 'any':
      case 'set':
        least++;
        most++;
        break;
      case 'star':
        most = Number.POSITIVE_INFINITY;
        break;
      case 'either': {
        const lengths = token.branches.map(lengthsOf);
        least += Math.min(...lengths.map((length) => length.least));
        most += Math.max(...lengths.map((length) => length.most));
      }
    }
  }
  return { least, most };
}

/** A pattern that matches these bytes and nothing else. Bytes that cannot be shown become `\xHH`. */
export function literalText(bytes: Bytes): string {
  return textOf(bytes)
    .replace(/[*?[\]{}]/g, '\\$&')
    .replaceAll('\u{fffd}', '\\xef\\xbf\\xbd');
}

/** Tokens as text that is read back as the same tokens. */
export function tokensText(tokens: readonly Token[], kind: NameKind): string {
  return writeTokens(tokens, kind, false);
}

function writeTokens(tokens: readonly Token[], kind: NameKind, inBraces: boolean): string {
  let text = '';
  let literal = '';
  const flush = (): void => {
    const part = literalText(literal as Bytes);
    text += inBraces ? part.replaceAll(',', '\\,') : part;
    literal = '';
  };
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    if (token.kind === 'byte') {
      literal += String.fromCharCode(token.value);
      continue;
    }
    flush();
    const run = runAt(tokens, at);
    if (run !== null) {
      const { one, least, most, end } = run;
      const sign = one.kind === 'any' ? '?' : setText(one.members, kind);
      const plain = least === most && sign.length * least <= sign.length + COUNT_PLAIN;
      text += plain ? sign.repeat(least) : `${sign}{${least === most ? least : `${least}-${most}`}}`;
      at = end - 1;
      continue;
    }
    switch (token.kind) {
      case 'star':
        text += '*';
        break;
      case 'any':
      case 'set':
        break;
      case 'either':
        text += `{${token.branches.map((branch) => writeTokens(branch, kind, true)).join(',')}}`;
    }
  }
  flush();
  return text;
}

/** Signs that are written one by one where a count would not be shorter by as many. */
const COUNT_PLAIN = 3;

type One = Extract<Token, { kind: 'any' | 'set' }>;

/** The tokens from `at` on that one sign and a count stand for; null: it is no such sign. */
export function runAt(
  tokens: readonly Token[],
  at: number,
): { readonly one: One; readonly least: number; readonly most: number; readonly end: number } | null {
  const first = tokens[at] as Token;
  const one = first.kind === 'either' ? first.branches[1]?.[0] : first;
  if (one?.kind !== 'any' && one?.kind !== 'set') return null;
  let end = at;
  while (end < tokens.length && end - at < COUNT_MAX && sameSign(one, tokens[end])) end++;
  const least = end - at;
  const ladder = tokens[end];
  const more = ladder?.kind === 'either' ? ladder.branches.length - 1 : 0;
  const counts =
    ladder?.kind === 'either' &&
    more <= COUNT_SPREAD_MAX &&
    least + more <= COUNT_MAX &&
    ladder.branches.every((branch, count) => branch.length === count && branch.every((token) => sameSign(one, token)));
  if (counts) return { one, least, most: least + more, end: end + 1 };
  return least === 0 ? null : { one, least, most: least, end };
}

function sameSign(one: One, other: Token | undefined): boolean {
  if (one.kind === 'any') return other?.kind === 'any';
  return other?.kind === 'set' && one.members.every((member, byte) => member === other.members[byte]);
}

function setText(members: readonly boolean[], kind: NameKind): string {
  // A negated set is the shorter text where most bytes are members. NUL and the slash are never members of a component's
  // set and are not written there.
  const negated = members.filter((member) => member).length > 128;
  const wanted = (byte: number): boolean => members[byte] !== negated;
  const silent = (byte: number): boolean => negated && kind === 'component' && (byte === 0 || byte === 0x2f);
  let text = negated ? '!' : '';
  for (let byte = 0; byte < 256; byte++) {
    if (!wanted(byte) || silent(byte)) continue;
    const first = byte;
    while (byte < 255 && wanted(byte + 1) && !silent(byte + 1)) byte++;
    text += byte === first ? memberText(first) : `${memberText(first)}-${memberText(byte)}`;
  }
  return `[${text}]`;
}

function memberText(byte: number): string {
  const character = String.fromCharCode(byte);
  if (/[A-Za-z0-9_.@:]/.test(character)) return character;
  if (byte > 0x20 && byte < 0x7f) return `\\${character}`;
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
