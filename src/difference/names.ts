// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where two states lead by one and the same name: for each pair of states that some possible name leads to, the shortest such
 * name. Exact: names that the states spell out are no examples of those that they do not.
 */
import type { Least } from '../compile/minimise.js';
import { type Settled, targetOf } from '../compile/settle.js';
import type { Bytes } from '../policy/bytes.js';
import type { Shape } from './shape.js';

/** One name further on, in both automata. */
export interface Branch {
  readonly name: Bytes;
  readonly first: number;
  readonly second: number;
}

/** Looks for branches, and keeps what two byte automata have in common for the next states that have the same. */
export class Branches {
  readonly #edges = new Map<Least, ReadonlyMap<string, number>>();
  readonly #common = new Map<Shape, Map<Settled, Map<Settled, readonly Branch[]>>>();

  /** All pairs of states that a name of this shape leads to. `apart`: names that get a branch of their own. */
  of(first: Least, second: Least, shape: Shape, apart: readonly Bytes[] = []): Branch[] {
    const [one, other] = [this.#edgesOf(first), this.#edgesOf(second)];
    const found = new Map<string, Branch>();
    const own: Branch[] = [];
    const step = (name: Bytes): Branch => ({
      name,
      first: one.get(name) ?? targetOf(first.settled, name),
      second: other.get(name) ?? targetOf(second.settled, name),
    });
    const take = (branch: Branch): void => {
      if (!found.has(keyOf(branch))) found.set(keyOf(branch), branch);
    };
    const spelt = new Set<Bytes>([...one.keys(), ...other.keys()] as Bytes[]);
    for (const name of apart) own.push(step(name));
    for (const name of shape.known) if (!apart.includes(name)) take(step(name));
    if (shape.closed === true) return [...own, ...found.values()];
    for (const name of spelt) if (isPossible(name, shape) && !apart.includes(name)) take(step(name));
    const excluded = new Set<Bytes>([...spelt, ...apart]);
    const common = this.#commonOf(first.settled, second.settled, shape);
    const unsure = common.filter((branch) => {
      if (!excluded.has(branch.name)) take(branch);
      return excluded.has(branch.name) && !found.has(keyOf(branch));
    });
    // The shortest name of a pair is one that is spelt out, and leads elsewhere: is there another?
    if (unsure.length > 0) for (const branch of together(first.settled, second.settled, shape, excluded)) take(branch);
    return [...own, ...found.values()];
  }

  #edgesOf(state: Least): ReadonlyMap<string, number> {
    const edges = this.#edges.get(state) ?? new Map(state.edges.map(({ name, to }) => [name, to]));
    this.#edges.set(state, edges);
    return edges;
  }

  #commonOf(first: Settled, second: Settled, shape: Shape): readonly Branch[] {
    const shaped = this.#common.get(shape) ?? new Map<Settled, Map<Settled, readonly Branch[]>>();
    this.#common.set(shape, shaped);
    const known = shaped.get(first) ?? new Map<Settled, readonly Branch[]>();
    shaped.set(first, known);
    const common = known.get(second) ?? together(first, second, shape, new Set());
    known.set(second, common);
    return common;
  }
}

function keyOf({ first, second }: Branch): string {
  return `${first}/${second}`;
}

function isPossible(name: Bytes, { least, most, bytesAt, never }: Shape): boolean {
  if (name.length < least || name.length > most || never.includes(name)) return false;
  return Array.from(name, (sign, place) => bytesAt(place).includes(sign.charCodeAt(0))).every(Boolean);
}

/** Names that begin alike; `ends`: such a name itself. */
interface Trie {
  readonly id: number;
  readonly next: Map<number, Trie>;
  ends: boolean;
}

function trieOf(names: Iterable<Bytes>): Trie {
  let count = 0;
  const made = (): Trie => ({ id: ++count, next: new Map(), ends: false });
  const root = made();
  for (const name of names) {
    let at = root;
    for (const sign of name) {
      const byte = sign.charCodeAt(0);
      const next = at.next.get(byte) ?? made();
      at.next.set(byte, next);
      at = next;
    }
    at.ends = true;
  }
  return root;
}

/** Where a name stands in both byte automata, and whether it still begins as one that is left out. */
interface Standing {
  readonly name: Bytes;
  readonly first: number;
  readonly second: number;
  readonly trie: Trie | undefined;
}

/** The pairs that the byte automata lead to by a name that is not left out, by breadth first: shortest names first. */
function together(first: Settled, second: Settled, shape: Shape, excluded: ReadonlySet<Bytes>): Branch[] {
  const { least, most } = shape;
  const found = new Map<string, Branch>();
  const seen = new Set<string>();
  let standing: Standing[] = [
    { name: '' as Bytes, first: first.start, second: second.start, trie: trieOf([...shape.never, ...excluded]) },
  ];
  const one = new Map<readonly number[], readonly number[]>();
  for (let place = 0; place < most && standing.length > 0; place++) {
    const bytes = shape.bytesAt(place);
    const apart = one.get(bytes) ?? oneOfEach(bytes, first, second);
    one.set(bytes, apart);
    const next: Standing[] = [];
    // A name of a fixed length may stand at the same rows at several places; one that may end anywhere need not come back.
    if (least > 1) seen.clear();
    for (const at of standing)
      for (const byte of at.trie === undefined ? apart : bytes) {
        const moved: Standing = {
          name: (at.name + String.fromCharCode(byte)) as Bytes,
          first: stepped(first, at.first, byte),
          second: stepped(second, at.second, byte),
          trie: at.trie?.next.get(byte),
        };
        const key = `${moved.first}/${moved.second}/${moved.trie?.id ?? 0}`;
        if (seen.has(key)) continue;
        seen.add(key);
        next.push(moved);
        if (place + 1 < least || moved.trie?.ends === true) continue;
        const branch = { name: moved.name, first: endOf(first, moved.first), second: endOf(second, moved.second) };
        if (!found.has(keyOf(branch))) found.set(keyOf(branch), branch);
      }
    standing = next;
  }
  return [...found.values()];
}

/** The first byte of each class that both automata have in common. */
function oneOfEach(bytes: readonly number[], first: Settled, second: Settled): number[] {
  const classes = new Map<number, number>();
  for (const byte of bytes) {
    const both = (first.classOf[byte] as number) * 256 + (second.classOf[byte] as number);
    if (!classes.has(both)) classes.set(both, byte);
  }
  return [...classes.values()];
}

function stepped({ classOf, classCount, cells }: Settled, row: number, byte: number): number {
  return row === 0 ? 0 : (cells[(row - 1) * classCount + (classOf[byte] as number)] as number);
}

function endOf({ to, fallback }: Settled, row: number): number {
  return row === 0 ? fallback : (to[row] as number);
}
