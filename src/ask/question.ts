// SPDX-License-Identifier: GPL-2.0-only
/** What waits for an answer, as it is told to whoever attends. All of it is JSON as it stands. */
import type { Verdict } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';

/** Somebody who answers, or something that does so in their place. */
export interface Answerer {
  readonly what: 'person' | 'webhook' | 'command' | 'deadline' | 'nobody' | 'queue';
  /** For a person to read: `root (pid 812)`, the URL, the command, `the deadline`. */
  readonly name: string;
}

/** The policy that judged. */
export interface AskingPolicy {
  readonly program: string;
  /** Where it is written; null: it stands in no file. */
  readonly file: string | null;
}

/** The rule that asked (or refused). */
export interface AskingRule {
  /** In its own file, from 1. */
  readonly number: number;
  readonly file: string;
  readonly line: number;
  /** The group that it stands in; null: the policy itself. */
  readonly group: string | null;
}

export interface Parent {
  readonly pid: number;
  readonly comm: string;
}

/** Who asked: the first of those that wait, where several do. Numbers are of the initial pid namespace. */
export interface Asker {
  readonly pid: number;
  readonly tid: number;
  readonly uid: number;
  readonly gid: number;
  /** The user's name; null: it has none. */
  readonly user: string | null;
  readonly comm: string;
  /** What it runs, as events print it. */
  readonly exe: string;
  /** Its command line; empty where it could not be read. */
  readonly command: readonly string[];
  /** Parent, grandparent, ... up to the first process. */
  readonly parents: readonly Parent[];
}

/** What a statement would permit beside what was asked for. */
export interface Grants {
  /** Objects of this machine that are there now and match, the asked one not counted. */
  readonly count: number;
  /** There are more than were counted. */
  readonly more: boolean;
  /** A few of them, as events print them. */
  readonly names: readonly string[];
}

/** A statement that would decide the question for good. They come from narrow to wide. */
export interface Suggestion {
  /** From 1. */
  readonly number: number;
  /** `this object`, `its folder`, `all below its folder`, `names like it`, `the whole operation`, ... */
  readonly label: string;
  /** Permits; as it would stand in the list of rules, without the indent. A denial says `deny` in its place. */
  readonly statement: string;
  /** It grants the operation on everything: an answer with it must be `sure`. */
  readonly whole: boolean;
  /** Null: not looked for yet (`weigh` does). */
  readonly grants: Grants | null;
  /** Programs with a running policy that permits all of this already; null: not looked for yet. */
  readonly alike: readonly string[] | null;
}

export interface Question {
  /** Among the questions of the session, from 1; never given twice. */
  readonly id: number;
  readonly session: string;
  readonly policy: AskingPolicy;
  readonly asker: Asker;
  /** What is asked about, in the order of the table of operations. */
  readonly operations: readonly Operation[];
  /** All that the call attempts; what is not asked about is permitted. */
  readonly attempted: readonly Operation[];
  /** As events print it. */
  readonly object: string;
  /** The object may be taken for a folder's path. */
  readonly directory: boolean;
  /** When the first of those that wait asked; UTC, ISO 8601. */
  readonly since: string;
  /** How often the like was asked in this session, this time included. */
  readonly asked: number;
  /** How many threads wait for the answer. */
  readonly threads: number;
  /** The processes that wait for it. */
  readonly pids: readonly number[];
  /** Null: the policy's default asked. */
  readonly rule: AskingRule | null;
  /** The error of a denial that names none. */
  readonly errno: string;
  /** What it comes to where nobody answers. */
  readonly fallback: Exclude<Verdict, 'ask'>;
  /** When the fallback becomes the answer; null: it waits as long as somebody attends. */
  readonly deadline: string | null;
  /** Up to five, from narrow to wide; none where no statement can name the object. */
  readonly suggestions: readonly Suggestion[];
}

/** Something that was refused while the session ran, of those last refused. The like of each other are one. */
export interface RecentDenial {
  /** Among the denials of the session, from 1. */
  readonly id: number;
  readonly session: string;
  readonly policy: AskingPolicy;
  readonly asker: Asker;
  readonly operations: readonly Operation[];
  readonly object: string;
  readonly errno: string;
  /** Why, where no rule did: a word of docs/events.md; null: a rule or the default. */
  readonly reason: string | null;
  readonly rule: AskingRule | null;
  readonly count: number;
  readonly first: string;
  readonly last: string;
  /** What would permit it from now on; none where nothing can. */
  readonly suggestions: readonly Suggestion[];
}

/** What was written into a policy. */
export interface WrittenStatement {
  readonly file: string;
  /** The line it begins at. */
  readonly line: number;
  /** The number of the new rule. */
  readonly number: number;
  readonly statement: string;
  /** The rule that it stands before (the one that asked or refused), by what it is now; null: it is the last. */
  readonly before: { readonly number: number; readonly line: number } | null;
  /** The file of an empty policy that was written beside it, for a program that is run under one of its own; absent: none. */
  readonly begun?: string;
}
