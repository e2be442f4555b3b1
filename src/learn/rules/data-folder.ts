// SPDX-License-Identifier: GPL-2.0-only
import { endingOf, endings } from './endings.js';
import { counted, type Entry, type FolderRule, type FolderView, runsOf } from './folder.js';

/** Entries of a folder that was listed, or named, before they say that all of it is meant. */
const USED_LEAST = 2;
/** The same of files without an ending that stood on the command line. */
const GIVEN_NAMELESS = 3;

/** Where stood what another program ran it with. */
const PASSED = 'among the arguments that another program ran it with';

/**
 * Data folders: a folder whose names were all or mostly new in each of two runs or more; or that was listed, or stood on the command
 * line, among the arguments that another program ran it with, or in a configuration file that the program read, and its entries were
 * then used alike; or two files of it stood on the command line, or among such arguments, and were used alike. One run with such a word is
 * enough, one without never is. All names of an ending where they all end alike, else all names; all below only where depths differed too.
 */
export const dataFolderRule: FolderRule = {
  name: 'data folder',
  reason: 'its names are other ones each time',
  apply: (view) => {
    if (view.strength === 'exact' || !view.open) return [];
    const found = overRuns(view) ?? listed(view) ?? named(view) ?? given(view);
    if (found === null) return [];
    const { entries, why } = found;
    // What one run says of depths is too little for all below.
    const depths = new Set(why.startsWith('the') ? [] : entries.flatMap(({ depths: one }) => [...one]));
    if (view.folded > 0)
      return [{ text: '*', entries, evidence: `more than ${view.folded} names, ${why}`, data: true }];
    if (depths.size > 1)
      return [{ text: '**', entries, evidence: `${evidenceOf(entries, view, why)}; depths differ`, data: true }];
    return endings(entries).map(({ text, alike }) => ({
      ...{ text, entries: alike, evidence: evidenceOf(alike, view, why), data: true },
    }));
  },
};

interface Found {
  readonly entries: readonly Entry[];
  readonly why: string;
}

function evidenceOf(entries: readonly Entry[], view: FolderView, why: string): string {
  return `${counted(entries.length, runsOf(entries).size)}, ${why}${view.listed.size > 0 && !why.includes('listed') ? '; the folder was listed' : ''}`;
}

/** Names that are not the same in all runs, and new ones in each run but the first. */
function overRuns(view: FolderView): Found | null {
  const runs = [...view.runs].sort((one, other) => one - other);
  if (runs.length < 2) return null;
  const varying = view.entries.filter(({ runs: seen }) => seen.size < runs.length);
  if (varying.length < 2) return null;
  // All or mostly new: of what a run used, besides what every run does, half at least was in no run before; or what was not new
  // had been there since it was, as in a folder that fills.
  const mostly = runs.slice(1).every((run, index) => {
    const used = varying.filter(({ runs: seen }) => seen.has(run));
    const old = used.filter(({ runs: seen }) => Math.min(...seen) !== run);
    const stays = old.every(({ runs: seen }) => seen.has(runs[index] as number));
    return old.length < used.length && (old.length * 2 <= used.length || stays);
  });
  if (!mostly) return null;
  const all = varying.every(({ runs: seen }) => seen.size === 1);
  return { entries: varying, why: `${all ? 'all' : 'mostly'} new in each` };
}

/** Entries that were used alike after the folder was listed. */
function listed(view: FolderView): Found | null {
  if (view.listed.size === 0) return null;
  const entries = usedAlike(unsettled(view), USED_LEAST, true);
  return entries.length === 0 ? null : { entries, why: 'the folder was listed, and they were used alike' };
}

/** Entries of a folder that whoever ran the program named, be it another program, or the configuration it read. */
function named(view: FolderView): Found | null {
  if (!view.named && !view.passed && !view.configured) return null;
  const least = view.named && view.strength === 'broad' ? 1 : USED_LEAST;
  const entries = usedAlike(unsettled(view), least, false);
  const where = view.named ? 'on the command line' : view.passed ? PASSED : 'in a configuration file';
  return entries.length === 0 ? null : { entries, why: `the folder stood ${where}, and they were used alike` };
}

/**
 * Entries that stood on the command line themselves, or on that of a program which another ran: which files they are is whoever runs it
 * to say. Two of one ending; three that have none, as the pattern for those is any name.
 */
function given(view: FolderView): Found | null {
  const chosen = unsettled(view).filter((entry) => entry.given || entry.passed);
  const byEnding = new Map<string, Entry[]>();
  for (const entry of chosen) {
    const ending = view.strength === 'broad' ? '*' : endingOf(entry);
    byEnding.set(ending, [...(byEnding.get(ending) ?? []), entry]);
  }
  const entries = [...byEnding].flatMap(([ending, some]) =>
    usedAlike(some, ending === '' ? GIVEN_NAMELESS : USED_LEAST, false),
  );
  const where = entries.some((entry) => entry.given) ? 'on the command line' : PASSED;
  return entries.length === 0 ? null : { entries, why: `they stood ${where}, and were used alike` };
}

/** What two runs or more used all of them is known by its name. */
function unsettled({ runs: all, entries }: FolderView): readonly Entry[] {
  return all.size < 2 ? entries : entries.filter(({ runs }) => runs.size < all.size);
}

/** @param looks names that were looked at and no more count too: what was listed is looked at one by one */
function usedAlike(entries: readonly Entry[], least: number, looks: boolean): Entry[] {
  const byUse = new Map<string, Entry[]>();
  for (const entry of entries) {
    const use = [...entry.operations]
      .filter((operation) => operation !== 'stat')
      .sort()
      .join();
    if (!looks && use === '' && entry.depths.size === 1 && entry.depths.has(1)) continue;
    const key = `${use} ${[...entry.depths].sort().join()}`;
    byUse.set(key, [...(byUse.get(key) ?? []), entry]);
  }
  return [...byUse.values()].filter((alike) => alike.length >= least).flat();
}
