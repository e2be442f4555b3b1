// SPDX-License-Identifier: GPL-2.0-only
/** Could one path match both of two patterns? Asked before a pattern is made wider than what was seen. */
import type { Component, PathPattern, Token } from '../policy/model.js';

/** Is there a path that both match? */
export function overlaps(one: PathPattern, other: PathPattern): boolean {
  return components(wholeOf(one), wholeOf(other));
}

/** `/***` at the end is the pattern itself or all below. */
function wholeOf({ components, self }: PathPattern): readonly (Component | { readonly kind: 'rest' })[] {
  return self ? [...components, { kind: 'rest' }] : components;
}

type Part = Component | { readonly kind: 'rest' };

/**
 * Walks both lists at once from their fronts. A pair of places that led nowhere is not tried again: what is left of both
 * tells all, so the time is their product, however many stars they hold.
 */
function together(width: number, step: (one: number, other: number, go: Go) => boolean): boolean {
  const failed = new Set<number>();
  const go: Go = (one, other) => {
    const key = one * width + other;
    if (failed.has(key)) return false;
    failed.add(key);
    return step(one, other, go);
  };
  return go(0, 0);
}

type Go = (one: number, other: number) => boolean;

function components(one: readonly Part[], other: readonly Part[]): boolean {
  const open = (part: Part): boolean => part.kind === 'rest' || part.kind === 'deep';
  return together(other.length + 1, (at, to, go) => {
    const [first, second] = [one[at], other[to]];
    if (first === undefined) return other.slice(to).every(open);
    if (second === undefined) return one.slice(at).every(open);
    if (open(first) || open(second)) return go(at + 1, to) || go(at, to + 1);
    return names(tokensOf(first as Name), tokensOf(second as Name)) && go(at + 1, to + 1);
  });
}

type Name = Exclude<Component, { kind: 'deep' }>;

function tokensOf(component: Name): readonly Token[] {
  if (component.kind === 'glob') return component.tokens;
  return Array.from(component.name, (sign) => ({ kind: 'byte', value: sign.charCodeAt(0) }));
}

/** Is there a name that both match? */
function names(one: readonly Token[], other: readonly Token[]): boolean {
  return together(other.length + 1, (at, to, go) => {
    const [first, second] = [one[at], other[to]];
    if (first?.kind === 'either')
      return first.branches.some((branch) => names([...branch, ...one.slice(at + 1)], other.slice(to)));
    if (second?.kind === 'either')
      return second.branches.some((branch) => names(one.slice(at), [...branch, ...other.slice(to + 1)]));
    if (first?.kind === 'star') return go(at + 1, to) || (second !== undefined && go(at, to + 1));
    if (second?.kind === 'star') return go(at, to + 1) || (first !== undefined && go(at + 1, to));
    if (first === undefined || second === undefined) return first === second;
    return meet(first, second) && go(at + 1, to + 1);
  });
}

/** Is there a byte that both take? */
function meet(one: Token, other: Token): boolean {
  if (one.kind === 'byte') return takes(other, one.value);
  if (other.kind === 'byte') return takes(one, other.value);
  for (let byte = 0; byte < 256; byte++) if (takes(one, byte) && takes(other, byte)) return true;
  return false;
}

function takes(token: Token, byte: number): boolean {
  switch (token.kind) {
    case 'byte':
      return token.value === byte;
    case 'set':
      return token.members[byte] === true;
    case 'any':
      return byte !== 0x2f;
    default:
      return false;
  }
}
