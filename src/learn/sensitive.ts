// SPDX-License-Identifier: GPL-2.0-only
/**
 * What no pattern that was made up may reach (policies/sensitive.txt). Entries that name a place close it to patterns: one that
 * could match there is not written. Entries that say what a name looks like (`*.key`, anywhere) would meet every `*`; there a denial
 * stands in front of the patterns, of exactly what both match. Both are told from the patterns as languages, never from names.
 */
import { pathMatches } from '../decide/match.js';
import { bytesMatch } from '../decide/tokens.js';
import type { Bytes } from '../policy/bytes.js';
import type { Component, PathPattern, Token } from '../policy/model.js';
import { parsePath, pathText } from '../policy/path.js';
import { overlaps } from './overlap.js';

/** The paths that no generalised pattern may reach: one a line, `#` begins a comment. Throws a Fault for what is no path. */
export function readSensitive(text: string): PathPattern[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => parsePath(line, () => null));
}

export class Sensitive {
  readonly #places: readonly PathPattern[];
  readonly #looks: readonly PathPattern[];
  readonly #names = new Map<Bytes, boolean>();
  readonly #admitted = new Map<string, boolean>();

  constructor(patterns: readonly PathPattern[]) {
    this.#places = patterns.filter((pattern) => !isLook(pattern));
    this.#looks = patterns.filter(isLook);
  }

  /** Is this very path one of them? */
  has(path: Bytes): boolean {
    const [first = '', ...names] = path.slice(1).split('/') as Bytes[];
    const begins = ({ components }: PathPattern): boolean => matches(components[0], first as Bytes);
    if (this.#places.some((place) => begins(place) && pathMatches(place, path))) return true;
    return (
      [first as Bytes, ...names].some((name) => this.#looksBy(name)) &&
      this.#looks.some((look) => pathMatches(look, path))
    );
  }

  /** Does any of the looks begin with such a name? Asked of thousands of paths whose names recur. */
  #looksBy(name: Bytes): boolean {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const found = this.#looks.some(({ components }) => matches(components[1], name));
    this.#names.set(name, found);
    return found;
  }

  /** May the pattern be written, with the denials of guards() in front of it? */
  admits(pattern: PathPattern): boolean {
    const known = this.#admitted.get(pattern.text);
    if (known !== undefined) return known;
    const admitted = this.#admits(pattern);
    this.#admitted.set(pattern.text, admitted);
    return admitted;
  }

  #admits(pattern: PathPattern): boolean {
    if (this.#places.some((other) => overlaps(pattern, other))) return false;
    const names = pattern.components.flatMap((one) => (one.kind === 'literal' ? [one.name] : []));
    return this.#looks.every((look) => {
      const [, first, ...rest] = look.components;
      // Below a folder that is one of them all is: nothing would be left of the pattern.
      return rest.length === 0 || !names.some((name) => matches(first, name)) || !overlaps(pattern, look);
    });
  }

  /** Texts of the paths to be denied before these patterns: what they and the list both match. */
  guards(patterns: readonly PathPattern[]): string[] {
    const wanted = new Map<string, { front: readonly Component[]; looks: Set<PathPattern> }>();
    for (const pattern of patterns) {
      const met = this.#looks.filter((look) => overlaps(pattern, look));
      if (met.length === 0) continue;
      const { names, flat } = frontOf(pattern);
      const front: Component[] = [
        ...names.map((name) => ({ kind: 'literal' as const, name })),
        ...(flat ? [] : [{ kind: 'deep' as const }]),
      ];
      const key = pathText({ text: '', components: front, self: false });
      const known = wanted.get(key) ?? { front, looks: new Set() };
      for (const look of met) known.looks.add(look);
      wanted.set(key, known);
    }
    return [...wanted]
      .filter(([, { front, looks }]) => ![...wanted.values()].some((wider) => covers(wider, { front, looks })))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([, { front, looks }]) => guardsOf(front, [...looks]));
  }
}

interface Guard {
  readonly front: readonly Component[];
  readonly looks: ReadonlySet<PathPattern>;
}

/** Does a denial below a folder hold for one further down? */
function covers(wider: Guard, { front, looks }: Guard): boolean {
  const deep = wider.front.length - 1;
  if (wider.front[deep]?.kind !== 'deep' || deep >= front.length || wider.front === front) return false;
  const same = wider.front.slice(0, deep).every((one, index) => {
    const other = front[index];
    return one.kind === 'literal' && other?.kind === 'literal' && one.name === other.name;
  });
  return same && [...looks].every((look) => wider.looks.has(look));
}

/** One denial for all that ends in a name, one for what goes on behind it alike. */
function guardsOf(front: readonly Component[], looks: readonly PathPattern[]): string[] {
  const tails = new Map<string, { rest: readonly Component[]; self: boolean; branches: (readonly Token[])[] }>();
  for (const { components, self } of looks) {
    const [, first, ...rest] = components;
    if (first === undefined || first.kind === 'deep') continue;
    const key = pathText({ text: '', components: rest, self });
    const known = tails.get(key) ?? { rest, self, branches: [] };
    known.branches.push(tokensOf(first));
    tails.set(key, known);
  }
  return [...tails.values()].map(({ rest, self, branches }) => {
    const [only] = branches;
    const tokens = branches.length === 1 ? (only as readonly Token[]) : [{ kind: 'either' as const, branches }];
    return pathText({ text: '', components: [...front, { kind: 'glob', tokens }, ...rest], self });
  });
}

/** Does an entry say what names look like, wherever they are? */
function isLook({ components }: PathPattern): boolean {
  return components[0]?.kind === 'deep' && components.length > 1 && components[1]?.kind !== 'deep';
}

/** The names before the first sign; `flat`: the sign is in the last name, and the only one. */
function frontOf({ components, self }: PathPattern): { readonly names: readonly Bytes[]; readonly flat: boolean } {
  const names: Bytes[] = [];
  for (const component of components) {
    if (component.kind !== 'literal') break;
    names.push(component.name);
  }
  const flat = !self && names.length === components.length - 1 && components.at(-1)?.kind === 'glob';
  return { names, flat };
}

function matches(component: Component | undefined, name: Bytes): boolean {
  if (component === undefined || component.kind === 'deep') return true;
  return component.kind === 'literal' ? component.name === name : bytesMatch(component.tokens, name);
}

function tokensOf(component: Exclude<Component, { kind: 'deep' }>): readonly Token[] {
  if (component.kind === 'glob') return component.tokens;
  return Array.from(component.name, (sign) => ({ kind: 'byte', value: sign.charCodeAt(0) }));
}
