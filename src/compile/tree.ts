// SPDX-License-Identifier: GPL-2.0-only
/**
 * The second stage: all patterns as one tree of components. Patterns that begin alike share places, so that of ten
 * thousand paths only those still possible are in one's hand at each step. A place knows which grants decide there.
 */
import type { Bytes } from '../policy/bytes.js';
import { KERNEL_PATHS } from '../policy/kernel-acts.js';
import type { PathPattern } from '../policy/model.js';
import { MASK_BITS } from '../policy/operations.js';
import { type Glob, Globs } from './globs.js';
import type { Ranked } from './grants.js';
import {
  ENTRIES,
  type Entry,
  type Grant,
  type Grants,
  KERNEL_MASK,
  type Mark,
  namesOfPath,
  type Piece,
} from './grants.js';
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
  /** The kernel is made to act by the files that end here. */
  kernel: boolean;
}

export interface Tree {
  readonly places: readonly Place[];
  readonly entries: Readonly<Record<Entry, Place>>;
  readonly globs: Globs;
  /** For each place and operation, the first order that can still decide at it or further on; Infinity: none. */
  readonly earliest: Float64Array;
  /** Is there a program's path at the place or further on? */
  readonly leadsToProgram: Uint8Array;
  /** Is there a file by which the kernel is made to act at the place or further on? */
  readonly leadsToKernel: Uint8Array;
}

/** Which rules always apply: a condition that cannot fail is none. */
export type Unconditional = (order: number) => boolean;

/**
 * Builds the tree of a policy's grants, with the paths of the application's programs as places of their own.
 *
 * @param opens the default permits, or asks
 */
export function treeOf(
  grants: Grants,
  programs: readonly string[],
  unconditional: Unconditional,
  opens: boolean,
): Tree {
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
      kernel: false,
    };
    places.push(made);
    return made;
  };
  const entries = Object.fromEntries(ENTRIES.map((entry) => [entry, place(-1)])) as Record<Entry, Place>;

  const mark = (at: Place, order: number, mask: number, spelt: boolean): void => {
    const open = mask & ~at.settled;
    if (open === 0) return;
    const full = spelt ? open : 0;
    const last = at.marks.at(-1);
    if (last?.order === order)
      at.marks[at.marks.length - 1] = { order, mask: last.mask | open, full: last.full | full };
    else at.marks.push({ order, mask: open, full });
    if (unconditional(order)) at.settled |= open & everywhere(grants.ranked, { order, full });
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
  const along = (from: readonly Place[], piece: Piece, index: number, grant: Grant): Place[] => {
    const last = index === grant.pieces.length - 1;
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
        const simple = globs.simplify(piece.tokens, isName(grant.entry, index), grant.text);
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
      passed.push(along(passed[index] as Place[], piece, index, grant));
    });
    const ends = passed.at(-1) as Place[];
    // A glob that matches no name at all: the pattern names nothing, and there is no folder above it.
    if (ends.length === 0) continue;
    for (const at of passed.flat()) mark(at, grant.order, grant.above, false);
    for (const at of ends) {
      mark(at, grant.order, grant.mask, grant.full);
      if (grant.self) mark(below(at, grant.order), grant.order, grant.mask, false);
    }
    if (grant.entry === 'abstract' && matchesEmpty(grant, globs))
      mark(entries.abstract, grant.order, grant.mask, false);
  }
  programs.forEach((path, index) => {
    let at = entries.path;
    for (const name of namesOfPath(path)) at = child(at.literals, name, -1);
    at.program = index + 1;
  });
  for (const { components, self, text } of reached(grants, opens)) {
    const grant: Grant = { ...NOBODY, pieces: components, self, text };
    let ends: Place[] = [entries.path];
    components.forEach((piece, index) => {
      ends = along(ends, piece, index, grant);
    });
    for (const at of ends) {
      at.kernel = true;
      if (self) below(at, grant.order).kernel = true;
    }
  }
  return { places, entries, globs, ...lookAhead(places, grants.ranked) };
}

/** Is the piece a name of a path, which holds no slash? Behind the head of a signal come those of a program. */
function isName(entry: Entry, index: number): boolean {
  return entry === 'path' || entry === 'place' || (entry === 'head' && index > 0);
}

/** Places that no rule needs. */
const NOBODY = { order: -1, entry: 'path', mask: 0, above: 0, full: false } as const;

/**
 * The kernel's files that a default or a pattern could open; the others need no places, for nothing opens them. Names are
 * compared up to the first `**`, and a glob is taken to match, so there may be too many.
 */
function reached({ patterns, ranked }: Grants, opens: boolean): readonly PathPattern[] {
  if (opens) return KERNEL_PATHS;
  const wide = patterns.filter(
    ({ order, entry, mask, full }) =>
      entry === 'path' && !full && (mask & KERNEL_MASK) !== 0 && ranked[order]?.rule.verdict !== 'deny',
  );
  return KERNEL_PATHS.filter((path) => wide.some(({ pieces, self }) => mayMeet(pieces, self, path)));
}

function mayMeet(pieces: readonly Piece[], self: boolean, path: PathPattern): boolean {
  const { components } = path;
  for (let at = 0; at < Math.min(pieces.length, components.length); at++) {
    const [one, other] = [pieces[at] as Piece, components[at] as Piece];
    if (one.kind === 'deep' || other.kind === 'deep') return true;
    if (one.kind === 'literal' && other.kind === 'literal' && one.name !== other.name) return false;
  }
  return pieces.length === components.length || (pieces.length < components.length ? self : path.self);
}

/** The operations that a rule decides wherever it matches: at the kernel's files a pattern permits nothing. */
export function everywhere(ranked: readonly Ranked[], { order, full }: Pick<Mark, 'order' | 'full'>): number {
  return ranked[order]?.rule.verdict === 'deny' ? ~0 : ~KERNEL_MASK | full;
}

function matchesEmpty(grant: Grant, globs: Globs): boolean {
  const piece = grant.pieces[0];
  if (piece?.kind !== 'glob') return false;
  const simple = globs.simplify(piece.tokens, false, grant.text);
  if (simple.kind === 'any') return piece.tokens.every(({ kind }) => kind === 'star');
  return simple.kind === 'names' ? simple.names.includes('' as Bytes) : simple.glob.empty;
}

/** Places are made after those that lead to them, so one pass from the last to the first sees everything. */
function lookAhead(
  places: readonly Place[],
  ranked: readonly Ranked[],
): Pick<Tree, 'earliest' | 'leadsToProgram' | 'leadsToKernel'> {
  const earliest = new Float64Array(places.length * MASK_BITS).fill(ranked.length + 1);
  const leadsToProgram = new Uint8Array(places.length);
  const leadsToKernel = new Uint8Array(places.length);
  for (let id = places.length - 1; id >= 0; id--) {
    const at = places[id] as Place;
    const base = id * MASK_BITS;
    for (const { order, mask } of at.marks)
      for (let bit = 0; bit < MASK_BITS; bit++)
        if ((mask & (1 << bit)) !== 0 && order < (earliest[base + bit] as number)) earliest[base + bit] = order;
    if (at.program !== 0) leadsToProgram[id] = 1;
    if (at.kernel) leadsToKernel[id] = 1;
    for (const next of [...at.literals.values(), ...at.globs.values(), at.any, at.below, at.deep]) {
      if (next === null || next === at) continue;
      if (leadsToProgram[next.id] === 1) leadsToProgram[id] = 1;
      if (leadsToKernel[next.id] === 1) leadsToKernel[id] = 1;
      const other = next.id * MASK_BITS;
      for (let bit = 0; bit < MASK_BITS; bit++)
        if ((earliest[other + bit] as number) < (earliest[base + bit] as number))
          earliest[base + bit] = earliest[other + bit] as number;
    }
  }
  return { earliest, leadsToProgram, leadsToKernel };
}
