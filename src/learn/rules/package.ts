// SPDX-License-Identifier: GPL-2.0-only
import type { Operation } from '../../policy/operations.js';
import { endings } from './endings.js';
import { counted, type Entry, type FolderRule, runsOf } from './folder.js';

/** Entries of a package's folder that were used alike, before they stand for all of it. */
const USED_LEAST = 2;
/** Granted over seen: what a package brings is there to be counted. */
const GRANTED_MOST = 1.5;

const READING: ReadonlySet<Operation> = new Set(['read', 'list', 'stat']);

/**
 * Packages: what one package alone owns stands together, so that a file which an upgrade adds to `/usr/share/NAME` does not break
 * the program. Only of folders that no other package puts anything into, only for reading, and only where most of what would be granted was
 * seen: a program that reads three of a thousand files is not given the others.
 */
export const packageRule: FolderRule = {
  name: 'package',
  reason: 'one package owns the folder, and an upgrade may bring another file',
  apply: ({ owner, open, entries, strength }) => {
    if (owner === null || !open || strength === 'exact') return [];
    const byUse = new Map<string, Entry[]>();
    for (const entry of entries) {
      if (entry.name === null || entry.depths.size !== 1 || !entry.depths.has(1)) continue;
      if ([...entry.operations].some((operation) => !READING.has(operation)) || !entry.operations.has('read')) continue;
      const use = [...entry.operations].filter((operation) => operation !== 'stat').join();
      byUse.set(use, [...(byUse.get(use) ?? []), entry]);
    }
    return [...byUse.values()]
      .filter((alike) => alike.length >= USED_LEAST)
      .flatMap(endings)
      .map(({ text, alike }) => ({
        ...{ text, entries: alike, data: false, most: GRANTED_MOST },
        evidence: `${counted(alike.length, runsOf(alike).size)}, of the package ${owner}`,
      }));
  },
};
