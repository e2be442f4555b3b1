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

function components(one: readonly Part[], other: readonly Part[]): boolean {
  const [first, ...rest] = one;
  const [second, ...more] = other;
  if (first === undefined) return other.every(({ kind }) => kind === 'rest' || kind === 'deep');
  if (second === undefined) return one.every(({ kind }) => kind === 'rest' || kind === 'deep');
  if (first.kind === 'rest' || first.kind === 'deep') return components(rest, other) || components(one, more);
  if (second.kind === 'rest' || second.kind === 'deep') return components(one, more) || components(rest, other);
  return names(tokensOf(first), tokensOf(second)) && components(rest, more);
}

function tokensOf(component: Exclude<Component, { kind: 'deep' }>): readonly Token[] {
  if (component.kind === 'glob') return component.tokens;
  return Array.from(component.name, (sign) => ({ kind: 'byte', value: sign.charCodeAt(0) }));
}

/** Is there a name that both match? */
function names(one: readonly Token[], other: readonly Token[]): boolean {
  const [first, ...rest] = one;
  const [second, ...more] = other;
  if (first?.kind === 'either') return first.branches.some((branch) => names([...branch, ...rest], other));
  if (second?.kind === 'either') return names(other, one);
  if (first?.kind === 'star') return names(rest, other) || (second !== undefined && names(one, more));
  if (second?.kind === 'star') return names(other, one);
  if (first === undefined || second === undefined) return first === second;
  return bytes(first).some((byte) => takes(second, byte)) && names(rest, more);
}

function bytes(token: Token): number[] {
  if (token.kind === 'byte') return [token.value];
  return Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => takes(token, byte));
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
