// SPDX-License-Identifier: GPL-2.0-only
/** What runs showed, counted as it is written. */
import type { Sight } from './completeness.js';
import type { Run } from './run.js';
import type { Written } from './written.js';

/** What at least so many runs showed, counted as it is written: names that one pattern stands for are one. */
export function shownIn(written: readonly Written[], least: number): readonly Written[] {
  if (least < 2) return written;
  const sights = new Map(sightsOf(written).map(({ operation, text, runs }) => [`${operation} ${text}`, runs.size]));
  return written.filter(
    ({ observation, text }) =>
      observation.count === 0 || (sights.get(`${observation.operation} ${text}`) ?? 0) >= least,
  );
}

export function sightsOf(written: readonly Written[]): Sight[] {
  const sights = new Map<string, { operation: string; text: string; runs: Set<number> }>();
  for (const { observation, key, text } of written) {
    if (observation.count === 0) continue;
    const { operation, runs = [0] } = observation;
    const name = `${operation} ${key} ${text}`;
    const known = sights.get(name) ?? { operation, text, runs: new Set<number>() };
    for (const run of runs) known.runs.add(run);
    sights.set(name, known);
  }
  return [...sights.values()];
}

export function runsIn(runs: readonly Run[]): number {
  return runs.filter(({ header }) => !header.partial).length;
}
