// SPDX-License-Identifier: GPL-2.0-only
/**
 * How much work the compiler does before it gives up. What an image can hold is in layout.ts; these keep the steps
 * before that from running for minutes on a policy that would not fit anyway.
 */

/** States of the automaton over components, before equal ones are merged. */
export const STATES_MAX = 150_000;
/** Places of the tree over all these states: bounds the memory of the subset construction. */
export const STATE_PLACES_MAX = 2_000_000;
/** Steps by literal names over all these states. */
export const STEPS_MAX = 4_000_000;
/** States of one automaton over the bytes of a name. */
export const BYTE_STATES_MAX = 100_000;
/** Positions over all states of one such automaton. */
export const BYTE_PLACES_MAX = 4_000_000;
/** A glob that stands for no more names than this is taken as these names. */
export const NAMES_OF_GLOB_MAX = 16;
/** Ways one path pattern may be taken apart into, when its globs stand for few names. */
export const WAYS_MAX = 64;
/** Names placed while looking for a seed and for numbers of states, over all attempts for one class of image. */
export const PLACEMENTS_MAX = 3_000_000;
/** Names below `**` times folders: above it these names are found by bytes, not by the exact table. */
export const DEEP_LITERALS_MAX = 1 << 15;
/** Kinds of callers that conditions tell apart, by which two places are compared exactly. */
export const CALLERS_MAX = 256;
/**
 * Classes of what a place grants, to itself and below: how many are compared with each other, in the smallest image and in
 * larger ones. Those at which something can be moved come first.
 */
export const MOVES_MAX = { small: { owns: 32, folders: 64 }, large: { owns: 128, folders: 256 } } as const;
/** Pairs of states looked at, and steps from one pair to another, while folders are compared. */
export const MOVE_STEPS_MAX = 100_000;
