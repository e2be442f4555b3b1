/**
 * The event as the world sees it: one JSON object a line, the same in logs, journals, learning, asking and export. Public
 * since version 1; fields are added, never changed.
 */
import type { Verdict } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';

/** One attempt and what became of it, or (`type`) something else that the reader must know of. */
export interface EventRecord {
  readonly v: 1;
  /** `access` where absent. `exec`: a subject is about to run `object`. `floor`: the hard-wired floor refused. */
  readonly type?: 'exec' | 'floor';
  /** Of the session, from 1; a gap is lost events. */
  readonly seq: number;
  /** UTC, ISO 8601 with microseconds. */
  readonly time: string;
  readonly session: string;
  /** The program whose policy judged; while learning, for a program without one, that program. */
  readonly policy: string;
  /** `sha256:` and 64 hex digits, of the policy that judged. */
  readonly digest: string;
  /** Number of the rule in its file; null: the default. */
  readonly rule: number | null;
  /** Line of that rule; null: the default. */
  readonly line: number | null;
  /** Set where the rule stands in a group: its name. */
  readonly group?: string;
  /** What was attempted, in table order. */
  readonly operation: readonly Operation[];
  /** Of these, the ones the verdict is about, where they are not all. */
  readonly decided?: readonly Operation[];
  /** As objectDescription writes it; `?` where it could not be told. */
  readonly object: string;
  /** Where `object` may be taken for a folder's path. */
  readonly directory?: true;
  readonly verdict: Verdict;
  /** False: let through, by complain mode or for learning. */
  readonly enforced: boolean;
  /** No rule decided and the program is being learned. */
  readonly learnt?: true;
  /** The open that made the file. */
  readonly created?: true;
  /** Of a denial. */
  readonly errno?: string;
  /** Why the object could not be told, or which part of the floor refused: a word of REASONS or FLOORS. */
  readonly reason?: string;
  readonly pid: number;
  readonly tid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly gid: number;
  /** Owner of the object, where it has one. */
  readonly owner?: number;
  /** What the process runs. */
  readonly exe: string;
  readonly comm: string;
  /** Attempts this record stands for. */
  readonly count: number;
  /** Where `count` is more than one: sequence number of the first, which has a record of its own. */
  readonly first?: number;
}
