/**
 * Places for the names of the exact table. The matcher looks at PROBES consecutive slots and stops at an empty one, so
 * a name must stand near its hash with no hole before it. Robin Hood insertion gives the smallest greatest distance; a
 * seed is looked for with which that is small enough.
 */
import type { Bytes } from '../policy/bytes.js';
import { literalHalves, PROBES } from './layout.js';
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
const FACTOR_STATE: Wide = { low: 0x6659fd93, high: 0xd6e8feb8 };
const FACTOR_LAST_LOW = 0x7f4a7c15;
const FACTOR_LAST_HIGH = 0x9e3779b9;

/** What the header's cg_literal_hash has mixed before the seed comes in. */
export function literalMix(state: number, name: string): Wide {
  const halves = literalHalves(name);
  const word = (index: number): Wide => ({ low: halves[index * 2] as number, high: halves[index * 2 + 1] as number });
  const [w0, w1, w2] = [word(0), times(word(1), FACTOR_1), times(word(2), FACTOR_2)];
  const stateAndLength = { low: ((state << 8) | name.length) >>> 0, high: state >>> 24 };
  const w3 = times(stateAndLength, FACTOR_STATE);
  return { low: (w0.low ^ w1.low ^ w2.low ^ w3.low) >>> 0, high: (w0.high ^ w1.high ^ w2.high ^ w3.high) >>> 0 };
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

/**
 * Finds a seed and places for all literals in a table of `slots` (a power of two). Null: none was found in
 * PLACEMENTS_MAX tries.
 */
export function placeLiterals(literals: readonly Literal[], slots: number): Placement | null {
  if (literals.length > slots * FULLEST) return null;
  const mixes = literals.map(({ state, name }) => literalMix(state, name));
  const low = Uint32Array.from(mixes, (mix) => mix.low);
  const high = Uint32Array.from(mixes, (mix) => mix.high);
  let budget = PLACEMENTS_MAX;
  for (let attempt = 0; budget >= 0; attempt++) {
    const seed = seedOf(attempt);
    const { table, tried } = insert(low, high, seed, slots);
    if (table !== null) return { seed, slots: table };
    budget -= tried;
  }
  return null;
}

/** Part of the slots above which no seed would ever be found. */
const FULLEST = 0.75;

function insert(
  low: Uint32Array,
  high: Uint32Array,
  seed: Wide,
  slots: number,
): { table: Int32Array | null; tried: number } {
  const table = new Int32Array(slots).fill(-1);
  const distances = new Uint8Array(slots);
  const mask = slots - 1;
  for (let index = 0; index < low.length; index++) {
    let carried = index;
    let distance = 0;
    let at = literalSlot((low[index] as number) ^ seed.low, (high[index] as number) ^ seed.high) & mask;
    for (;;) {
      const there = table[at] as number;
      if (there < 0) {
        table[at] = carried;
        distances[at] = distance;
        break;
      }
      const other = distances[at] as number;
      if (other < distance) {
        table[at] = carried;
        distances[at] = distance;
        carried = there;
        distance = other;
      }
      at = (at + 1) & mask;
      if (++distance === PROBES) return { table: null, tried: index + 1 };
    }
  }
  return { table, tried: low.length };
}
