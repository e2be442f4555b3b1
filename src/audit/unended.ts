// SPDX-License-Identifier: GPL-2.0-only
/** Sessions of a log whose end is not in it: what they did after its last record stands in no log, or not yet. */
import { isEvent, type LogRecord } from '../events/record.js';
import type { Denial } from './denials.js';

export interface Unended {
  readonly session: string;
  /** The highest number of its events that were read; 0: none was. */
  readonly last: number;
  /** It is not over: its end may still come. */
  readonly living: boolean;
}

/** Names of sessions, and the highest number of an event of each. */
export type Open = Readonly<Record<string, number>>;

/** Follows the records of a log, all of its rotated files in their order, each session by itself. */
export class Endings {
  readonly #open = new Map<string, number>();
  /** That began once more, and may be another of the same name, or the same behind a supervisor that died. */
  readonly #again = new Set<string>();
  readonly #ended = new Set<string>();
  #left: Unended[] = [];

  /** @param open those that had no end in what was read before */
  constructor(open: Open = {}) {
    for (const [session, last] of Object.entries(open)) this.#open.set(session, last);
  }

  add(record: LogRecord): void {
    const { session } = record;
    const last = this.#open.get(session);
    if (isEvent(record)) {
      if (this.#ended.has(session)) return;
      const other = this.#isOther(session, record.seq - 1);
      this.#open.set(session, other ? record.seq : Math.max(last ?? 0, record.seq));
    } else if (record.type === 'session') {
      this.#ended.delete(session);
      if (last !== undefined) this.#again.add(session);
      this.#open.set(session, last ?? 0);
    } else if (record.type === 'end') {
      this.#isOther(session, record.sequence);
      this.#open.delete(session);
      this.#ended.add(session);
    } else if (last === undefined && !this.#ended.has(session)) this.#open.set(session, 0);
  }

  /** Part of the log is gone: what stood there nobody knows. */
  forget(): void {
    this.#open.clear();
    this.#again.clear();
  }

  get open(): Open {
    return Object.fromEntries(this.#open);
  }

  /** @param here sessions that are not over, as they were before the log was read to its end */
  list(here: ReadonlySet<string>): Unended[] {
    const open = [...this.#open].map(([session, last]) => ({ session, last, living: here.has(session) }));
    return [...this.#left, ...open];
  }

  /** Is it another session than the one of its name that has no end? Its numbers began anew then. */
  #isOther(session: string, reached: number): boolean {
    const last = this.#open.get(session) ?? 0;
    if (!this.#again.delete(session) || reached >= last) return false;
    this.#left.push({ session, last, living: false });
    return true;
  }
}

/** The sessions of the records that have no end among them. */
export function unendedOf(records: Iterable<LogRecord>, here: ReadonlySet<string>): Unended[] {
  const endings = new Endings();
  for (const record of records) endings.add(record);
  return endings.list(here);
}

/** A denial with those of its sessions that have no end in their logs, and may have been refused more; absent where all have one. */
export type Told = Denial & { readonly unended?: readonly string[] };

/** Denials with the sessions that have no end. */
export function toldOf(denials: readonly Denial[], unended: readonly Unended[]): Told[] {
  const open = new Set(unended.map(({ session }) => session));
  return denials.map((denial) => {
    const those = denial.sessions.filter((session) => open.has(session));
    return those.length === 0 ? denial : { ...denial, unended: those };
  });
}

/** Such a session in a sentence. */
export function unendedText(file: string, { session, last, living }: Unended): string {
  const after = last === 0 ? 'what it did' : `what came after number ${last}`;
  return living
    ? `${file}: session ${session} is not over: ${after} is not in it yet`
    : `${file}: session ${session} has no end in it, and is none of this machine now: ${after} is in no log`;
}
