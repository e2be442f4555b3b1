// SPDX-License-Identifier: GPL-2.0-only
/** From what the kernel half said to the public record: numbers become the names that the session gave them. */

import { objectDescription } from '../decide/text.js';
import { textOf } from '../policy/bytes.js';
import { errnoName } from '../policy/errno.js';
import type { Rule } from '../policy/model.js';
import type { KernelEvent } from './decode.js';
import { FLOORS, KILLED, REASONS } from './names.js';
import type { EventRecord } from './record.js';

/** A policy as it stood under a number of the gate. */
export interface JudgingPolicy {
  readonly program: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  /** As compiled: an event's rule is a place in it, from 1. */
  readonly rules: readonly Rule[];
  /** It stands for all programs that have none, while learning: events are about what the subject runs. */
  readonly anyone: boolean;
}

export interface Session {
  readonly name: string;
  /** Which policy stood under the number in this generation. */
  readonly policy: (number: number, generation: number) => JudgingPolicy | undefined;
  /** UTC minus CLOCK_BOOTTIME, in nanoseconds. */
  readonly bootTime: bigint;
}

/**
 * Programs that are remembered at most, those used last: that a subject ended is not told here, and a server runs its
 * scripts for years.
 */
const PROGRAMS_MOST = 65536;
/** Old names of what was moved that are remembered at most, those used last: as many as the kernel half tells apart, twice. */
const ENDS_MOST = 65536;

/** The old end of a rename or link. */
interface OldEnd {
  readonly object: string;
  readonly exchanged: boolean;
}

const UNTOLD: OldEnd = { object: '?', exchanged: false };

/** What was told by events that later ones refer to, by sequence number. */
class Recent<T> {
  readonly #all = new Map<number, T>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  remember(sequence: number, value: T): void {
    this.#all.delete(sequence);
    this.#all.set(sequence, value);
    const [oldest] = this.#all.keys();
    if (this.#all.size > this.#most && oldest !== undefined) this.#all.delete(oldest);
  }

  recall(sequence: number): T | undefined {
    const value = this.#all.get(sequence);
    if (value !== undefined) this.remember(sequence, value);
    return value;
  }
}

/**
 * Makes the records of one session. Knows what each subject runs from the exec events that passed, and the old names of
 * what is moved from those of the old ends.
 */
export class Recorder {
  readonly #session: Session;
  readonly #programs: Recent<string>;
  readonly #ends: Recent<OldEnd>;
  readonly #clock = new Clock();

  /** @param most programs, and old names of what was moved, that are remembered */
  constructor(session: Session, most?: number) {
    this.#session = session;
    this.#programs = new Recent(most ?? PROGRAMS_MOST);
    this.#ends = new Recent(most ?? ENDS_MOST);
  }

  record(event: KernelEvent): EventRecord {
    const { type, sequence, operations, decided, verdict, errnum } = event;
    const object = objectText(event);
    if (type === 'exec' && event.object?.type === 'path') this.#programs.remember(sequence, textOf(event.object.path));
    const end = event.moved && event.first !== 0 ? (this.#ends.recall(event.first) ?? UNTOLD) : undefined;
    if (event.moved && event.first === 0)
      this.#ends.remember(sequence, { object, exchanged: operations.includes('create') });
    const policy = this.#session.policy(event.policy, event.generation);
    const program = policy?.program ?? '?';
    const exe = event.exe === 0 ? program : (this.#programs.recall(event.exe) ?? '?');
    const rule = event.rule === 0 ? undefined : policy?.rules[event.rule - 1];
    const why = whyOf(event);
    // Field by field, in the order of the log: spreading what may be absent took most of the time.
    const record = { v: 1 } as Draft;
    if (type !== 'access') record.type = type;
    record.seq = sequence;
    record.time = this.#clock.text(event.time + this.#session.bootTime);
    record.session = this.#session.name;
    record.policy = policy?.anyone === true ? exe : program;
    record.digest = policy?.digest ?? '?';
    record.rule = rule?.number ?? null;
    record.line = rule?.place.line ?? null;
    if (rule?.group !== undefined) record.group = rule.group;
    record.operation = operations;
    if (decided.length !== 0 && decided.length !== operations.length) record.decided = decided;
    record.object = object;
    if (event.architecture !== null) record.architecture = event.architecture;
    if (end !== undefined) record.from = end.object;
    if (end?.exchanged === true) record.exchanged = true;
    if (event.directory) record.directory = true;
    record.verdict = verdict;
    record.enforced = event.enforced;
    if (event.learnt) record.learnt = true;
    if (event.created) record.created = true;
    if (event.exclusive) record.exclusive = true;
    if (verdict === 'deny' && why !== KILLED) record.errno = errnoName(errnum) ?? String(errnum);
    if (why !== undefined) record.reason = why;
    record.pid = event.pid;
    record.tid = event.tid;
    record.ppid = event.ppid;
    record.uid = event.uid;
    record.gid = event.gid;
    if (event.owner !== null) record.owner = event.owner;
    record.exe = exe;
    record.comm = event.comm;
    record.count = event.count;
    return record;
  }

  /** Whose policy judges what a program does that is run so; null: not known any more. */
  programOf({ policy, exe }: Pick<KernelEvent, 'policy' | 'exe'>): string | null {
    const judging = this.#session.policy(policy, 0);
    if (judging?.anyone === false) return judging.program;
    return this.#programs.recall(exe) ?? null;
  }

  /** The same of a program that has run from the start too. */
  callerOf({ policy, exe }: Pick<KernelEvent, 'policy' | 'exe'>): string | null {
    const judging = this.#session.policy(policy, 0);
    if (judging === undefined) return null;
    return exe === 0 || !judging.anyone ? judging.program : (this.#programs.recall(exe) ?? null);
  }

  /** Takes in what was recorded of the session before: exec events and old names, which later ones refer to. */
  resume(record: EventRecord): void {
    const { type, seq, object, operation, from } = record;
    if (type === 'exec') this.#programs.remember(seq, object);
    // A record does not say whether it is an old end's: what may be one is taken for one.
    const leaves = operation.includes('delete') || operation.includes('link');
    if (type === undefined && from === undefined && leaves)
      this.#ends.remember(seq, { object, exchanged: operation.includes('create') });
  }
}

function whyOf({ type, reason, errnum }: KernelEvent): string | undefined {
  if (type === 'floor') return FLOORS[reason];
  if (type === 'syscall' && errnum === 0) return KILLED;
  return reason === 0 ? undefined : REASONS[reason];
}

type Draft = { -readonly [Key in keyof EventRecord]: EventRecord[Key] };

/** A path of which every byte stands for itself in a log. */
const PLAIN = /^[ -[\]-~]*$/;

function objectText({ word, object }: KernelEvent): string {
  if (word !== null) return textOf(word);
  if (object === null) return '?';
  return object.type === 'path' && PLAIN.test(object.path) ? object.path : objectDescription(object);
}

/** Nanoseconds since 1970 as UTC, ISO 8601 with microseconds. */
export function timeText(nanoseconds: bigint): string {
  return new Clock().text(nanoseconds);
}

/** The same for many times that are close to each other: their second is written once. */
class Clock {
  #second = Number.NaN;
  #text = '';

  text(nanoseconds: bigint): string {
    const microseconds = Number(nanoseconds / 1000n);
    const second = Math.floor(microseconds / 1_000_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toISOString().slice(0, -'000Z'.length);
    }
    // The 1 in front keeps its zeros.
    return `${this.#text}${String(1_000_000 + microseconds - second * 1_000_000).slice(1)}Z`;
  }
}
