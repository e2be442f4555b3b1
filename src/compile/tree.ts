/**
 * The second stage: all patterns as one tree of components. Patterns that begin alike share places, so that of ten
 * thousand paths only those still possible are in one's hand at each step. A place knows which grants decide there.
 */
import type { Bytes } from '../policy/bytes.js';
import { type Glob, Globs } from './globs.js';
import type { Ranked } from './grants.js';
import { ENTRIES, type Entry, type Grant, type Grants, type Mark, namesOfPath, type Piece } from './grants.js';
import { OPERATION_SLOTS } from './layout.js';
import { WAYS_MAX } from './limits.js';

/** A place in the tree, reached by some sequence of components. */
export interface Place {
  readonly id: number;
  /** Its own order: the first grant that needed it, for blame; -1: an application's program. */
  readonly owner: number;
  /** Any further component leads back here: a `**`. */
  readonly loops: boolean;
  readonly literals: Map<Bytes, Place>;
  readonly globs: Map<Glob, Place>;
  /** By any component at all. */
  any: Place | null;
  /** By any component, and from then on any more: a `**` at the end of a pattern. */
  below: Place | null;
  /** By no component: the inside of a `**` in the middle. */
  deep: Place | null;
  /** Grants that decide here, in order; those that never get their turn are left out. */
  readonly marks: Mark[];
  /** Operations that an unconditional mark has settled. */
  settled: number;
  /** Number of the application's program whose path this is; 0: none. */
  program: number;
}

export interface Tree {
  readonly places: readonly Place[];
  readonly entries: Readonly<Record<Entry, Place>>;
  readonly globs: Globs;
  /** For each place and operation, the first order that can still decide at it or further on; Infinity: none. */
  readonly earliest: Float64Array;
  /** Is there a program's path at the place or further on? */
  readonly leadsToProgram: Uint8Array;
}

/** Which rules always apply: a condition that cannot fail is none. */
export type Unconditional = (order: number) => boolean;

/** Builds the tree of a policy's grants, with the paths of the application's programs as places of their own. */
export function treeOf(grants: Grants, programs: readonly string[], unconditional: Unconditional): Tree {
  const places: Place[] = [];
  const globs = new Globs();
  const place = (owner: number, loops = false): Place => {
    const made: Place = {
      id: places.length,
      owner,
      loops,
      literals: new Map(),
      globs: new Map(),
      any: null,
      below: null,
      deep: null,
      marks: [],
      settled: 0,
      program: 0,
    };
    places.push(made);
    return made;
  };
  const entries = Object.fromEntries(ENTRIES.map((entry) => [entry, place(-1)])) as Record<Entry, Place>;

  const mark = (at: Place, order: number, mask: number): void => {
    const open = mask & ~at.settled;
    if (open === 0) return;
    const last = at.marks.at(-1);
    if (last?.order === order) at.marks[at.marks.length - 1] = { order, mask: last.mask | open };
    else at.marks.push({ order, mask: open });
    if (unconditional(order)) at.settled |= open;
  };
  const child = <K>(children: Map<K, Place>, key: K, owner: number): Place => {
    const known = children.get(key);
    if (known !== undefined) return known;
    const made = place(owner);
    children.set(key, made);
    return made;
  };
  const below = (at: Place, owner: number): Place => {
    at.below ??= place(owner, true);
    return at.below;
  };
  /** The places one piece further on; several where a glob stands for a few names. */
  const along = (from: readonly Place[], piece: Piece, last: boolean, grant: Grant): Place[] => {
    const owner = grant.order;
    switch (piece.kind) {
      case 'literal':
        return from.map((at) => child(at.literals, piece.name, owner));
      case 'deep':
        if (last) return from.map((at) => below(at, owner));
        return from.map((at) => {
          if (at.deep === null) {
            at.deep = place(owner, true);
            at.deep.deep = at.deep;
          }
          return at.deep;
        });
      case 'glob': {
        const simple = globs.simplify(piece.tokens, grant.entry === 'path', grant.text);
        if (simple.kind === 'any')
          return from.map((at) => {
            at.any ??= place(owner);
            return at.any;
          });
        if (simple.kind === 'glob') return from.map((at) => child(at.globs, simple.glob, owner));
        const names = simple.names.filter((name) => name !== '');
        if (from.length * names.length > WAYS_MAX) {
          const ways = names.map((name) => globs.literal(name));
          return from.flatMap((at) => ways.map((glob) => child(at.globs, glob, owner)));
        }
        return from.flatMap((at) => names.map((name) => child(at.literals, name, owner)));
      }
    }
  };

  for (const grant of grants.patterns) {
    const passed: Place[][] = [[entries[grant.entry]]];
    grant.pieces.forEach((piece, index) => {
      const last = index === grant.pieces.length - 1;
      passed.push(along(passed[index] as Place[], piece, last, grant));
    });
    const ends = passed.at(-1) as Place[];
    // A glob that matches no name at all: the pattern names nothing, and there is no folder above it.
    if (ends.length === 0) continue;
    for (const at of passed.flat()) mark(at, grant.order, grant.above);
    for (const at of ends) {
      mark(at, grant.order, grant.mask);
      if (grant.self) mark(below(at, grant.order), grant.order, grant.mask);
    }
    if (grant.entry === 'abstract' && matchesEmpty(grant, globs)) mark(entries.abstract, grant.order, grant.mask);
  }
  programs.forEach((path, index) => {
    let at = entries.path;
    for (const name of namesOfPath(path)) at = child(at.literals, name, -1);
    at.program = index + 1;
  });
  return { places, entries, globs, ...lookAhead(places, grants.ranked) };
}

function matchesEmpty(grant: Grant, globs: Globs): boolean {
  const piece = grant.pieces[0];
  if (piece?.kind !== 'glob') return false;
  const simple = globs.simplify(piece.tokens, false, grant.text);
  if (simple.kind === 'any') return piece.tokens.every(({ kind }) => kind === 'star');
  return simple.kind === 'names' ? simple.names.includes('' as Bytes) : simple.glob.empty;
}

/** Places are made after those that lead to them, so one pass from the last to the first sees everything. */
function lookAhead(places: readonly Place[], ranked: readonly Ranked[]): Pick<Tree, 'earliest' | 'leadsToProgram'> {
  const earliest = new Float64Array(places.length * OPERATION_SLOTS).fill(ranked.length + 1);
  const leadsToProgram = new Uint8Array(places.length);
  for (let id = places.length - 1; id >= 0; id--) {
    const at = places[id] as Place;
    const base = id * OPERATION_SLOTS;
    for (const { order, mask } of at.marks)
      for (let bit = 0; bit < OPERATION_SLOTS; bit++)
        if ((mask & (1 << bit)) !== 0 && order < (earliest[base + bit] as number)) earliest[base + bit] = order;
    if (at.program !== 0) leadsToProgram[id] = 1;
    for (const next of [...at.literals.values(), ...at.globs.values(), at.any, at.below, at.deep]) {
      if (next === null || next === at) continue;
      if (leadsToProgram[next.id] === 1) leadsToProgram[id] = 1;
      const other = next.id * OPERATION_SLOTS;
      for (let bit = 0; bit < OPERATION_SLOTS; bit++)
        if ((earliest[other + bit] as number) < (earliest[base + bit] as number))
          earliest[base + bit] = earliest[other + bit] as number;
    }
  }
  return { earliest, leadsToProgram };
}
