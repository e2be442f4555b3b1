// SPDX-License-Identifier: GPL-2.0-only
/** Names that patterns of one component tell apart: one for each set of the patterns that can match together. */
import type { Bytes } from '../policy/bytes.js';
import type { Component, Token } from '../policy/model.js';

export type Pattern = Exclude<Component, { readonly kind: 'deep' }>;

/** Sets of unfinished patterns looked at before it is given up. */
const TRIES_MAX = 4_000;

/** What may still come of a pattern: ways to go on, each a list of tokens, by a key that tells them apart. */
type Ways = ReadonlyMap<string, readonly Token[]>;

/**
 * For each set of patterns that match one and the same name a name that just they match, the set of none included where
 * there is such a name. Null: too many to tell.
 */
export function namesApart(patterns: readonly Pattern[]): Bytes[] | null {
  const ids = new Map<Token, number>();
  const keyOf = (tokens: readonly Token[]): string => {
    const parts = tokens.map((token) => {
      if (token.kind === 'byte') return `b${token.value}`;
      if (token.kind === 'any' || token.kind === 'star') return token.kind;
      const id = ids.get(token) ?? ids.size;
      ids.set(token, id);
      return `t${id}`;
    });
    // The end counts: nothing left to match is another thing than no way to go on.
    return [...parts, 'end'].join();
  };
  const waysOf = (lists: Iterable<readonly Token[]>): Ways => {
    const ways = new Map<string, readonly Token[]>();
    for (const list of lists) ways.set(keyOf(list), list);
    return ways;
  };
  const literal = (name: string): Token[] =>
    Array.from(name, (character) => ({ kind: 'byte', value: character.charCodeAt(0) }));
  // No name is `.` or `..`: two patterns more, whose names are left out.
  const lists = [
    ...patterns.map((one) => (one.kind === 'literal' ? literal(one.name) : one.tokens)),
    literal('.'),
    literal('..'),
  ];
  const distinct = [...waysOf(lists).values()];
  const dots = [keyOf(literal('.')), keyOf(literal('..'))];

  const bytes = bytesApart(distinct);
  const found = new Map<string, Bytes>();
  const seen = new Set<string>();
  const pending: { ways: readonly Ways[]; name: string }[] = [
    { ways: distinct.map((list) => waysOf([list])), name: '' },
  ];
  for (let at = pending.shift(); at !== undefined; at = pending.shift())
    for (const byte of bytes) {
      const ways = at.ways.map((one) => waysOf([...one.values()].flatMap((tokens) => after(tokens, byte))));
      const key = ways.map((one) => [...one.keys()].sort().join(';')).join('|');
      if (seen.has(key)) continue;
      if (seen.size > TRIES_MAX) return null;
      seen.add(key);
      const name = at.name + String.fromCharCode(byte);
      pending.push({ ways, name });
      const matching = distinct.filter((_, index) => [...(ways[index] as Ways).values()].some(mayEnd)).map(keyOf);
      if (matching.some((one) => dots.includes(one))) continue;
      const set = matching.join('|');
      if (!found.has(set)) found.set(set, name as Bytes);
    }
  return [...found.values()];
}

/** The ways to go on after a byte. */
function after(tokens: readonly Token[], byte: number): (readonly Token[])[] {
  const [head, ...rest] = tokens;
  switch (head?.kind) {
    case undefined:
      return [];
    case 'byte':
      return head.value === byte ? [rest] : [];
    case 'any':
      return [rest];
    case 'set':
      return head.members[byte] === true ? [rest] : [];
    case 'star':
      return [tokens, ...after(rest, byte)];
    case 'either':
      return head.branches.flatMap((branch) => after([...branch, ...rest], byte));
  }
}

function mayEnd(tokens: readonly Token[]): boolean {
  const [head, ...rest] = tokens;
  if (head === undefined) return true;
  if (head.kind === 'star') return mayEnd(rest);
  return head.kind === 'either' && head.branches.some((branch) => mayEnd([...branch, ...rest]));
}

/** One of each kind of bytes that the tokens tell apart; letters before signs. */
function bytesApart(lists: readonly (readonly Token[])[]): number[] {
  const values = new Set<number>();
  const sets = new Set<readonly boolean[]>();
  const look = (tokens: readonly Token[]): void => {
    for (const token of tokens)
      if (token.kind === 'byte') values.add(token.value);
      else if (token.kind === 'set') sets.add(token.members);
      else if (token.kind === 'either') token.branches.forEach(look);
  };
  lists.forEach(look);
  const kinds = new Map<string, number>();
  const all = Array.from({ length: 255 }, (_, index) => index + 1).filter((byte) => byte !== 0x2f);
  const isLetter = (byte: number): boolean => byte >= 0x61 && byte <= 0x7a;
  for (const byte of [...all.filter(isLetter), ...all.filter((byte) => !isLetter(byte))]) {
    const kind = `${values.has(byte) ? byte : ''}|${[...sets].map((members) => (members[byte] ? 1 : 0)).join('')}`;
    if (!kinds.has(kind)) kinds.set(kind, byte);
  }
  return [...kinds.values()];
}
