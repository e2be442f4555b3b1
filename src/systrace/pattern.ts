// SPDX-License-Identifier: GPL-2.0-only
/**
 * Sets of paths as the importer reckons with them: what one pattern of the target language can say. They are met, compared
 * and written here; what they are made of is in paths.ts.
 */
import { pathMatches } from '../decide/match.js';
import type { Bytes } from '../policy/bytes.js';
import { tokensText } from '../policy/glob.js';
import type { Component, Token } from '../policy/model.js';
import type { Variable } from '../policy/variables.js';

/** One piece of a name. A variable stands for what it is when the policy is used, so nothing is known of it. */
export type Sign = Token | { readonly kind: 'variable'; readonly name: Variable };

/** One name of a path, or any number of them. */
export type Part = { readonly kind: 'name'; readonly signs: readonly Sign[] } | { readonly kind: 'deep' };

/** What the parts match, and where `below` is set all that is below it too. No parts: the root. */
export interface Pattern {
  readonly parts: readonly Part[];
  readonly below: boolean;
}

export const DEEP: Part = { kind: 'deep' };
/** Any one name. */
export const ANY_NAME: Part = { kind: 'name', signs: [{ kind: 'star' }] };
/** Every path. */
export const EVERYTHING: Pattern = { parts: [], below: true };

/** A pattern of this very path, which is absolute and normal. */
export function literalPattern(path: Bytes): Pattern {
  const names = path === '/' ? [] : path.slice(1).split('/');
  return { parts: names.map((name) => nameOf(name)), below: false };
}

/** A name as it is. */
export function nameOf(name: string): Part {
  return { kind: 'name', signs: bytesOf(name) };
}

/** The bytes of a text as signs. */
export function bytesOf(text: string): Sign[] {
  return Array.from(text, (sign) => ({ kind: 'byte', value: sign.charCodeAt(0) }));
}

/** The path that the pattern alone matches; null where it matches several, or one that is not known yet. */
export function literalPath({ parts, below }: Pattern): Bytes | null {
  if (below) return null;
  let path = '';
  for (const part of parts) {
    const name = literalName(part);
    if (name === null) return null;
    path += `/${name}`;
  }
  return (path === '' ? '/' : path) as Bytes;
}

function literalName(part: Part): string | null {
  if (part.kind === 'deep') return null;
  let name = '';
  for (const sign of part.signs) {
    if (sign.kind !== 'byte') return null;
    name += String.fromCharCode(sign.value);
  }
  return name;
}

/** The names that a pattern begins with, as a path. */
export function leading({ parts }: Pattern): string {
  let path = '';
  for (const part of parts) {
    const name = literalName(part);
    if (name === null) break;
    path += `/${name}`;
  }
  return path;
}

/** Does a variable stand in it? */
export function isOpen({ parts }: Pattern): boolean {
  return parts.some((part) => part.kind === 'name' && part.signs.some(({ kind }) => kind === 'variable'));
}

/** The pattern as the target language writes it. */
export function patternText({ parts, below }: Pattern): string {
  const texts = parts.map((part) => (part.kind === 'deep' ? '**' : nameText(part.signs)));
  // `/x/*/***` is `/x/**`, which people write.
  const last = texts.at(-1);
  if (below && last === '*') texts[texts.length - 1] = '**';
  else if (below) texts.push('***');
  const [first] = parts;
  const rooted = first?.kind === 'name' && isRoot(first.signs[0]);
  return `${rooted ? '' : '/'}${texts.join('/')}`;
}

/** Variables that hold an absolute path. */
function isRoot(sign: Sign | undefined): boolean {
  return sign?.kind === 'variable' && (sign.name === 'HOME' || sign.name === 'CWD');
}

function nameText(signs: readonly Sign[]): string {
  let text = '';
  let run: Token[] = [];
  const flush = (): void => {
    text += tokensText(run, 'component');
    run = [];
  };
  for (const sign of signs) {
    if (sign.kind !== 'variable') run.push(sign);
    else {
      flush();
      text += `\${${sign.name}}`;
    }
  }
  flush();
  return text;
}

/** What both match: null where nothing is, `unknown` where the language has no pattern for it, or it cannot be told. */
export function meet(one: Pattern, other: Pattern): Pattern | null | 'unknown' {
  if (contains(one, other)) return other;
  if (contains(other, one)) return one;
  const [left, right] = [literalPath(one), literalPath(other)];
  if (isOpen(one) || isOpen(other)) return 'unknown';
  // A literal that the other does not contain is not in it.
  if (left !== null || right !== null) return null;
  const parts: Part[] = [];
  const length = Math.max(one.parts.length, other.parts.length);
  for (let index = 0; index < length; index++) {
    const [a, b] = [one.parts[index], other.parts[index]];
    if (a?.kind === 'deep' || b?.kind === 'deep') return 'unknown';
    if (a === undefined || b === undefined) {
      if (!(a === undefined ? one : other).below) return null;
      parts.push((a ?? b) as Part);
      continue;
    }
    const part = meetNames(a, b);
    if (part === null || part === 'unknown') return part;
    parts.push(part);
  }
  const below = (pattern: Pattern): boolean => pattern.below || pattern.parts.length < length;
  return { parts, below: below(one) && below(other) };
}

function meetNames(one: Part, other: Part): Part | null | 'unknown' {
  if (nameContains(one, other)) return other;
  if (nameContains(other, one)) return one;
  if (literalName(one) !== null || literalName(other) !== null) return null;
  return 'unknown';
}

/** Does the first match all that the second does? `false` too where it cannot be told. */
export function contains(outer: Pattern, inner: Pattern): boolean {
  if (outer.below && outer.parts.length === 0) return true;
  if (isOpen(outer) || isOpen(inner)) return containsByParts(outer, inner);
  const path = literalPath(inner);
  if (path !== null) return matchesPath(outer, path);
  return containsByParts(outer, inner);
}

function containsByParts(outer: Pattern, inner: Pattern): boolean {
  const shorter = outer.parts.length < inner.parts.length;
  if (outer.parts.length > inner.parts.length || (shorter && !outer.below)) return false;
  if (!shorter && inner.below && !outer.below) return false;
  return outer.parts.every((part, index) => nameContains(part, inner.parts[index] as Part));
}

function nameContains(outer: Part, inner: Part): boolean {
  if (outer.kind === 'deep' || inner.kind === 'deep') return outer.kind === inner.kind;
  if (same(outer.signs, inner.signs)) return true;
  // A variable may hold several names.
  if ([...outer.signs, ...inner.signs].some(({ kind }) => kind === 'variable')) return false;
  if (outer.signs.length === 1 && outer.signs[0]?.kind === 'star') return true;
  const name = literalName(inner);
  if (name === null) return false;
  const single: Pattern = { parts: [outer], below: false };
  return matchesPath(single, `/${name}` as Bytes);
}

function same(one: readonly Sign[], other: readonly Sign[]): boolean {
  return (
    one.length === other.length &&
    one.every((sign, index) => {
      const beside = other[index] as Sign;
      if (sign.kind !== beside.kind) return false;
      if (sign.kind === 'byte' && beside.kind === 'byte') return sign.value === beside.value;
      return sign.kind === 'any' || sign.kind === 'star' || JSON.stringify(sign) === JSON.stringify(beside);
    })
  );
}

/** Does the pattern match this path? It holds no variable. */
export function matchesPath({ parts, below }: Pattern, path: Bytes): boolean {
  const components = parts.map((part): Component => {
    if (part.kind === 'deep') return { kind: 'deep' };
    const name = literalName(part);
    if (name !== null) return { kind: 'literal', name: name as Bytes };
    return { kind: 'glob', tokens: part.signs.filter((sign): sign is Token => sign.kind !== 'variable') };
  });
  return pathMatches({ text: '', components, self: below }, path);
}

/** The pattern below a folder, as one inside a changed root is seen from outside. */
export function under(folder: Bytes, pattern: Pattern): Pattern {
  return { parts: [...literalPattern(folder).parts, ...pattern.parts], below: pattern.below };
}
