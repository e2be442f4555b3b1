// SPDX-License-Identifier: GPL-2.0-only
/**
 * The event as the world sees it: one JSON object a line, the same in logs, journals, learning, asking and export. Public
 * since version 1; fields are added, never changed.
 */
import type { Architecture } from '../policy/calls.js';
import type { Verdict } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';

/** One attempt and what became of it, or (`type`) something else that the reader must know of. */
export interface EventRecord {
  readonly v: 1;
  /**
   * `access` where absent. `exec`: a subject is about to run `object`. `floor`: the hard-wired floor refused. `question`: the
   * thread is stopped until somebody answers, and nothing has happened yet. `syscall`: `syscalls:` does not permit the system call `object`.
   */
  readonly type?: 'exec' | 'floor' | 'question' | 'syscall';
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
  /** Of a system call, by whose numbers it was made. */
  readonly architecture?: Architecture;
  /** What was renamed or linked to `object`, while learning or complaining; `?` where it could not be told. */
  readonly from?: string;
  /** Both changed places (renameat2(2): RENAME_EXCHANGE). */
  readonly exchanged?: true;
  /** Where `object` may be taken for a folder's path. */
  readonly directory?: true;
  readonly verdict: Verdict;
  /** False: let through, by complain mode or for learning. */
  readonly enforced: boolean;
  /** No rule decided and the program is being learned. */
  readonly learnt?: true;
  /** The open that made the file. */
  readonly created?: true;
  /** It would have failed had there been one (open(2): O_EXCL). */
  readonly exclusive?: true;
  /** Of a denial. */
  readonly errno?: string;
  /** Why the object could not be told, or which part of the floor refused: a word of REASONS or FLOORS; of a system call `killed`, where it got SIGSYS. */
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

/** What the kernel half counted of a session, by name. */
export interface Counters {
  readonly events: number;
  readonly dropped: number;
  readonly repeats: number;
  readonly denied: number;
  readonly complained: number;
  readonly learnt: number;
  /** Denials that were not to be logged. */
  readonly silent: number;
  /** Denied for want of knowing the object, by reason; only what is not 0. */
  readonly unresolved: Readonly<Record<string, number>>;
  /** Refused by the floor, by reason; only what is not 0. */
  readonly floor: Readonly<Record<string, number>>;
  /** By operation; only what is not 0. */
  readonly deniedBy: Readonly<Record<string, number>>;
}

interface Note {
  readonly v: 1;
  /** UTC, ISO 8601. */
  readonly time: string;
  readonly session: string;
}

/** A session begins; the first record of its log. */
export interface SessionNote extends Note {
  readonly type: 'session';
  readonly kind: 'learn' | 'run';
  readonly command: readonly string[];
  /** Where its policies are. */
  readonly folder: string;
}

/** Events that stand nowhere, since the last such record. */
export interface LostNote extends Note {
  readonly type: 'lost';
  /** The ring buffer had no room for them. */
  readonly dropped: number;
  /** They could not be read. */
  readonly malformed: number;
  /** Records that `sink` could not take. */
  readonly unwritten: number;
  /** Where `unwritten` is not 0: `log`, `journal`, ... */
  readonly sink?: string;
}

/** Something went wrong and the session goes on. */
export interface ProblemNote extends Note {
  readonly type: 'problem';
  readonly problem: string;
}

/** While learning: a program was run with this path among its arguments, and then used it or something below it. */
export interface GivenNote extends Note {
  readonly type: 'given';
  /** Whose policy judged. */
  readonly program: string;
  /** Absolute, as objects are written. */
  readonly path: string;
}

/** While learning: programs since the last such record of whose arguments not all are known. What they name is known by its name alone. */
export interface UnreadNote extends Note {
  readonly type: 'unread';
  /** They could not be read. */
  readonly unread: number;
  /** They were longer than is looked at. */
  readonly cut: number;
}

/** While learning: system calls that a program made, each told once. */
export interface CalledNote extends Note {
  readonly type: 'called';
  /** Whose policy judges. */
  readonly program: string;
  readonly architecture: Architecture;
  /** Names; numbers of those that have none. */
  readonly calls: readonly string[];
}

/** A session is over; the last record of its log. */
export interface EndNote extends Note, Counters {
  readonly type: 'end';
  /** Last sequence number given. */
  readonly sequence: number;
  /** Its supervisor had died: written by the command that freed the session. */
  readonly unattended?: true;
}

/** What a session says about itself: told apart by `type`, and no other. */
export type NoteRecord = SessionNote | LostNote | ProblemNote | GivenNote | UnreadNote | CalledNote | EndNote;

export const NOTE_TYPES: readonly string[] = [
  'session',
  'lost',
  'problem',
  'given',
  'unread',
  'called',
  'end',
] satisfies readonly NoteRecord['type'][];

/** A line of a log. */
export type LogRecord = EventRecord | NoteRecord;

/** Is it an event? Only events are numbered. */
export function isEvent(record: LogRecord): record is EventRecord {
  return 'seq' in record;
}
