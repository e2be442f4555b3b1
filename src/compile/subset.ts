// SPDX-License-Identifier: GPL-2.0-only
/**
 * The third stage: the tree becomes deterministic. A state is the set of places at which a path may stand; it knows, for
 * the names its patterns spell out, the state each leads to, and for all others an automaton over their bytes.
 */
import type { Bytes } from '../policy/bytes.js';
import { MASK_BITS } from '../policy/operations.js';
import type { Answer, Answers } from './answers.js';
import { ruleError } from './errors.js';
import type { Glob } from './globs.js';
import type { Entry, Mark, Ranked } from './grants.js';
import { ENTRIES, KERNEL_MASK } from './grants.js';
import { fitsExactTable } from './layout.js';
import { BYTE_STATES_MAX, STATE_PLACES_MAX, STATES_MAX, STEPS_MAX } from './limits.js';
import { outcomeOf, type Rows, rowsOf, TooManyRows } from './rows.js';
import { everywhere, type Place, type Tree, type Unconditional } from './tree.js';

/** A name the exact table may hold: where it leads, and what the byte automaton says of it. */
export interface Edge {
  readonly name: Bytes;
  readonly to: number;
  readonly outcome: number;
}

export interface State {
  readonly id: number;
  readonly places: readonly Place[];
  readonly answer: Answer;
  /** Sorted by name. */
  readonly edges: readonly Edge[];
  /** Null: the state has no globs. */
  readonly rows: Rows | null;
  /** By outcome of `rows`; the first, which is there even without rows, is the fallback. */
  readonly targets: readonly number[];
}

export interface Automaton {
  /** State 0 is dead. */
  readonly states: readonly State[];
  readonly starts: Readonly<Record<Entry, number>>;
}

export interface SubsetOptions {
  readonly tree: Tree;
  readonly ranked: readonly Ranked[];
  readonly answers: Answers;
  readonly unconditional: Unconditional;
  /** Find the names below a `**` by their bytes, not by the exact table of every state. */
  readonly deepByBytes: boolean;
}

/** The subset construction. Throws CompileError where it would take too much. */
export function automatonOf(options: SubsetOptions): Automaton {
  return new Subset(options).run();
}

class Subset {
  readonly #states: State[] = [];
  readonly #ids = new Map<string, number>();
  readonly #pending: (readonly Place[])[] = [];
  readonly #rows = new Map<string, Rows>();
  readonly #longNames = new Map<Bytes, Glob>();
  #held = 0;
  #steps = 0;

  constructor(private readonly options: SubsetOptions) {}

  run(): Automaton {
    this.#intern([]);
    const { entries } = this.options.tree;
    const starts = Object.fromEntries(ENTRIES.map((entry) => [entry, this.#intern([entries[entry]])]));
    for (let id = 0; id < this.#pending.length; id++) this.#states.push(this.#state(id));
    return { states: this.#states, starts: starts as Record<Entry, number> };
  }

  #intern(reached: readonly Place[]): number {
    const places = this.#useful(reached);
    const key = places.map(({ id }) => id).join();
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#pending.length;
    this.#held += places.length;
    if (id >= STATES_MAX || this.#held > STATE_PLACES_MAX)
      throw ruleError('too-many-states', this.#busiest(), { most: STATES_MAX });
    this.#ids.set(key, id);
    this.#pending.push(places);
    return id;
  }

  /** The places with the insides of their `**`, without those that can no longer decide anything; in order. */
  #useful(reached: readonly Place[]): Place[] {
    const all = new Set<Place>();
    for (const at of reached) {
      all.add(at);
      if (at.deep !== null) all.add(at.deep);
    }
    const places = [...all].sort((left, right) => left.id - right.id);
    if (places.length < 2) return places;
    const settled = this.#settledForGood(places);
    return settled === null ? places : places.filter((at) => this.#canDecide(at, settled));
  }

  /**
   * A `**` at the end of a pattern decides everything further down, so what stands after it in the order has no say.
   * For each operation the first such order and the place it comes from.
   */
  #settledForGood(places: readonly Place[]): { order: Float64Array; by: (Place | undefined)[] } | null {
    let settled: { order: Float64Array; by: (Place | undefined)[] } | null = null;
    const { ranked, tree } = this.options;
    const acts = places.some((at) => tree.leadsToKernel[at.id] === 1);
    for (const at of places) {
      if (!at.loops || at.deep !== null) continue;
      settled ??= { order: new Float64Array(MASK_BITS).fill(Number.POSITIVE_INFINITY), by: [] };
      for (const { order, mask: marked, full } of at.marks) {
        if (!this.options.unconditional(order)) continue;
        const mask = acts ? marked & everywhere(ranked, { order, full }) : marked;
        for (let bit = 0; bit < MASK_BITS; bit++)
          if ((mask & (1 << bit)) !== 0 && order < (settled.order[bit] as number)) {
            settled.order[bit] = order;
            settled.by[bit] = at;
          }
      }
    }
    return settled;
  }

  #canDecide(at: Place, settled: { order: Float64Array; by: (Place | undefined)[] }): boolean {
    const { earliest, leadsToProgram, leadsToKernel } = this.options.tree;
    if (leadsToProgram[at.id] === 1 || leadsToKernel[at.id] === 1) return true;
    const none = this.options.ranked.length + 1;
    for (let bit = 0; bit < MASK_BITS; bit++) {
      const first = earliest[at.id * MASK_BITS + bit] as number;
      if (first === none) continue;
      if (settled.by[bit] === at || first < (settled.order[bit] as number)) return true;
    }
    return false;
  }

  #state(id: number): State {
    const places = this.#pending[id] as readonly Place[];
    const always: Place[] = [];
    const named = new Map<Bytes, Place[]>();
    const globbed = new Map<Glob, Place[]>();
    const put = <K>(map: Map<K, Place[]>, key: K, to: Place): void => {
      const known = map.get(key);
      if (known === undefined) map.set(key, [to]);
      else known.push(to);
    };
    for (const at of places) {
      if (at.loops) always.push(at);
      if (at.any !== null) always.push(at.any);
      if (at.below !== null) always.push(at.below);
      for (const [glob, to] of at.globs) put(globbed, glob, to);
      const byBytes = at.loops && this.options.deepByBytes;
      for (const [name, to] of at.literals)
        if (byBytes || !fitsExactTable(name)) put(globbed, this.#long(name), to);
        else put(named, name, to);
    }
    const rows = globbed.size === 0 ? null : this.#rowsOf([...globbed.keys()]);
    const along = (globs: readonly Glob[]): Place[] => [
      ...always,
      ...globs.flatMap((glob) => globbed.get(glob) as Place[]),
    ];
    const targets = (rows?.outcomes ?? [[]]).map((globs) => this.#intern(along(globs)));
    this.#steps += named.size + targets.length;
    if (this.#steps > STEPS_MAX) throw ruleError('too-many-states', this.#busiest(), { most: STATES_MAX });
    const edges = [...named.keys()].sort().map((name): Edge => {
      const outcome = rows === null ? 0 : outcomeOf(rows, name);
      const reached = [...along(rows?.outcomes[outcome] ?? []), ...(named.get(name) as Place[])];
      return { name, to: this.#intern(reached), outcome };
    });
    return { id, places, answer: this.#answer(places), edges, rows, targets };
  }

  #long(name: Bytes): Glob {
    const glob = this.#longNames.get(name) ?? this.options.tree.globs.literal(name);
    this.#longNames.set(name, glob);
    return glob;
  }

  #rowsOf(globs: Glob[]): Rows {
    globs.sort((left, right) => left.id - right.id);
    const key = globs.map(({ id }) => id).join();
    let rows = this.#rows.get(key);
    if (rows === undefined) {
      try {
        rows = rowsOf(this.#rows.size, globs, this.options.tree.globs);
      } catch (error) {
        if (error instanceof TooManyRows) throw this.#tooComplex(error.glob);
        throw error;
      }
      this.#rows.set(key, rows);
    }
    return rows;
  }

  #tooComplex(glob: Glob) {
    const { places } = this.options.tree;
    const child = (at: Place): Place | undefined => at.globs.get(glob) ?? at.literals.get(glob.text as Bytes);
    const at = places.find((at) => child(at) !== undefined);
    const owner = at === undefined ? 0 : Math.max(0, child(at)?.owner ?? 0);
    const { rule } = this.options.ranked[owner] as Ranked;
    return ruleError('pattern-too-complex', rule, { pattern: glob.text, most: BYTE_STATES_MAX });
  }

  #answer(places: readonly Place[]): Answer {
    const program = places.find((at) => at.program !== 0)?.program ?? 0;
    const marks: Mark[] = places.length === 1 ? (places[0] as Place).marks : places.flatMap((at) => at.marks);
    if (places.length > 1) marks.sort((left, right) => left.order - right.order);
    const { answers, ranked } = this.options;
    if (!places.some((at) => at.kernel)) return answers.of(marks, program);
    const spelt = marks.map((mark) => ({ ...mark, mask: mark.mask & everywhere(ranked, mark) }));
    return answers.of(spelt, program, KERNEL_MASK);
  }

  /** The rule whose places occur in most states. */
  #busiest() {
    const counts = new Map<number, number>();
    for (const places of this.#pending)
      for (const owner of new Set(places.map((at) => at.owner)))
        if (owner >= 0) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    const most = Math.max(...counts.values());
    const owner = [...counts].find(([, count]) => count === most)?.[0] ?? 0;
    return (this.options.ranked[owner] as Ranked).rule;
  }
}
