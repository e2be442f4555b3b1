// SPDX-License-Identifier: GPL-2.0-only
/** What learning goes by, and what comes of it for one program. */
import type { PathPattern, Policy, Rule } from '../policy/model.js';
import type { Statement } from '../policy/statement.js';
import type { Surroundings } from '../policy/surroundings.js';
import type { Certificate } from './certificate.js';
import type { Completeness } from './completeness.js';
import type { Machine } from './places.js';
import type { Run } from './run.js';
import type { Strength } from './strength.js';

export interface Existing {
  readonly file: string;
  readonly text: string;
  readonly policy: Policy;
  /** What the learner last wrote of it; absent: nothing of it is the learner's. */
  readonly written?: OwnWritten;
}

/** What the learner wrote of a policy. */
export interface OwnWritten {
  /** A policy of its statements alone, without groups. */
  readonly text: string;
  /** The groups it chose; null: they are a person's. */
  readonly use: readonly string[] | null;
  /** The list of system calls; absent: it wrote none. */
  readonly calls?: readonly string[];
}

export interface Group {
  readonly name: string;
  readonly rules: readonly Rule[];
}

export interface LearnInput {
  /** All runs that are kept, the oldest first. */
  readonly runs: readonly Run[];
  readonly existing: readonly Existing[];
  /** Groups that a new policy may use, the most telling first. */
  readonly groups: readonly Group[];
  readonly sensitive: readonly PathPattern[];
  readonly userName: (uid: number) => string | null;
  /** The interpreter of a script; undefined for what is none. */
  readonly interpreter: (program: string) => string | undefined;
  /** Of the last run. */
  readonly certificate: Certificate;
  readonly around: Surroundings;
  readonly machine: Machine;
  readonly strength: Strength;
  /** Only what so many runs showed, as it is written; absent: 1. */
  readonly leastRuns?: number;
}

export interface LearntPolicy {
  readonly program: string;
  /** Null: there was none. */
  readonly existing: Existing | null;
  readonly text: string;
  readonly added: readonly Statement[];
  readonly use: readonly string[];
  /** What was done and is never learned, `write /proc/sys/kernel/core_pattern`: only a person permits it. */
  readonly withheld: readonly string[];
  /** The statements could not be added to the text that is there, which stays: a policy of them alone. Null: they could. */
  readonly beside: string | null;
  /** Moves that were seen and that it refuses all the same, and why. */
  readonly refused: readonly string[];
  /** What is the learner's of it: known again by it the next time. */
  readonly written: OwnWritten;
  readonly completeness: Completeness;
  /** Names that were too many to be kept, and that no pattern stands for. */
  readonly unfolded: readonly string[];
}
