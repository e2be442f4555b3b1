// SPDX-License-Identifier: GPL-2.0-only
/**
 * The fifth stage: the tables of an image as values, in the smallest size class that holds them. Only writing them down
 * (encode.ts) is left after this.
 */
import { CLOSED_KINDS, KINDS, type Rule } from '../policy/model.js';
import type { Answer } from './answers.js';
import { byteTables, type Cell } from './cells.js';
import {
  type AnswerEntry,
  AnswerTable,
  type AnswerTableInput,
  type ConditionEntry,
  type DecisionEntry,
} from './decisions.js';
import { policyError, ruleError } from './errors.js';
import type { Ranked } from './grants.js';
import {
  CAPACITY,
  fitsExactTable,
  IMAGE_CLASSES,
  type ImageClass,
  KIND_NUMBER,
  KIND_SLOTS,
  type Table,
} from './layout.js';
import type { LeastAutomaton } from './minimise.js';
import type { MoveTable } from './moves.js';
import { type Literal, type Placement, placeLiterals } from './place.js';

export interface StateEntry {
  readonly dfa: number;
  readonly fallback: number;
  readonly answer: number;
  /** Names in the exact table. */
  readonly names: readonly string[];
}

export interface Tables {
  readonly imageClass: ImageClass;
  readonly classOf: Uint8Array;
  readonly classCount: number;
  readonly starts: LeastAutomaton['starts'];
  readonly unnamed: number;
  /** Version of the language: which operations are governed. */
  readonly version: number;
  /** The decision that denies what no rule decides, whatever the default. */
  readonly closed: number;
  readonly kinds: readonly number[];
  readonly seed: { readonly low: number; readonly high: number };
  /** By number in the image; absent: unused. */
  readonly states: readonly (StateEntry | undefined)[];
  /** By slot; absent: empty. */
  readonly literals: readonly (Literal | undefined)[];
  /** By place; absent: no row has anything there. */
  readonly cells: readonly (Cell | undefined)[];
  readonly answers: readonly AnswerEntry[];
  readonly decisions: readonly DecisionEntry[];
  readonly conditions: readonly ConditionEntry[];
  readonly ranges: readonly { readonly first: number; readonly last: number }[];
  readonly moves: readonly number[];
  /** Classes that `moves` compares, class 0 included. */
  readonly ownCount: number;
  readonly folderCount: number;
  readonly used: Readonly<Record<Table, number>>;
}

export interface TablesInput extends AnswerTableInput {
  readonly automaton: LeastAutomaton;
  readonly unnamed: Answer;
  readonly kinds: ReadonlyMap<(typeof KINDS)[number], Answer>;
  readonly moves: MoveTable;
}

/** Makes the tables. Throws CompileError where not even the largest class holds them. */
export function tablesOf(input: TablesInput): Tables {
  const { automaton, moves } = input;
  const grants = (state: number): number => (((moves.folders[state] ?? 0) << 16) | (moves.owns[state] ?? 0)) >>> 0;
  const answers = new AnswerTable(input, grants(0));
  const stateAnswers = automaton.states.map(({ id, answer }) => answers.of(answer, grants(id)));
  const unnamed = answers.of(input.unnamed);
  const closed = answers.closed();
  const kinds = new Array<number>(KIND_SLOTS).fill(closed);
  for (const kind of KINDS)
    kinds[KIND_NUMBER[kind]] = answers.of(
      input.kinds.get(kind) as Answer,
      moves.kinds.get(kind),
      CLOSED_KINDS.includes(kind),
    );

  const bytes = byteTables(automaton);
  const literals = automaton.states.flatMap(({ id, edges }) => edges.map((edge): Literal => ({ state: id, ...edge })));
  const needed: Record<Table, number> = {
    states: automaton.states.length,
    literals: literals.length,
    cells: bytes.cells.length,
    answers: answers.answers.length,
    decisions: answers.decisions.length,
    conditions: answers.conditions.length,
    ranges: answers.ranges.length,
    moves: moves.words.length,
  };
  const { imageClass, placement } = smallest(input, needed, literals);

  const number = (state: number): number => placement.numbers[state] as number;
  const states: (StateEntry | undefined)[] = [];
  for (const { id, edges, settled } of automaton.states)
    states[number(id)] = {
      dfa: bytes.starts.get(settled) ?? 0,
      fallback: number(settled.fallback),
      answer: stateAnswers[id] as number,
      names: edges.map(({ name }) => name),
    };
  for (const at of bytes.targets) {
    const { row, next } = bytes.cells[at] as Cell;
    bytes.cells[at] = { row, next: number(next) };
  }
  const { path, inet, abstract, family, place, head } = automaton.starts;
  return {
    imageClass,
    classOf: bytes.classOf,
    classCount: bytes.classCount,
    starts: {
      ...{ path: number(path), inet: number(inet), abstract: number(abstract), family: number(family) },
      ...{ place: number(place), head: number(head) },
    },
    version: input.policy.version,
    closed: answers.closedDecision,
    unnamed,
    kinds,
    seed: placement.seed,
    states,
    literals: Array.from(placement.slots, (index) => {
      const literal = literals[index];
      return literal && { name: literal.name, state: number(literal.state), to: number(literal.to) };
    }),
    cells: bytes.cells,
    answers: answers.answers,
    decisions: answers.decisions,
    conditions: answers.conditions,
    ranges: answers.ranges,
    moves: moves.words,
    ownCount: moves.ownCount,
    folderCount: moves.folderCount,
    used: { ...needed, states: states.length },
  };
}

/** The first class that holds all. */
function smallest(
  input: TablesInput,
  needed: Readonly<Record<Table, number>>,
  literals: readonly Literal[],
): { imageClass: ImageClass; placement: Placement } {
  for (const imageClass of IMAGE_CLASSES) {
    const capacity = CAPACITY[imageClass];
    const lacking = (Object.keys(needed) as Table[]).find((table) => needed[table] > capacity[table]);
    if (lacking !== undefined) {
      if (imageClass === 3)
        throw ruleError('image-full', greediest(input, lacking), {
          table: lacking,
          needed: needed[lacking],
          most: capacity[lacking],
        });
      continue;
    }
    const placement = placeLiterals(literals, needed.states, capacity.literals, capacity.states);
    if (placement !== null) return { imageClass, placement };
  }
  throw policyError('names-collide', input.policy, { literals: literals.length });
}

/** The rule that has most of the entries of a table. */
function greediest({ automaton, ranked, applies }: TablesInput, table: Table): Rule {
  const counts = new Map<number, number>();
  const add = (order: number, count: number): void => {
    if (order >= 0) counts.set(order, (counts.get(order) ?? 0) + count);
  };
  if (table === 'conditions' || table === 'ranges')
    applies.forEach((when, order) => {
      for (const test of [when?.onlyIf, when?.unless])
        if (test) add(order, table === 'conditions' ? 1 : (test.uids?.length ?? 0) + (test.gids?.length ?? 0));
    });
  else
    for (const { from } of automaton.states)
      for (const at of from.places) {
        if (table !== 'literals' && table !== 'cells') add(at.owner, 1);
        for (const [name, to] of at.literals)
          if (table === (fitsExactTable(name) ? 'literals' : 'cells'))
            add(to.owner, table === 'cells' ? name.length : 1);
        if (table === 'cells') for (const [glob, to] of at.globs) add(to.owner, glob.positions.length);
      }
  let [order, most] = [0, 0];
  // The first of several; there may be more rules than a call takes arguments.
  for (const [candidate, count] of counts) if (count > most) [order, most] = [candidate, count];
  return (ranked[order] as Ranked).rule;
}
