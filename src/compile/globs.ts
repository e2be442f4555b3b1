// SPDX-License-Identifier: GPL-2.0-only
/**
 * Globs of one component: made simple, interned, and turned into position automata (Glushkov's construction), the raw
 * material of the byte automata in rows.ts.
 */
import type { Bytes } from '../policy/bytes.js';
import type { Token } from '../policy/model.js';
import { NAMES_OF_GLOB_MAX } from './limits.js';

/** A set of bytes: 256 entries, 0 or 1. */
export type ByteSet = Uint8Array;

/** What one byte of a name must be, and which positions can follow it. */
export interface Position {
  readonly set: number;
  readonly next: readonly number[];
  /** The name may end behind this byte. */
  readonly ends: boolean;
}

export interface Glob {
  readonly id: number;
  /** For messages and dumps. */
  readonly text: string;
  readonly positions: readonly Position[];
  /** Positions of the first byte. A name is never empty where byte automata run, so nothing says whether it may be. */
  readonly first: readonly number[];
  /** Does the empty name match? Only the automaton of abstract names asks. */
  readonly empty: boolean;
}

/** What a glob comes down to. */
export type Simple =
  /** Every name that is not empty. */
  | { readonly kind: 'any' }
  /** These names and no others; none: it never matches. The empty name may be among them. */
  | { readonly kind: 'names'; readonly names: readonly Bytes[] }
  | { readonly kind: 'glob'; readonly glob: Glob };

/** All globs and byte sets of one compilation, each once. */
export class Globs {
  readonly sets: ByteSet[] = [];
  readonly all: Glob[] = [];
  readonly #setIds = new Map<string, number>();
  readonly #globIds = new Map<string, number>();

  /**
   * Makes a component's tokens simple. `paths`: the name stands in a path, where the bytes `/` and NUL do not occur;
   * sets are then made to say of them what they say of their neighbours, which saves byte classes.
   */
  simplify(tokens: readonly Token[], paths: boolean, text: string): Simple {
    if (matchesAll(tokens)) return { kind: 'any' };
    const names = namesOf(tokens, paths);
    if (names !== null) return { kind: 'names', names: [...new Set(names)].sort() };
    return { kind: 'glob', glob: this.#intern(tokens, paths, text) };
  }

  /** A name that must be found by its bytes because the exact table cannot or shall not hold it. */
  literal(name: Bytes): Glob {
    const tokens = Array.from(name, (character): Token => ({ kind: 'byte', value: character.charCodeAt(0) }));
    return this.#intern(tokens, false, name);
  }

  #intern(tokens: readonly Token[], paths: boolean, text: string): Glob {
    const positions: Position[] = [];
    const { first, ends } = this.#build(tokens, { first: [], ends: true }, positions, paths);
    const key = JSON.stringify([first, ends, positions.map(({ set, next, ends }) => [set, next, ends])]);
    const known = this.#globIds.get(key);
    if (known !== undefined) return this.all[known] as Glob;
    const glob: Glob = { id: this.all.length, text, positions, first, empty: ends };
    this.#globIds.set(key, glob.id);
    this.all.push(glob);
    return glob;
  }

  /** Adds the positions of `tokens`, built from the end: `rest` is what follows them. */
  #build(tokens: readonly Token[], rest: Follow, positions: Position[], paths: boolean): Follow {
    let follow = rest;
    for (let index = tokens.length - 1; index >= 0; index--) {
      const token = tokens[index] as Token;
      switch (token.kind) {
        case 'byte':
        case 'any':
        case 'set':
          follow = { first: [this.#position(token, follow, positions, paths)], ends: false };
          break;
        case 'star': {
          const at = positions.length;
          const next = [...new Set([...follow.first, at])].sort(ascending);
          positions.push({ set: this.#set(token, paths), next, ends: follow.ends });
          follow = { first: next, ends: follow.ends };
          break;
        }
        case 'either': {
          const behind = follow;
          const ways = token.branches.map((branch) => this.#build(branch, behind, positions, paths));
          follow = {
            first: [...new Set(ways.flatMap(({ first }) => first))].sort(ascending),
            ends: ways.some(({ ends }) => ends),
          };
          break;
        }
      }
    }
    return follow;
  }

  #position(token: Token, follow: Follow, positions: Position[], paths: boolean): number {
    positions.push({ set: this.#set(token, paths), next: follow.first, ends: follow.ends });
    return positions.length - 1;
  }

  #set(token: Token, paths: boolean): number {
    const set = new Uint8Array(256);
    if (token.kind === 'byte') set[token.value] = 1;
    else if (token.kind === 'set') {
      for (let byte = 0; byte < 256; byte++) set[byte] = token.members[byte] === true ? 1 : 0;
      if (paths) {
        set[0x2f] = set[0x2e] as number;
        set[0] = set[1] as number;
      }
    } else set.fill(1);
    const key = Buffer.from(set).toString('latin1');
    const known = this.#setIds.get(key);
    if (known !== undefined) return known;
    this.#setIds.set(key, this.sets.length);
    this.sets.push(set);
    return this.sets.length - 1;
  }
}

/** What can come next: positions, or the end of the name. */
interface Follow {
  readonly first: readonly number[];
  readonly ends: boolean;
}

function ascending(left: number, right: number): number {
  return left - right;
}

/** Stars and at most one `?`: every name. */
function matchesAll(tokens: readonly Token[]): boolean {
  return (
    tokens.some(({ kind }) => kind === 'star') &&
    tokens.every(({ kind }) => kind === 'star' || kind === 'any') &&
    tokens.filter(({ kind }) => kind === 'any').length <= 1
  );
}

/** The names the tokens stand for, where these are few; null: more than NAMES_OF_GLOB_MAX, or without end. */
function namesOf(tokens: readonly Token[], paths: boolean): Bytes[] | null {
  let names = [''];
  for (const token of tokens) {
    const next = endings(token, paths);
    if (next === null) return null;
    names = names.flatMap((name) => next.map((ending) => name + ending));
    if (names.length > NAMES_OF_GLOB_MAX) return null;
  }
  return names as Bytes[];
}

function endings(token: Token, paths: boolean): string[] | null {
  switch (token.kind) {
    case 'byte':
      return [String.fromCharCode(token.value)];
    case 'set': {
      const bytes = token.members.flatMap((member, byte) =>
        member && !(paths && (byte === 0 || byte === 0x2f)) ? [String.fromCharCode(byte)] : [],
      );
      return bytes.length > NAMES_OF_GLOB_MAX ? null : bytes;
    }
    case 'either': {
      const branches = token.branches.map((branch) => namesOf(branch, paths));
      const names = branches.flatMap((branch) => branch ?? []);
      return branches.includes(null) || names.length > NAMES_OF_GLOB_MAX ? null : names;
    }
    case 'any':
    case 'star':
      return null;
  }
}
