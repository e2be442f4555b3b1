// SPDX-License-Identifier: GPL-2.0-only
/** What a rule on folders is: it looks at the names of one folder, and says which of them are some of many. */
import type { Bytes } from '../../policy/bytes.js';
import type { Operation } from '../../policy/operations.js';
import type { Derived } from '../stems.js';
import type { Strength } from '../strength.js';

/** One name of a folder, as it was seen in all runs. */
export interface Entry {
  /** As a pattern has it: with the pattern of a rule on names, where one spoke. */
  readonly text: string;
  /** The name itself; null where it is a pattern already. */
  readonly name: Bytes | null;
  /** One of the names that were seen there. */
  readonly sample: Bytes;
  /** Runs in which it or something below it was used. */
  readonly runs: ReadonlySet<number>;
  /** What was done to it itself. */
  readonly operations: ReadonlySet<Operation>;
  /** How many names deep it goes below the folder: 1 is the name itself. */
  readonly depths: ReadonlySet<number>;
  /** A program of the application made it. */
  readonly made: boolean;
  /** It stood on the command line itself. */
  readonly given: boolean;
  /** The program was run with it by another of the application. */
  readonly passed: boolean;
  /** The name of data that it is made from; null: it is made from none. */
  readonly derived: Derived | null;
}

/** What is known of a folder. */
export interface FolderView {
  /** Those that no narrower rule has taken. */
  readonly entries: readonly Entry[];
  /** Names of it that were too many to be kept; 0: none. */
  readonly folded: number;
  /** Runs in which the program listed it. */
  readonly listed: ReadonlySet<number>;
  /** Runs in which anything in it was used. */
  readonly runs: ReadonlySet<number>;
  /** It, or a folder above it, stood on the command line or in the environment. */
  readonly named: boolean;
  /** The program was run with it, or with a folder above it, by another of the application. */
  readonly passed: boolean;
  /** It, or a folder above it, stood in a configuration file that the program read. */
  readonly configured: boolean;
  /** It may be named as a whole: not /, /etc, /usr, a home, /tmp, /run and their like. */
  readonly open: boolean;
  /** The package that alone owns what is in it; null: none, or several. */
  readonly owner: string | null;
  readonly strength: Strength;
}

/** Names that are named by one pattern from now on. */
export interface Group {
  /** A component, or `**` for all below. */
  readonly text: string;
  readonly entries: readonly Entry[];
  /** `9 names in 3 runs, all new in each`. */
  readonly evidence: string;
  /** New names are to be expected: what is there now is no measure of it. */
  readonly data: boolean;
  /** At most so many existing objects for one that was seen; absent: as everywhere outside of data folders. */
  readonly most?: number;
}

export interface FolderRule {
  readonly name: string;
  readonly reason: string;
  readonly apply: (view: FolderView) => readonly Group[];
}

/** `9 names in 3 runs`. */
export function counted(names: number, runs: number, what = 'name'): string {
  return `${names} ${what}${names === 1 ? '' : 's'} in ${runs} run${runs === 1 ? '' : 's'}`;
}

/** All runs that any of them was seen in. */
export function runsOf(entries: readonly Entry[]): Set<number> {
  return new Set(entries.flatMap(({ runs }) => [...runs]));
}
