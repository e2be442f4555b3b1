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

/** Makes the records of one session. Knows what each subject runs from the exec events that passed. */
export class Recorder {
  readonly #session: Session;
  readonly #most: number;
  readonly #programs = new Map<number, string>();

  /** @param most programs that are remembered */
  constructor(session: Session, most = PROGRAMS_MOST) {
    this.#session = session;
    this.#most = most;
  }

  record(event: KernelEvent): EventRecord {
    const { type, sequence, operations, decided, verdict, errnum, count, reason, owner } = event;
    const object =
      event.word !== null ? textOf(event.word) : event.object === null ? '?' : objectDescription(event.object);
    if (type === 'exec' && event.object?.type === 'path') this.#remember(sequence, textOf(event.object.path));
    const policy = this.#session.policy(event.policy, event.generation);
    const program = policy?.program ?? '?';
    const exe = event.exe === 0 ? program : (this.#recall(event.exe) ?? '?');
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

  /** Takes in what was recorded of the session before: exec events, which later ones refer to. */
  resume(record: EventRecord): void {
    if (record.type === 'exec') this.#remember(record.seq, record.object);
  }

  #remember(sequence: number, program: string): void {
    this.#programs.delete(sequence);
    this.#programs.set(sequence, program);
    const [oldest] = this.#programs.keys();
    if (this.#programs.size > this.#most && oldest !== undefined) this.#programs.delete(oldest);
  }

  #recall(sequence: number): string | undefined {
    const program = this.#programs.get(sequence);
    if (program !== undefined) this.#remember(sequence, program);
    return program;
  }
}

/** Nanoseconds since 1970 as UTC, ISO 8601 with microseconds. */
export function timeText(nanoseconds: bigint): string {
  const microseconds = nanoseconds / 1000n;
  const text = new Date(Number(microseconds / 1000n)).toISOString();
  return `${text.slice(0, -1)}${String(microseconds % 1000n).padStart(3, '0')}Z`;
}
