// SPDX-License-Identifier: GPL-2.0-only
/** From a policy to an image: all stages in order. Nothing here looks at a clock, a file or the machine. */
import type { Policy, Rule } from '../policy/model.js';
import { answeredBy, deepIsDear, frontOf, unlessTooLarge } from './automata.js';
import type { Applies } from './conditions.js';
import { encode } from './encode.js';
import { policyError } from './errors.js';
import type { Grants } from './grants.js';
import type { ImageClass, Table } from './layout.js';
import type { LeastAutomaton } from './minimise.js';
import { type MoveTable, movesOf } from './moves.js';
import type { Automaton } from './subset.js';
import { type Tables, tablesOf } from './tables.js';
import type { Tree } from './tree.js';

/** The folder of policies that one policy belongs to. */
export interface Application {
  /** Absolute paths of the programs; a program's number, as answers give it, is its place in this list, from 1. */
  readonly programs: readonly string[];
}

export interface Stats {
  readonly imageClass: ImageClass;
  readonly rules: number;
  /** Patterns with those that are implied. */
  readonly patterns: number;
  /** Places of the tree. */
  readonly places: number;
  /** States before equal ones were merged. */
  readonly subsetStates: number;
  readonly byteClasses: number;
  /** Entries used of each table of the image. */
  readonly used: Readonly<Record<Table, number>>;
}

export interface Image {
  readonly class: ImageClass;
  readonly bytes: Uint8Array;
  /**
   * The rules by the number that a decision reports, less 1. The one that `interpreter:` stands for comes last, though it
   * decides first; it has number 0 in its file and stands on line 1.
   */
  readonly rules: readonly Rule[];
  readonly stats: Stats;
}

/** What every stage came to, for whoever wants to see. */
export interface Stages {
  readonly grants: Grants;
  /** When each rule applies, by its place in the order of decision; null: never. */
  readonly applies: readonly (Applies | null)[];
  readonly tree: Tree;
  readonly automaton: Automaton;
  readonly least: LeastAutomaton;
  readonly moves: MoveTable;
  readonly tables: Tables;
}

/**
 * Compiles a policy. The same policy gives the same bytes everywhere and always.
 *
 * Throws CompileError when a limit is exceeded; it names the rule.
 */
export function compilePolicy(policy: Policy, application: Application, generation: bigint, digest: Uint8Array): Image {
  const { grants, tree, automaton, tables } = stagesOf(policy, application);
  const rules: Rule[] = [];
  for (const { rule, number } of grants.ranked) rules[number - 1] = rule;
  return {
    class: tables.imageClass,
    bytes: encode(tables, generation, digest),
    rules,
    stats: {
      imageClass: tables.imageClass,
      rules: rules.length,
      patterns: grants.patterns.length,
      places: tree.places.length,
      subsetStates: automaton.states.length,
      byteClasses: tables.classCount,
      used: tables.used,
    },
  };
}

/** All stages but the last. Throws CompileError as compilePolicy does. */
export function stagesOf(policy: Policy, { programs }: Application): Stages {
  programs.forEach((path, index) => {
    if (!isAbsolute(path)) throw policyError('relative-program', policy, { path });
    if (programs.indexOf(path) !== index) throw policyError('program-twice', policy, { path });
  });
  if (policy.interpreter !== undefined && !isAbsolute(policy.interpreter))
    throw policyError('relative-program', policy, { path: policy.interpreter });
  const front = frontOf(policy, programs);
  const { grants, applies, tree, deep } = front;

  const finish = (deepByBytes: boolean): Stages => {
    const { automaton, least, unnamed, kinds } = answeredBy(policy, front, deepByBytes);
    const moves = movesOf({ policy, ranked: grants.ranked, applies, big: automaton, least, kinds });
    const tables = tablesOf({ policy, ranked: grants.ranked, applies, automaton: least, unnamed, kinds, moves });
    return { grants, applies, tree, automaton, least, moves, tables };
  };
  // Names below a `**` may come in every folder. The exact table is the faster way, but it needs them once for each.
  if (deep === 0) return finish(false);
  if (deepIsDear(deep, tree)) return finish(true);
  const exact = unlessTooLarge(() => finish(false));
  if (exact === null) return finish(true);
  if (exact.tables.imageClass === 0) return exact;
  const byBytes = unlessTooLarge(() => finish(true));
  return byBytes !== null && byBytes.tables.imageClass < exact.tables.imageClass ? byBytes : exact;
}

function isAbsolute(path: string): boolean {
  return path === '/' || (path.startsWith('/') && !path.endsWith('/') && !path.includes('//'));
}
