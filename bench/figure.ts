// SPDX-License-Identifier: GPL-2.0-only
/** One figure of the benchmark, as its JSON holds it. */

export const PARTS = ['costs', 'programs', 'memory', 'events', 'commands'] as const;
export type Part = (typeof PARTS)[number];

/**
 * `instructions` of an emulated guest and `bytes` are counted: the same in every run of the same build, so that what rises is
 * worse. All others are timed, and depend on the machine and on what else it does.
 */
export type Unit = 'instructions' | 'bytes' | 'microseconds' | 'nanoseconds' | 'records';

export interface Figure {
  /** `host` for what was measured outside of a VM. */
  readonly kernel: string;
  /** Absent: costs. */
  readonly part?: Part;
  readonly mechanism: string;
  readonly operation: string;
  /** Absent: instructions. */
  readonly unit?: Unit;
  /** The median, with nothing that confines. */
  readonly base: number;
  /** What the mechanism adds to it. */
  readonly added: number;
  /** From the least to the 90th percentile. */
  readonly spread: number;
}

export const partOf = ({ part }: Figure): Part => part ?? 'costs';
export const unitOf = ({ unit }: Figure): Unit => unit ?? 'instructions';

/** Is it the same wherever and whenever it is measured? */
export function isCounted(figure: Figure): boolean {
  const unit = unitOf(figure);
  return unit === 'instructions' || unit === 'bytes';
}

/** The middle one, and how far it is from the least to the 90th percentile. Of none: 0. */
export function medianOf(values: readonly number[]): { readonly median: number; readonly spread: number } {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (place: number): number => sorted[Math.floor(place)] ?? 0;
  return { median: at(sorted.length / 2), spread: at(sorted.length * 0.9) - at(0) };
}
