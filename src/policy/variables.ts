// SPDX-License-Identifier: GPL-2.0-only
/** `${HOME}`, `${USER}`, `${UID}`, `${CWD}` and `${HOST}`: what they stand for is put in as it is, never read as a pattern. */
import { bytesOf } from './bytes.js';
import { Fault, quoted } from './errors.js';
import { literalText } from './glob.js';
import { nearest } from './suggest.js';

export const VARIABLES = ['HOME', 'USER', 'UID', 'CWD', 'HOST'] as const;
export type Variable = (typeof VARIABLES)[number];

/** Where the values come from; null: it has none. */
export type Lookup = (name: Variable) => string | null;

/** A text with its variables written out. `origin` tells where in the text before a place in it was. */
export interface Expanded {
  readonly text: string;
  readonly origin: (index: number) => number;
}

interface Piece {
  /** In the text after. */
  readonly at: number;
  readonly length: number;
  /** In the text before. */
  readonly from: number;
  readonly verbatim: boolean;
}

/**
 * Writes out the variables of a pattern.
 *
 * @throws Fault for an unknown variable, one without a value, and one whose value cannot stand there
 */
export function expandPattern(text: string, lookup: Lookup): Expanded {
  return expand(text, (name, index, rest) => {
    const value = resolve(name, lookup, index);
    if (name !== 'HOME' && name !== 'CWD') {
      if (value.includes('/')) throw new Fault('variable-unusable', { name, value: quoted(value) }, index);
      return escaped(value);
    }
    const components = value.split('/').slice(1);
    while (components.at(-1) === '') components.pop();
    if (!value.startsWith('/') || components.some((part) => part === '' || part === '.' || part === '..'))
      throw new Fault('variable-unusable', { name, value: quoted(value) }, index);
    // The root is the one folder whose path ends in a slash.
    if (components.length === 0) return rest.startsWith('/') ? '' : '/';
    return escaped(`/${components.join('/')}`);
  });
}

function expand(text: string, write: (name: Variable, index: number, rest: string) => string): Expanded {
  if (!text.includes('${')) return { text, origin: (index) => index };
  const pieces: Piece[] = [];
  let after = '';
  let from = 0;
  const add = (piece: string, verbatim: boolean): void => {
    pieces.push({ at: after.length, length: piece.length, from, verbatim });
    after += piece;
  };
  // A backslash takes the sign behind it out of play, `\\` itself too.
  for (const match of text.matchAll(/\\[\s\S]|\$\{([^}]*)\}?/g)) {
    if (match[1] === undefined) continue;
    add(text.slice(from, match.index), true);
    const [name, end] = [match[1], match.index + match[0].length];
    from = match.index;
    if (!isVariable(name) || !match[0].endsWith('}'))
      throw new Fault('variable-unknown', { name, hint: hintFor(name) }, match.index);
    add(write(name, match.index, text.slice(end)), false);
    from = end;
  }
  add(text.slice(from), true);
  return {
    text: after,
    origin: (index) => {
      const piece = pieces.findLast(({ at }) => at <= index);
      if (piece === undefined) return index;
      return piece.verbatim ? piece.from + index - piece.at : piece.from;
    },
  };
}

function resolve(name: Variable, lookup: Lookup, index: number): string {
  const value = lookup(name);
  if (value === null || value === '') throw new Fault('variable-unset', { name }, index);
  return value;
}

function escaped(value: string): string {
  return literalText(bytesOf(value)).replaceAll(',', '\\,');
}

function isVariable(name: string): name is Variable {
  return (VARIABLES as readonly string[]).includes(name);
}

function hintFor(name: string): string {
  const near = nearest(name, VARIABLES);
  return near === '' ? '' : `\${${near}}`;
}
