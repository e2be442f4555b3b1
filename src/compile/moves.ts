// SPDX-License-Identifier: GPL-2.0-only
/**
 * Where a thing may be moved to: what the new place grants, to the thing itself and to all below it, is compared with what
 * the old one does. The kernel half compares two states of its walk; states that grant alike here and below share a class,
 * and a table of bits tells which classes grant no more than which.
 *
 * Class 0 is of all states that got no class of their own. A policy in force lets nothing pass between them and others; a
 * learner lets it pass where all of class 0 is permitted to a learner anyway.
 */
import { KINDS, type Kind } from '../policy/model.js';
import {
  ALIKE,
  FILE_OPERATIONS,
  NAMING,
  type Operation,
  operationMask,
  SOCKET_OPERATIONS,
} from '../policy/operations.js';
import type { Answer } from './answers.js';
import { Levels, type LevelsInput, type Own, VIEWS, type View } from './levels.js';
import { MOVE_STEPS_MAX, MOVES_MAX } from './limits.js';
import { type Least, type LeastAutomaton, minimise } from './minimise.js';
import { type Settled, targetOf } from './settle.js';
import type { Automaton } from './subset.js';

const but = (operations: readonly Operation[], others: readonly Operation[]): number =>
  operationMask(operations.filter((operation) => !others.includes(operation)));
const FILE = but(FILE_OPERATIONS, [...NAMING, 'list']);
const SOCKET = FILE | but(SOCKET_OPERATIONS, NAMING);
const FOLDER = FILE | operationMask(['list']);
const BELOW = but([...FILE_OPERATIONS, ...SOCKET_OPERATIONS], ['socket']);
const SAME = operationMask(ALIKE);
const LEAVES = operationMask(['delete', 'link']);
const ARRIVES = operationMask(['create']);

export interface MoveTable {
  /** By state of the least automaton: its class as a file or socket, and as a folder. */
  readonly owns: readonly number[];
  readonly folders: readonly number[];
  /** The class of an object without a path. */
  readonly kinds: ReadonlyMap<Kind, number>;
  /** Classes of each, class 0 included. */
  readonly ownCount: number;
  readonly folderCount: number;
  /**
   * Bits by old class and new, each row of whole words; in order: files, sockets, folders, each in force and then for a
   * learner.
   */
  readonly words: readonly number[];
}

export interface MovesInput extends LevelsInput {
  readonly big: Automaton;
  readonly least: LeastAutomaton;
  readonly kinds: ReadonlyMap<Kind, Answer>;
}

/** Compares all places that something can be moved between, as far as the limits allow. */
export function movesOf(input: MovesInput): MoveTable {
  const { big, least } = input;
  const levels = new Levels(input);
  const moves = (own: Own): boolean => levels.mayDo(LEAVES | ARRIVES, 'enforce', own);
  const kinds = new Map(KINDS.map((kind) => [kind, levels.ofKind(kind, input.kinds.get(kind) as Answer)]));
  const bound = (own: Own): boolean => moves(own) || !levels.free(BELOW, 'learn', own);
  if (![...kinds.values()].some(moves) && !least.states.some(({ answer }) => bound(levels.of(answer))))
    return NOTHING_MOVES;
  const alike = minimise(big, (answer) => levels.of(answer).id);
  const ownOf = ({ answer }: { answer: Answer }): Own => levels.of(answer);
  const reached = statesFrom(alike);
  const compared = VIEWS.map((view) => new Folders(alike, levels, view));
  const learning = compared[VIEWS.indexOf('learn')] as Folders;
  const ownFree = (own: Own): boolean => levels.free(BELOW, 'learn', own);
  const owns = inTurn([...reached.map(ownOf), ...kinds.values()], moves, ownFree);
  const folders = inTurn(
    reached,
    (state) => moves(ownOf(state)),
    (state) => learning.isFree(state),
  );
  const { small, large } = MOVES_MAX;
  const most = owns.wanted < small.owns && folders.wanted < small.folders ? small : large;
  const [ownRest, folderRest] = [owns.all.splice(most.owns - 1), folders.all.splice(most.folders - 1)];

  const words: number[] = [];
  for (const mask of [FILE, SOCKET])
    for (const view of VIEWS) {
      const within = (before: Own, after: Own): boolean => levels.within(mask, view, before, after);
      words.push(...matrix(owns.all, within, view === 'learn' && ownRest.every(ownFree) ? ownFree : null));
    }
  VIEWS.forEach((view, index) => {
    const free = (state: Least): boolean => learning.isFree(state);
    const within = (before: Least, after: Least): boolean => (compared[index] as Folders).within(before, after);
    words.push(...matrix(folders.all, within, view === 'learn' && folderRest.every(free) ? free : null));
  });
  const ownClass = new Map(owns.all.map((own, index) => [own, index + 1]));
  const folderClass = new Map(folders.all.map((state, index) => [state, index + 1]));
  const likeOf = ({ from }: Least): Least => alike.states[alike.became[from.id] as number] as Least;
  return {
    owns: least.states.map((state) => ownClass.get(ownOf(state)) ?? 0),
    folders: least.states.map((state) => folderClass.get(likeOf(state)) ?? 0),
    kinds: new Map([...kinds].map(([kind, own]) => [kind, ownClass.get(own) ?? 0])),
    ownCount: owns.all.length + 1,
    folderCount: folders.all.length + 1,
    words,
  };
}

/** No rule lets anything be moved, and none stands in a learner's way: all is class 0. */
const NOTHING_MOVES: MoveTable = {
  owns: [],
  folders: [],
  kinds: new Map(),
  ownCount: 1,
  folderCount: 1,
  words: [0, 1, 0, 1, 0, 1],
};

/** Each once, and first those that need a class most: what can be moved, then what may stand in a learner's way. */
function inTurn<T>(
  some: Iterable<T>,
  moves: (one: T) => boolean,
  isFree: (one: T) => boolean,
): { readonly all: T[]; readonly wanted: number } {
  const each = [...new Set(some)];
  const rank = (one: T): number => (moves(one) ? 0 : isFree(one) ? 2 : 1);
  const all = [0, 1, 2].flatMap((turn) => each.filter((one) => rank(one) === turn));
  return { all, wanted: all.filter((one) => rank(one) < 2).length };
}

/** The states of paths, dead one included: addresses are never moved. */
function statesFrom({ states, starts }: LeastAutomaton): Least[] {
  const seen = new Set([0, starts.path]);
  for (const id of seen) {
    for (const to of successorsOf(states[id] as Least)) seen.add(to);
  }
  return [...seen].sort((left, right) => left - right).map((id) => states[id] as Least);
}

/**
 * One bit a pair; the first row and column stand for class 0. `isFree`: all of class 0 is permitted everything, there and
 * below, and so is a class for which this holds; null: class 0 is like nothing.
 */
function matrix<T>(
  classes: readonly T[],
  within: (before: T, after: T) => boolean,
  isFree: ((one: T) => boolean) | null,
): number[] {
  const width = (classes.length + 1 + 31) >>> 5;
  const words: number[] = new Array(width).fill(isFree === null ? 0 : 0xffffffff);
  for (const before of classes) {
    const row: number[] = new Array(width).fill(0);
    if (isFree?.(before)) row[0] = 1;
    classes.forEach((after, index) => {
      const at = index + 1;
      if (within(before, after)) row[at >>> 5] = ((row[at >>> 5] as number) | (1 << (at & 31))) >>> 0;
    });
    words.push(...row);
  }
  return words;
}

/** Two states behind the same names, from an old and a new place on. */
interface Pair {
  readonly before: Least;
  readonly after: Least;
  /** Pairs one name further up. */
  readonly above: Pair[];
  more: boolean;
}

/** Folders compared with all that may be below them. */
class Folders {
  readonly #pairs = new Map<number, Pair>();
  readonly #names = new Map<Settled, Map<Settled, readonly (readonly [number, number])[]>>();
  readonly #edges = new Map<Least, Map<string, number>>();
  /** States at and below which everything is permitted, so that there is nothing to compare. */
  readonly #free: ReadonlySet<Least>;
  #steps = 0;

  constructor(
    private readonly automaton: LeastAutomaton,
    private readonly levels: Levels,
    private readonly view: View,
  ) {
    this.#free = freeOf(automaton, ({ answer }) => levels.free(BELOW, view, levels.of(answer)));
  }

  /** Is everything permitted there and below? */
  isFree(state: Least): boolean {
    return this.#free.has(state);
  }

  /** Does the new place grant no more, to the folder and below? False too where that would take too long to tell. */
  within(before: Least, after: Least): boolean {
    if (before === after) return true;
    const { levels, view } = this;
    const [old, now] = [levels.of(before.answer), levels.of(after.answer)];
    if (!levels.mayDo(LEAVES, view, old) || !levels.mayDo(ARRIVES, view, now)) return false;
    if (!levels.within(FOLDER, view, old, now) || this.#steps > MOVE_STEPS_MAX) return false;
    if (this.#free.has(before) && this.#free.has(after)) return true;
    const next = this.#next(before, after);
    this.#explore(next);
    return this.#steps <= MOVE_STEPS_MAX && next.every(({ more }) => !more);
  }

  #explore(found: readonly Pair[]): void {
    const pending = found.filter((pair) => this.#enter(pair));
    for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
      if (pair.more) continue;
      for (const next of this.#next(pair.before, pair.after)) {
        if (this.#enter(next)) pending.push(next);
        next.above.push(pair);
        if (next.more) this.#spread(pair);
      }
      if (this.#steps > MOVE_STEPS_MAX) return;
    }
  }

  readonly #entered = new Set<Pair>();

  /** True the first time. */
  #enter(pair: Pair): boolean {
    if (this.#entered.has(pair)) return false;
    this.#entered.add(pair);
    const { levels, view } = this;
    const [old, now] = [levels.of(pair.before.answer), levels.of(pair.after.answer)];
    if (!levels.within(BELOW, view, old, now) || !levels.within(SAME, view, now, old)) this.#spread(pair);
    return true;
  }

  /** More is granted there, and so below all that is above it. */
  #spread(from: Pair): void {
    const pending = [from];
    for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
      if (pair.more) continue;
      pair.more = true;
      pending.push(...pair.above);
    }
  }

  /** The pairs one name further on, but those of a state with itself. */
  #next(before: Least, after: Least): Pair[] {
    const next = new Set<Pair>();
    const add = (old: number, now: number): void => {
      this.#steps++;
      if (old === now) return;
      const [from, to] = [this.automaton.states[old] as Least, this.automaton.states[now] as Least];
      if (this.#free.has(from) && this.#free.has(to)) return;
      const key = old * this.automaton.states.length + now;
      let pair = this.#pairs.get(key);
      if (pair === undefined) {
        pair = { before: from, after: to, above: [], more: false };
        this.#pairs.set(key, pair);
      }
      next.add(pair);
    };
    const [olds, news] = [this.#edgesOf(before), this.#edgesOf(after)];
    for (const name of new Set([...olds.keys(), ...news.keys()]))
      add(olds.get(name) ?? targetOf(before.settled, name), news.get(name) ?? targetOf(after.settled, name));
    for (const [old, now] of this.#others(before.settled, after.settled)) add(old, now);
    return [...next];
  }

  #edgesOf(state: Least): Map<string, number> {
    const edges = this.#edges.get(state) ?? new Map(state.edges.map(({ name, to }) => [name, to]));
    this.#edges.set(state, edges);
    return edges;
  }

  /** Where both byte automata can lead to by one and the same name. */
  #others(before: Settled, after: Settled): readonly (readonly [number, number])[] {
    const known = this.#names.get(before) ?? new Map<Settled, readonly (readonly [number, number])[]>();
    this.#names.set(before, known);
    const others = known.get(after) ?? this.#product(before, after);
    known.set(after, others);
    return others;
  }

  #product(before: Settled, after: Settled): (readonly [number, number])[] {
    const bytes = new Map<string, number>();
    for (let byte = 1; byte < 256; byte++)
      if (byte !== 0x2f) bytes.set(`${before.classOf[byte]},${after.classOf[byte]}`, byte);
    const step = ({ start, classOf, classCount, cells }: Settled, row: number, byte: number): number =>
      row === 0 || start === 0 ? 0 : (cells[(row - 1) * classCount + (classOf[byte] as number)] as number);
    const key = (old: number, now: number): number => old * after.count + now;
    const seen = new Set<number>();
    const pending: [number, number][] = [[before.start, after.start]];
    const found = new Map<string, readonly [number, number]>();
    for (let rows = pending.pop(); rows !== undefined; rows = pending.pop())
      for (const byte of bytes.values()) {
        const next: [number, number] = [step(before, rows[0], byte), step(after, rows[1], byte)];
        this.#steps++;
        if (seen.has(key(...next))) continue;
        seen.add(key(...next));
        pending.push(next);
        const ends = [endOf(before, next[0]), endOf(after, next[1])] as const;
        found.set(ends.join(), ends);
      }
    return [...found.values()];
  }
}

function endOf({ to, fallback }: Settled, row: number): number {
  return row === 0 ? fallback : (to[row] as number);
}

function successorsOf({ edges, settled }: Least): number[] {
  return [...edges.map(({ to }) => to), ...settled.to, settled.fallback];
}

/** The states for which `isFree` holds, and holds for all that can be reached from them. */
function freeOf({ states }: LeastAutomaton, isFree: (state: Least) => boolean): Set<Least> {
  const before: number[][] = states.map(() => []);
  for (const state of states) for (const to of successorsOf(state)) before[to]?.push(state.id);
  const bound = new Set(states.filter((state) => !isFree(state)).map(({ id }) => id));
  for (const id of bound) for (const above of before[id] as number[]) bound.add(above);
  return new Set(states.filter(({ id }) => !bound.has(id)));
}
