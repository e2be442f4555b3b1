// SPDX-License-Identifier: GPL-2.0-only
/**
 * The fourth stage: states that nothing can tell apart become one, and every state gets the one form that all with the
 * same meaning share. Two spellings of a policy come out alike here.
 */
import type { Bytes } from '../policy/bytes.js';
import type { Answer } from './answers.js';
import type { Entry } from './grants.js';
import { ENTRIES } from './grants.js';
import { refine } from './refine.js';
import { type Settled, settle, settleNothing } from './settle.js';
import type { Automaton, State } from './subset.js';

/** A state of the smallest automaton. All numbers are of such states. */
export interface Least {
  readonly id: number;
  readonly answer: Answer;
  /** Names of the exact table, sorted: only those that the byte automaton or the fallback would get wrong. */
  readonly edges: readonly { readonly name: Bytes; readonly to: number }[];
  /** The same value for all states with the same byte automaton. */
  readonly settled: Settled;
  /** A state of the big automaton that it stands for. */
  readonly from: State;
}

export interface LeastAutomaton {
  /** State 0 is dead. Numbered by first visit from the starts, names in order, so spelling does not show. */
  readonly states: readonly Least[];
  readonly starts: Readonly<Record<Entry, number>>;
  /** By state of the big automaton, the one it became. */
  readonly became: Int32Array;
}

/** Merges equal states and brings all into their form. `kind`: states for which it differs are never equal. */
export function minimise(
  { states, starts }: Automaton,
  kind: (answer: Answer) => number = ({ id }) => id,
): LeastAutomaton {
  const forms = new Forms();
  const blocks = refine({
    count: states.length,
    kind: (id) => kind((states[id] as State).answer),
    successors: (id) => {
      const { edges, targets } = states[id] as State;
      return [...targets, ...edges.map(({ to }) => to)];
    },
    signature: (id, of) => {
      const state = states[id] as State;
      const form = forms.of(state, of);
      const edges = differing(state, of).map(({ name, to }) => `${forms.name(name)}:${of[to]}`);
      return `${form.id}|${edges.join()}`;
    },
  });

  const representatives: State[] = [];
  for (const state of states) representatives[blocks.of[state.id] as number] ??= state;
  const numbers = new Map<number, number>();
  const order: number[] = [];
  const visit = (block: number): void => {
    if (numbers.has(block)) return;
    numbers.set(block, order.length);
    order.push(block);
  };
  visit(blocks.of[0] as number);
  for (const entry of ENTRIES) visit(blocks.of[starts[entry]] as number);
  for (let index = 0; index < order.length; index++) {
    const state = representatives[order[index] as number] as State;
    for (const { to } of differing(state, blocks.of)) visit(blocks.of[to] as number);
    const { settled } = forms.of(state, blocks.of);
    for (const to of settled.to.subarray(1)) visit(to);
    visit(settled.fallback);
  }

  const renumbered = new Map<number, Settled>();
  const number = (block: number): number => numbers.get(block) as number;
  const least = order.map((block, id): Least => {
    const from = representatives[block] as State;
    const form = forms.of(from, blocks.of);
    let settled = renumbered.get(form.id);
    if (settled === undefined) {
      const { to, fallback } = form.settled;
      settled = { ...form.settled, to: to.map(number), fallback: number(fallback) };
      renumbered.set(form.id, settled);
    }
    const edges = differing(from, blocks.of).map(({ name, to }) => ({ name, to: number(blocks.of[to] as number) }));
    return { id, answer: from.answer, edges, settled, from };
  });
  const least0 = (entry: Entry): number => number(blocks.of[starts[entry]] as number);
  return {
    states: least,
    starts: Object.fromEntries(ENTRIES.map((entry) => [entry, least0(entry)])) as Record<Entry, number>,
    became: blocks.of.map((block) => numbers.get(block) ?? 0),
  };
}

/** The names that lead elsewhere than their bytes alone would. */
function differing(state: State, blocks: Int32Array): State['edges'] {
  return state.edges.filter(({ to, outcome }) => blocks[to] !== blocks[state.targets[outcome] as number]);
}

interface Form {
  readonly id: number;
  readonly settled: Settled;
}

/** Byte automata by what they say. */
class Forms {
  readonly #known = new Map<string, Form>();
  readonly #forms = new Map<string, Form>();
  readonly #names = new Map<Bytes, number>();

  /** The form of a state's byte automaton, told in blocks. */
  of({ rows, targets }: State, blocks: Int32Array): Form {
    const told = targets.map((target) => blocks[target] as number);
    // All that matches nothing and all that matches something lead to one place: there is nothing to look at.
    const key = rows === null || told.every((block) => block === told[0]) ? `${told[0]}` : `${rows.id}:${told.join()}`;
    let form = this.#known.get(key);
    if (form === undefined) {
      const settled = key.includes(':') && rows !== null ? settle(rows, told) : settleNothing(told[0] as number);
      form = this.#intern(settled);
      this.#known.set(key, form);
    }
    return form;
  }

  name(name: Bytes): number {
    const known = this.#names.get(name) ?? this.#names.size;
    this.#names.set(name, known);
    return known;
  }

  #intern(settled: Settled): Form {
    const { classOf, cells, to, start, fallback } = settled;
    const content =
      start === 0
        ? `${fallback}`
        : `${fallback}|${Buffer.from(classOf).toString('latin1')}|${cells.join()}|${to.join()}`;
    const known = this.#forms.get(content);
    if (known !== undefined) return known;
    const form = { id: this.#forms.size, settled };
    this.#forms.set(content, form);
    return form;
  }
}
