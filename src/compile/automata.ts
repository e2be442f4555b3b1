// SPDX-License-Identifier: GPL-2.0-only
/** The stages up to the least automaton: what a policy means, before it is laid out for the kernel half. */
import { KINDS, type Kind, type Policy } from '../policy/model.js';
import { type Answer, Answers, isUnconditional } from './answers.js';
import { type Applies, appliesOf } from './conditions.js';
import { CompileError } from './errors.js';
import { type Grants, grantsOf, type Ranked } from './grants.js';
import { DEEP_LITERALS_MAX } from './limits.js';
import { type LeastAutomaton, minimise } from './minimise.js';
import { type Automaton, automatonOf } from './subset.js';
import { type Place, type Tree, treeOf } from './tree.js';

/** What is made of the rules alone. */
export interface Front {
  readonly grants: Grants;
  /** When each rule applies, by its place in the order of decision; null: never. */
  readonly applies: readonly (Applies | null)[];
  readonly tree: Tree;
  /** Names that rules have below a `**`, over all folders: how many steps the exact table needs for them. */
  readonly deep: number;
}

/** What every object comes to. */
export interface Answered {
  readonly automaton: Automaton;
  readonly least: LeastAutomaton;
  readonly unnamed: Answer;
  readonly kinds: ReadonlyMap<Kind, Answer>;
}

/** What a policy means: the rules in their order, when each applies, and which have their turn at which object. */
export interface Meaning extends Answered {
  readonly ranked: readonly Ranked[];
  readonly applies: readonly (Applies | null)[];
}

/** The first two stages. Throws CompileError. */
export function frontOf(policy: Policy, programs: readonly string[]): Front {
  const all = grantsOf(policy);
  const applies = all.ranked.map(({ rule }) => appliesOf(rule));
  const grants = { ...all, patterns: all.patterns.filter(({ order }) => applies[order] !== null) };
  const tree = treeOf(grants, programs, always(applies), policy.default !== 'deny');
  const ruled = (literals: Place['literals']): number =>
    [...literals.values()].filter(({ owner }) => owner >= 0).length;
  const deep = tree.places.reduce((sum, { loops, literals }) => sum + (loops ? ruled(literals) : 0), 0);
  return { grants, applies, tree, deep };
}

/** The third and the fourth stage. Throws CompileError. */
export function answeredBy(policy: Policy, { grants, applies, tree }: Front, deepByBytes: boolean): Answered {
  const { ranked } = grants;
  const answers = new Answers(ranked, applies, policy.default);
  const automaton = automatonOf({ tree, ranked, answers, unconditional: always(applies), deepByBytes });
  const least = minimise(automaton);
  const unnamed = answers.of(grants.unnamed, 0);
  const kinds = new Map<Kind, Answer>(KINDS.map((kind) => [kind, answers.of(grants.kinds.get(kind) ?? [], 0)]));
  return { automaton, least, unnamed, kinds };
}

/** What a policy means, where no image is wanted: the limits of images do not matter then. Throws CompileError. */
export function meaningOf(policy: Policy): Meaning {
  const front = frontOf(policy, []);
  const { grants, applies, tree, deep } = front;
  const answered = deepIsDear(deep, tree)
    ? answeredBy(policy, front, true)
    : (unlessTooLarge(() => answeredBy(policy, front, false)) ?? answeredBy(policy, front, true));
  return { ...answered, ranked: grants.ranked, applies };
}

/** Would the names below `**` need too many steps of the exact table? */
export function deepIsDear(deep: number, { places }: Tree): boolean {
  return deep * places.length > DEEP_LITERALS_MAX;
}

/** Null where this way of compiling exceeds a limit. */
export function unlessTooLarge<T>(way: () => T): T | null {
  try {
    return way();
  } catch (error) {
    if (error instanceof CompileError) return null;
    throw error;
  }
}

function always(applies: readonly (Applies | null)[]): (order: number) => boolean {
  return (order) => isUnconditional(applies[order] ?? null);
}
