// SPDX-License-Identifier: GPL-2.0-only
/** From what the kernel half said to the public record: numbers become the names that the session gave them. */

import { objectDescription } from '../decide/text.js';
import { textOf } from '../policy/bytes.js';
import { errnoName } from '../policy/errno.js';
import type { Rule } from '../policy/model.js';
import type { KernelEvent } from './decode.js';
import { FLOORS, REASONS } from './names.js';
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

  /** @param most programs, and old names of what was moved, that are remembered */
  constructor(session: Session, most?: number) {
    this.#session = session;
    this.#programs = new Recent(most ?? PROGRAMS_MOST);
    this.#ends = new Recent(most ?? ENDS_MOST);
  }

  record(event: KernelEvent): EventRecord {
    const { type, sequence, operations, decided, verdict, errnum, count, reason, owner } = event;
    const object =
      event.word !== null ? textOf(event.word) : event.object === null ? '?' : objectDescription(event.object);
    if (type === 'exec' && event.object?.type === 'path') this.#programs.remember(sequence, textOf(event.object.path));
    const end = event.moved && event.first !== 0 ? (this.#ends.recall(event.first) ?? UNTOLD) : undefined;
    if (event.moved && event.first === 0)
      this.#ends.remember(sequence, { object, exchanged: operations.includes('create') });
    const policy = this.#session.policy(event.policy, event.generation);
    const program = policy?.program ?? '?';
    const exe = event.exe === 0 ? program : (this.#programs.recall(event.exe) ?? '?');
    const rule = event.rule === 0 ? undefined : policy?.rules[event.rule - 1];
    const why = type === 'floor' ? FLOORS[reason] : reason === 0 ? undefined : REASONS[reason];
    const all = decided.length === 0 || decided.length === operations.length;
    return {
      v: 1,
      ...(type === 'access' ? {} : { type }),
      seq: sequence,
      time: timeText(event.time + this.#session.bootTime),
      session: this.#session.name,
      policy: policy?.anyone === true ? exe : program,
      digest: policy?.digest ?? '?',
      rule: rule?.number ?? null,
      line: rule?.place.line ?? null,
      ...(rule?.group === undefined ? {} : { group: rule.group }),
      operation: operations,
      ...(all ? {} : { decided }),
      object,
      ...(end === undefined ? {} : { from: end.object }),
      ...(end?.exchanged === true ? { exchanged: true as const } : {}),
      ...(event.directory ? { directory: true as const } : {}),
      verdict,
      enforced: event.enforced,
      ...(event.learnt ? { learnt: true as const } : {}),
      ...(event.created ? { created: true as const } : {}),
      ...(verdict === 'deny' ? { errno: errnoName(errnum) ?? String(errnum) } : {}),
      ...(why === undefined ? {} : { reason: why }),
      pid: event.pid,
      tid: event.tid,
      ppid: event.ppid,
      uid: event.uid,
      gid: event.gid,
      ...(owner === null ? {} : { owner }),
      exe,
      comm: event.comm,
      count,
    };
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

/** Nanoseconds since 1970 as UTC, ISO 8601 with microseconds. */
export function timeText(nanoseconds: bigint): string {
  const microseconds = nanoseconds / 1000n;
  const text = new Date(Number(microseconds / 1000n)).toISOString();
  return `${text.slice(0, -1)}${String(microseconds % 1000n).padStart(3, '0')}Z`;
}
