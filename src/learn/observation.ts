// SPDX-License-Identifier: GPL-2.0-only
/** What learning keeps of an attempt: who did what to what, how often, when, as whom; and of a rename both names. */
import type { AccessObject } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';
import { either, type Numbers } from './numbers.js';

/** One operation on one object by one program. */
export interface Observation {
  /** The program whose policy it belongs to. */
  readonly program: string;
  readonly operation: Operation;
  readonly object: AccessObject;
  /** The object as events print it. */
  readonly text: string;
  readonly count: number;
  /** ISO 8601. */
  readonly first: string;
  readonly last: string;
  /** Real user ids it was done under. */
  readonly uids: Numbers;
  /** Of the processes it was done by those whose number is in the name: it may be named after them. */
  readonly pids: Numbers;
  /** Owners of the object. */
  readonly owners: Numbers;
  /** The object is a folder. */
  readonly folder?: boolean;
  /** The file was made by an open that would have failed had there been one. */
  readonly exclusive?: boolean;
  /** An exec that may not change the policy: something of the caller's would hold the new program (docs/policy-language.md). */
  readonly held?: boolean;
  /** The runs it was seen in, by their numbers from 0; absent where only one is looked at. */
  readonly runs?: Numbers;
  /** Not seen at this name, or not by all of `uids`: why it is taken for seen, a line for each. */
  readonly moved?: readonly string[];
}

/** What one program renamed or linked: what had the one name got the other. */
export interface Move {
  readonly program: string;
  /** A path, or the kind of what had no name. */
  readonly from: AccessObject;
  readonly to: AccessObject;
  /** Both as events print them. */
  readonly fromText: string;
  readonly toText: string;
  readonly folder: boolean;
}

/** What makes two observations the same. */
export function keyOf({ program, operation, text }: Pick<Observation, 'program' | 'operation' | 'text'>): string {
  return `${operation} ${program}\0${text}`;
}

/** Two of the same as one. */
export function joined(one: Observation, other: Observation): Observation {
  return {
    ...one,
    count: one.count + other.count,
    first: one.first < other.first ? one.first : other.first,
    last: one.last > other.last ? one.last : other.last,
    uids: either(one.uids, other.uids),
    pids: either(one.pids, other.pids),
    owners: either(one.owners, other.owners),
    ...(one.folder === true || other.folder === true ? { folder: true } : {}),
    ...(one.exclusive === true || other.exclusive === true ? { exclusive: true } : {}),
    ...(one.held === true || other.held === true ? { held: true } : {}),
    ...runsOf(one.runs, other.runs),
  };
}

/** The runs of either, to be spread; nothing where no run is told apart. */
export function runsOf(one: Numbers | undefined, other: Numbers | undefined): { readonly runs?: Numbers } {
  if (one === undefined || other === undefined) return one === other ? {} : { runs: (one ?? other) as Numbers };
  return { runs: either(one, other) };
}
