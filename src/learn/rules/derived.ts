// SPDX-License-Identifier: GPL-2.0-only
import { counted, type Entry, type FolderRule, runsOf } from './folder.js';
import { literal } from './name.js';

/** Names that are made alike from different ones, before they say that one is made from each. */
const DERIVED_LEAST = 2;

/**
 * Derived names: what a program makes from files it is given, or finds in a folder that it lists, has their names in its own:
 * `letters/harbour.txt.gpg`, `.harbour.txt.swp`, `out/harbour.o`. Two that were made alike from different ones, by a program of the
 * application, become the name of any with the same signs before and behind. The folder may be another than that of the files.
 */
export const derivedRule: FolderRule = {
  name: 'derived name',
  reason: 'it is made from the name of what the program is given',
  apply: ({ strength, open, entries }) => {
    if (strength === 'exact' || !open) return [];
    const alike = new Map<string, { stems: Set<string>; entries: Entry[] }>();
    for (const entry of entries) {
      const { derived } = entry;
      if (derived === null || !entry.made) continue;
      const text = `${literal(derived.front)}*${literal(derived.back)}`;
      const known = alike.get(text) ?? { stems: new Set(), entries: [] };
      known.stems.add(derived.stem);
      known.entries.push(entry);
      alike.set(text, known);
    }
    return [...alike]
      .filter(([text, { stems }]) => text !== '*' && stems.size >= DERIVED_LEAST)
      .map(([text, found]) => ({
        ...{ text, entries: found.entries, data: true },
        evidence: `${counted(found.entries.length, runsOf(found.entries).size)}, made alike from names that the program was given or listed`,
      }));
  },
};
