// SPDX-License-Identifier: GPL-2.0-only
/**
 * Places for the names of the exact table. The matcher looks at PROBES consecutive slots and stops at an empty one, so
 * a name must stand near its hash with no hole before it. Robin Hood insertion gives the smallest greatest distance;
 * where that is not small enough a state gets another number, which moves all its names, or the table another seed.
 */
import type { Bytes } from '../policy/bytes.js';
import { literalHalves, literalKey, PROBES } from './layout.js';
import { PLACEMENTS_MAX } from './limits.js';

export interface Literal {
  readonly state: number;
  readonly name: Bytes;
  readonly to: number;
}

export interface Placement {
  /** Halves of the 64-bit seed. */
  readonly seed: Wide;
  /** For each slot the index of its literal, or -1. */
  readonly slots: Int32Array;
  /** The number each state has in the image. State 0 keeps its own. */
  readonly numbers: Int32Array;
}

/** A 64-bit number in two halves. */
export interface Wide {
  readonly low: number;
  readonly high: number;
}

/** Bits 32 to 63 of the product of two 32-bit numbers, the second below 2^31 or not. */
function highProduct(one: number, other: number): number {
  const [a, b, c, d] = [one >>> 16, one & 0xffff, other >>> 16, other & 0xffff];
  const middle = b * c + ((b * d) >>> 16);
  const carry = a * d + (middle % 0x10000);
  return (a * c + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/** The product modulo 2^64. */
function times(one: Wide, other: Wide): Wide {
  const crossed = Math.imul(one.low, other.high) + Math.imul(one.high, other.low);
  return { low: Math.imul(one.low, other.low) >>> 0, high: (highProduct(one.low, other.low) + crossed) >>> 0 };
}

const FACTOR_1: Wide = { low: 0x27d4eb4f, high: 0xc2b2ae3d };
const FACTOR_2: Wide = { low: 0x9e3779f9, high: 0x165667b1 };
const FACTOR_KEY: Wide = { low: 0x6659fd93, high: 0xd6e8feb8 };
const FACTOR_LAST_LOW = 0x7f4a7c15;
const FACTOR_LAST_HIGH = 0x9e3779b9;

/** What of the hash depends on the name alone, and the name's length. */
export interface NameMix extends Wide {
  readonly length: number;
}

export function nameMix(name: string): NameMix {
  const halves = literalHalves(name);
  const word = (index: number): Wide => ({ low: halves[index * 2] as number, high: halves[index * 2 + 1] as number });
  const [w0, w1, w2] = [word(0), times(word(1), FACTOR_1), times(word(2), FACTOR_2)];
  return { low: (w0.low ^ w1.low ^ w2.low) >>> 0, high: (w0.high ^ w1.high ^ w2.high) >>> 0, length: name.length };
}

/** What the header's cg_literal_hash has mixed before the seed comes in. */
export function literalMix(state: number, name: NameMix): Wide {
  const mix = times({ low: literalKey(state, name.length), high: 0 }, FACTOR_KEY);
  return { low: (name.low ^ mix.low) >>> 0, high: (name.high ^ mix.high) >>> 0 };
}

/** The slot, before masking, of what is mixed and has the seed in it. */
export function literalSlot(low: number, high: number): number {
  const crossed = Math.imul(low, FACTOR_LAST_HIGH) + Math.imul(high, FACTOR_LAST_LOW);
  const top = (highProduct(low >>> 0, FACTOR_LAST_LOW) + crossed) >>> 0;
  return (top >>> 14) ^ (top >>> 23);
}

/** One of the random-looking, but always the same, seeds. Seed 0 is 0. */
function seedOf(attempt: number): Wide {
  return { low: scramble(attempt), high: (scramble(attempt ^ 0x5bd1e995) ^ scramble(0x5bd1e995)) >>> 0 };
}

function scramble(value: number): number {
  let mixed = value >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) >>> 0;
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Part of the slots above which no places are looked for. */
const FULLEST = 0.8;

/**
 * Finds a seed, numbers for the states and places for all literals, in tables of so many slots (a power of two) and
 * states. Null: none were found in PLACEMENTS_MAX tries.
 *
 * A state keeps its number unless its names find no place under it; then it gets one that no state has. Those with
 * most names choose first.
 */
export function placeLiterals(
  literals: readonly Literal[],
  states: number,
  slots: number,
  capacity: number,
): Placement | null {
  if (literals.length > slots * FULLEST) return null;
  const byState = new Map<number, number[]>();
  literals.forEach(({ state }, index) => {
    const of = byState.get(state);
    if (of === undefined) byState.set(state, [index]);
    else of.push(index);
  });
  const order = [...byState].sort(([, left], [, right]) => right.length - left.length);
  const names = literals.map(({ name }) => nameMix(name));
  let budget = PLACEMENTS_MAX;
  for (let attempt = 0; budget >= 0; attempt++) {
    const table = new SlotTable(slots, seedOf(attempt));
    const numbers = Int32Array.from({ length: states }, (_, state) => state);
    const free = Array.from({ length: Math.min(capacity - states, FREE_MAX) }, (_, index) => states + index);
    const fits = (own: readonly number[], number: number): boolean => {
      budget -= own.length;
      return budget >= 0 && table.insert(own, names, number);
    };
    const placed = order.every(([state, own]) => {
      if (fits(own, state)) return true;
      const at = free.findIndex((number) => fits(own, number));
      if (at < 0) return false;
      numbers[state] = free[at] as number;
      free[at] = state;
      return true;
    });
    if (placed) return { seed: table.seed, slots: table.slots, numbers };
  }
  return null;
}

/** Unused numbers that a state may choose from. */
const FREE_MAX = 512;

/** The table while it is filled. */
class SlotTable {
  readonly slots: Int32Array;
  readonly #distances: Uint8Array;
  readonly #mask: number;

  constructor(
    count: number,
    readonly seed: Wide,
  ) {
    this.slots = new Int32Array(count).fill(-1);
    this.#distances = new Uint8Array(count);
    this.#mask = count - 1;
  }

  /** Puts the names of one state in, if all find a place; else changes nothing. */
  insert(literals: readonly number[], names: readonly NameMix[], state: number): boolean {
    const undo: number[] = [];
    for (const literal of literals) {
      const { low, high } = literalMix(state, names[literal] as NameMix);
      let carried = literal;
      let distance = 0;
      let at = literalSlot(low ^ this.seed.low, high ^ this.seed.high) & this.#mask;
      for (;;) {
        const there = this.slots[at] as number;
        const other = this.#distances[at] as number;
        if (there < 0 || other < distance) {
          undo.push(at, there, other);
          this.slots[at] = carried;
          this.#distances[at] = distance;
          if (there < 0) break;
          carried = there;
          distance = other;
        }
        at = (at + 1) & this.#mask;
        if (++distance === PROBES) {
          for (let index = undo.length - 3; index >= 0; index -= 3) {
            const slot = undo[index] as number;
            this.slots[slot] = undo[index + 1] as number;
            this.#distances[slot] = undo[index + 2] as number;
          }
          return false;
        }
      }
    }
    return true;
  }
}
