// SPDX-License-Identifier: GPL-2.0-only
/** POSIX extended regular expressions, as `re` compared: text to tree, and a tree to the same in JavaScript. */

export type Regex =
  | { readonly kind: 'byte'; readonly value: number }
  | { readonly kind: 'any' }
  | { readonly kind: 'set'; readonly members: readonly boolean[] }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'sequence' | 'either'; readonly of: readonly Regex[] }
  | { readonly kind: 'repeat'; readonly of: Regex; readonly least: number; readonly most: number };

const DEPTH_MAX = 64;
const REPEAT_MAX = 255;
const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  digit: /[0-9]/,
  lower: /[a-z]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[\t-\r ]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** Reads an expression; null where it is none, or has what is not looked at here (back references, collation). */
export function parseRegex(text: string): Regex | null {
  const reader = new RegexReader(text);
  const regex = reader.either(0);
  return regex !== null && reader.at === text.length ? regex : null;
}

class RegexReader {
  at = 0;

  constructor(readonly text: string) {}

  either(depth: number): Regex | null {
    if (depth > DEPTH_MAX) return null;
    const of: Regex[] = [];
    do {
      if (of.length > 0) this.at++;
      const branch = this.#sequence(depth);
      if (branch === null) return null;
      of.push(branch);
    } while (this.text[this.at] === '|');
    return of.length === 1 ? (of[0] as Regex) : { kind: 'either', of };
  }

  #sequence(depth: number): Regex | null {
    const of: Regex[] = [];
    for (let sign = this.text[this.at]; sign !== undefined && sign !== '|' && sign !== ')'; sign = this.text[this.at]) {
      const atom = this.#atom(sign, depth);
      if (atom === null) return null;
      const repeated = this.#repeated(atom);
      if (repeated === null) return null;
      of.push(repeated);
    }
    return { kind: 'sequence', of };
  }

  #atom(sign: string, depth: number): Regex | null {
    this.at++;
    switch (sign) {
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '.':
        return { kind: 'any' };
      case '[':
        return this.#set();
      case '(': {
        const inside = this.either(depth + 1);
        if (inside === null || this.text[this.at] !== ')') return null;
        this.at++;
        return inside;
      }
      case '*':
      case '+':
      case '?':
        return null;
      case '\\': {
        const next = this.text[this.at];
        // What a backslash before a letter or a digit means is each library's own.
        if (next === undefined || /[A-Za-z0-9]/.test(next)) return null;
        this.at++;
        return { kind: 'byte', value: next.charCodeAt(0) };
      }
      default:
        return { kind: 'byte', value: sign.charCodeAt(0) };
    }
  }

  #repeated(atom: Regex): Regex | null {
    let of = atom;
    for (let count = 0; ; count++) {
      const [whole, sign, low, comma, high] =
        /^(?:([*+?])|\{(\d{1,3})(?:(,)(\d{0,3}))?\})/.exec(this.text.slice(this.at, this.at + 10)) ?? [];
      if (whole === undefined) return of;
      if (count > 2 || of.kind === 'start' || of.kind === 'end') return null;
      this.at += whole.length;
      const least = sign === undefined ? Number(low) : sign === '+' ? 1 : 0;
      const most = sign === undefined ? mostOf(least, comma, high) : sign === '?' ? 1 : Number.POSITIVE_INFINITY;
      if (least > REPEAT_MAX || most < least || (most !== Number.POSITIVE_INFINITY && most > REPEAT_MAX)) return null;
      of = { kind: 'repeat', of, least, most };
    }
  }

  #set(): Regex | null {
    const negated = this.text[this.at] === '^';
    if (negated) this.at++;
    const members = Array<boolean>(256).fill(negated);
    for (let first = true; ; first = false) {
      const sign = this.text[this.at];
      if (sign === undefined) return null;
      if (sign === ']' && !first) break;
      const [whole, name = ''] = /^\[:([a-z]+):\]/.exec(this.text.slice(this.at, this.at + 12)) ?? [];
      if (whole !== undefined) {
        const known = CLASSES[name];
        if (known === undefined) return null;
        for (let byte = 0; byte < 128; byte++) if (known.test(String.fromCharCode(byte))) members[byte] = !negated;
        this.at += whole.length;
        continue;
      }
      if (sign === '[' && /[.=]/.test(this.text[this.at + 1] ?? '')) return null;
      this.at++;
      let last = sign;
      const beyond = this.text[this.at + 1];
      if (this.text[this.at] === '-' && beyond !== undefined && beyond !== ']') {
        last = beyond;
        this.at += 2;
      }
      if (last < sign) return null;
      members.fill(!negated, sign.charCodeAt(0), last.charCodeAt(0) + 1);
    }
    this.at++;
    return { kind: 'set', members };
  }
}

function mostOf(least: number, comma: string | undefined, high: string | undefined): number {
  if (comma === undefined) return least;
  return high === undefined || high === '' ? Number.POSITIVE_INFINITY : Number(high);
}

/** The same expression for texts of one character a byte. */
export function toJavaScript(regex: Regex): RegExp {
  return new RegExp(sourceOf(regex), 's');
}

function sourceOf(regex: Regex): string {
  switch (regex.kind) {
    case 'byte':
      return escapeOf(regex.value);
    case 'any':
      return '.';
    case 'set': {
      const bytes = regex.members.flatMap((member, byte) => (member ? [escapeOf(byte)] : []));
      return bytes.length === 0 ? '[]' : `[${bytes.join('')}]`;
    }
    case 'start':
      return '^';
    case 'end':
      return '$';
    case 'sequence':
      return regex.of.map((part) => (part.kind === 'either' ? `(?:${sourceOf(part)})` : sourceOf(part))).join('');
    case 'either':
      return regex.of.map(sourceOf).join('|');
    case 'repeat': {
      const most = regex.most === Number.POSITIVE_INFINITY ? '' : String(regex.most);
      return `(?:${sourceOf(regex.of)}){${regex.least},${most}}`;
    }
  }
}

function escapeOf(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
