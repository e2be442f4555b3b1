// SPDX-License-Identifier: GPL-2.0-only
/** From a policy to an image: all stages in order. Nothing here looks at a clock, a file or the machine. */
import type { Kind, Policy, Rule } from '../policy/model.js';
import { KINDS } from '../policy/model.js';
import { type Answer, Answers, isUnconditional } from './answers.js';
import { type Applies, appliesOf } from './conditions.js';
import { encode } from './encode.js';
import { CompileError, policyError } from './errors.js';
import { type Grants, grantsOf } from './grants.js';
import type { ImageClass, Table } from './layout.js';
import { DEEP_LITERALS_MAX } from './limits.js';
import { type LeastAutomaton, minimise } from './minimise.js';
import { type MoveTable, movesOf } from './moves.js';
import { type Automaton, automatonOf } from './subset.js';
import { type Tables, tablesOf } from './tables.js';
import { type Place, type Tree, treeOf } from './tree.js';

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
  const all = grantsOf(policy);
  if (policy.interpreter !== undefined && !isAbsolute(policy.interpreter))
    throw policyError('relative-program', policy, { path: policy.interpreter });
  const applies = all.ranked.map(({ rule }) => appliesOf(rule));
  const unconditional = (order: number): boolean => isUnconditional(applies[order] ?? null);
  const grants = { ...all, patterns: all.patterns.filter(({ order }) => applies[order] !== null) };
  const tree = treeOf(grants, programs, unconditional, policy.default !== 'deny');

  const finish = (deepByBytes: boolean): Stages => {
    const answers = new Answers(grants.ranked, applies, policy.default);
    const automaton = automatonOf({ tree, ranked: grants.ranked, answers, unconditional, deepByBytes });
    const least = minimise(automaton);
    const unnamed = answers.of(grants.unnamed, 0);
    const kinds = new Map<Kind, Answer>(KINDS.map((kind) => [kind, answers.of(grants.kinds.get(kind) ?? [], 0)]));
    const moves = movesOf({ policy, ranked: grants.ranked, applies, big: automaton, least, kinds });
    const tables = tablesOf({ policy, ranked: grants.ranked, applies, automaton: least, unnamed, kinds, moves });
    return { grants, applies, tree, automaton, least, moves, tables };
  };
  // Names below a `**` may come in every folder. The exact table is the faster way, but it needs them once for each.
  const ruled = (literals: Place['literals']): number =>
    [...literals.values()].filter(({ owner }) => owner >= 0).length;
  const deep = tree.places.reduce((sum, { loops, literals }) => sum + (loops ? ruled(literals) : 0), 0);
  if (deep === 0) return finish(false);
  if (deep * tree.places.length > DEEP_LITERALS_MAX) return finish(true);
  const exact = unlessTooLarge(() => finish(false));
  if (exact === null) return finish(true);
  if (exact.tables.imageClass === 0) return exact;
  const byBytes = unlessTooLarge(() => finish(true));
  return byBytes !== null && byBytes.tables.imageClass < exact.tables.imageClass ? byBytes : exact;
}

/** Null where this way of compiling exceeds a limit. */
function unlessTooLarge(way: () => Stages): Stages | null {
  try {
    return way();
  } catch (error) {
    if (error instanceof CompileError) return null;
    throw error;
  }
}

function isAbsolute(path: string): boolean {
  return path === '/' || (path.startsWith('/') && !path.endsWith('/') && !path.includes('//'));
}
