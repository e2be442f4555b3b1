// SPDX-License-Identifier: GPL-2.0-only
/**
 * How complete learning is: what each run added, and what another one would still show. By the estimate of Good and Turing over
 * runs: what was seen in one run only, over the number of runs, is what the next is expected to show for the first time.
 */

import { counted } from '../policy/counted.js';

/** One thing that is permitted: an operation on an object as the policy has it. */
export interface Sight {
  readonly operation: string;
  readonly text: string;
  /** Runs it was seen in, by their numbers from 0. */
  readonly runs: ReadonlySet<number>;
}

export interface Completeness {
  readonly runs: number;
  /** By run: what it showed, and what of it was in no run before. */
  readonly byRun: readonly { readonly seen: number; readonly fresh: number }[];
  /** Things that all runs together showed. */
  readonly seen: number;
  /** Things that one run alone showed. */
  readonly once: readonly Sight[];
  /** Things that no whole run showed, and a partial one did. */
  readonly complained: number;
  /** Things that the next run is expected to show for the first time; null: one run tells nothing about the next. */
  readonly expected: number | null;
}

/** @param runs how many whole ones there were; what was seen in none of them a session complained of */
export function completenessOf(sights: readonly Sight[], runs: number): Completeness {
  const known = sights.filter((sight) => sight.runs.size > 0);
  const byRun = Array.from({ length: runs }, (_, run) => {
    const seen = known.filter((sight) => sight.runs.has(run));
    return { seen: seen.length, fresh: seen.filter((sight) => Math.min(...sight.runs) === run).length };
  });
  const once = known.filter((sight) => sight.runs.size === 1);
  const complained = sights.length - known.length;
  // After all runs it was new once more: as what one run alone showed.
  const expected = runs < 2 ? null : (once.length + complained) / runs;
  return { runs, byRun, seen: known.length, once, complained, expected };
}

/** In a line: `3 runs: the last showed 2 of 61 for the first time, the next may show about 1.0`. */
export function completenessLine({ runs, byRun, complained, expected }: Completeness): string {
  const more = complained === 0 ? '' : ` (and ${counted(complained, 'observation')} of partial runs alone)`;
  const last = byRun.at(-1);
  if (last === undefined) return `no whole run${more}: what a whole one would show is not known`;
  if (expected === null) return `1 run${more}: what another would show is not known`;
  return `${runs} runs: the last showed ${last.fresh} of ${last.seen} for the first time${more}, the next may show ${about(expected)}`;
}

function about(number: number): string {
  return number < 0.05 ? 'none' : `about ${number < 10 ? number.toFixed(1) : number.toFixed(0)}`;
}
