// SPDX-License-Identifier: GPL-2.0-only
/** The observed paths of one program as a tree of names, and what each folder of it looks like to the rules. */
import type { Bytes } from '../policy/bytes.js';
import type { Operation } from '../policy/operations.js';
import type { Fold } from './folds.js';
import type { Observation } from './observation.js';
import type { Entry } from './rules/folder.js';

/** A name of a path, under the text that patterns have for it. */
export interface Node {
  readonly text: string;
  /** Null: a rule on names made a pattern of it. */
  readonly name: Bytes | null;
  readonly children: Map<string, Node>;
  /** What was done to it itself. */
  readonly here: Observation[];
  readonly runs: Set<number>;
  /** A name that was seen there. */
  readonly sample: Bytes;
  folds: Fold[];
}

export function node(text: string, name: Bytes | null, sample: Bytes = '' as Bytes): Node {
  return { text, name, sample, children: new Map(), here: [], runs: new Set(), folds: [] };
}

/** The child of this text, made where there is none. */
export function childOf(parent: Node, text: string, name: Bytes | null, sample: Bytes): Node {
  const known = parent.children.get(text);
  if (known !== undefined) return known;
  const made = node(text, name, sample);
  parent.children.set(text, made);
  return made;
}

const NO_RUN: ReadonlySet<number> = new Set([0]);

export function runsOfObservation({ runs }: Pick<Observation, 'runs'>): ReadonlySet<number> {
  return runs ?? NO_RUN;
}

/** The children of folders that are one folder to a pattern, by text. */
export function joinedChildren(folders: readonly Node[]): Map<string, Node[]> {
  const all = new Map<string, Node[]>();
  for (const { children } of folders)
    for (const [text, child] of children) {
      const known = all.get(text);
      if (known === undefined) all.set(text, [child]);
      else known.push(child);
    }
  return all;
}

/** How the names of a folder look to a rule, by themselves. */
export function entryOf(nodes: readonly Node[]): Omit<Entry, 'given' | 'passed' | 'derived'> {
  const [first] = nodes as readonly [Node, ...Node[]];
  const operations = new Set<Operation>();
  const depths = new Set<number>();
  const runs = new Set<number>();
  for (const one of nodes) {
    for (const { operation } of one.here) operations.add(operation);
    for (const run of one.runs) runs.add(run);
    addDepths(one, 1, depths);
  }
  return {
    text: first.text,
    name: first.name,
    sample: first.sample,
    runs,
    operations,
    depths,
    made: operations.has('create'),
  };
}

/** Of what is no folder: how many names deep it is. */
function addDepths(at: Node, depth: number, depths: Set<number>): void {
  if (at.folds.length > 0) depths.add(depth + 1);
  if (at.folds.some(({ deep }) => deep)) depths.add(depth + 2);
  for (const child of at.children.values()) addDepths(child, depth + 1, depths);
  const folder =
    at.children.size > 0 ||
    at.folds.length > 0 ||
    at.here.some(({ operation, folder }) => folder === true || operation === 'list');
  if (!folder) depths.add(depth);
}

/** All that was done at and below it. */
export function* below(at: Node): Generator<Observation> {
  yield* at.here;
  for (const child of at.children.values()) yield* below(child);
}

export function* foldsBelow(at: Node): Generator<Fold> {
  yield* at.folds;
  for (const child of at.children.values()) yield* foldsBelow(child);
}
