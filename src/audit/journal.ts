// SPDX-License-Identifier: GPL-2.0-only
/**
 * A learner's journal: what was observed, line by line as it came, so that a learner that is killed loses nothing. First
 * the header, then event records, then what was counted; what is marked written needs no recovery.
 */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type EventRecord, isEvent, type LogRecord, type NoteRecord } from '../events/record.js';
import { codeOf, Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import { ownFolder } from '../host/secure.js';
import { type Called, togetherCalled } from '../learn/calls.js';
import type { Counted } from '../learn/certificate.js';
import type { Passages } from '../learn/run.js';
import type { Version } from '../policy/operations.js';
import { linesIn } from './read.js';
import type { EventSink, Line } from './sink.js';

/** What a recovery must know of the run. */
export interface JournalHeader {
  readonly v: 1;
  readonly type: 'learner';
  readonly session: string;
  /** ISO 8601. */
  readonly started: string;
  readonly command: readonly string[];
  /** Folder of the policies. */
  readonly folder: string;
  /** --user; null: the caller. */
  readonly user: string | null;
  readonly cwd: string;
  /** The host's name; absent: nobody looked. */
  readonly host?: string;
  /** The entry program, resolved. */
  readonly program: string;
  /** Absolute paths that stood on the command line or in the environment; absent: nobody looked. */
  readonly named?: readonly string[];
  /** Of the language, where more than version 1 is looked at. */
  readonly version?: Version;
  /** The program ran already: what it did before is not in it. */
  readonly entered?: true;
  /** How far to generalise; absent: as before, or as usual. */
  readonly strength?: string;
  /** It becomes classic files: systrace -A writes them, and `callgate learn --recover` leaves it alone. */
  readonly classic?: {
    /** Into the folder; not with -U. */
    readonly writes: boolean;
    /** Where else policies are looked for: a file of its own must hold what held before. */
    readonly system: string;
    readonly file: string | null;
    readonly inherit: boolean;
    readonly unaliased: boolean;
    /** The program as it was called, where that is another name of it: a file that is new is named for that. */
    readonly called?: string;
  };
}

/** What a journal says besides its records, of which there may be more than memory holds. */
export interface JournalFacts {
  readonly file: string;
  readonly header: JournalHeader;
  /** What the kernel half counted; null: the journal was not finished. */
  readonly counted: Counted | null;
  /** Lines that could not be read: cut at the end by a crash, or damaged. */
  readonly bad: number;
  /** Events that the ring buffer had no room for, and that came and could not be read: what they were is in no record. */
  readonly dropped: number;
  readonly malformed: number;
  /** The policies were written from it. */
  readonly written: boolean;
  /** Records that it holds, those of them that were let through for learning, and the time of the last; null: there is none. */
  readonly events: number;
  readonly learnt: number;
  readonly last: string | null;
  /** Paths that were among the arguments of programs which then used them, by program. */
  readonly given: Passages;
  /** System calls, by program; none where nobody looked. */
  readonly called: Called;
  /** Programs of whose arguments not all are known. */
  readonly unread: number;
}

/** A journal and its records. */
export interface JournalText extends Omit<JournalFacts, 'events' | 'learnt' | 'last'> {
  readonly records: readonly EventRecord[];
}

const WRITTEN = '{"v":1,"type":"written"}';

/** The file of a session's journal. */
export function journalFile(host: Host, session: string): string {
  return join(host.journals, `${session}.journal`);
}

/** A journal that is being written. What the disk does not take is kept, all of it: nothing is learnt that is not kept. */
export class Journal {
  readonly #fd: number;
  /** Lines that the disk did not take; tried again with the next. */
  #pending: Buffer = Buffer.alloc(0);
  #failure: string | null = null;

  /** @param again what is to be done once there is room, where not all of it can be written */
  private constructor(
    readonly file: string,
    fd: number,
    private readonly again: string,
  ) {
    this.#fd = fd;
  }

  /** Makes the journal of a session. Throws a Failure where it cannot be made: nothing is learnt that cannot be kept. */
  static create(host: Host, header: JournalHeader): Journal {
    ownFolder(host.journals);
    const file = journalFile(host, header.session);
    let fd: number | null = null;
    try {
      fd = openSync(file, 'ax', 0o600);
      const journal = new Journal(
        file,
        fd,
        header.classic === undefined
          ? 'then callgate learn --recover: it makes the policies of what the journal holds, and says what they may lack (TAINTED)'
          : 'then the next systrace -A writes what the journal holds',
      );
      journal.#append(`${JSON.stringify(header)}\n`);
      journal.#flush();
      return journal;
    } catch (error) {
      // A journal without its header is nobody's; one that was there already is another's.
      if (fd !== null) {
        closeSync(fd);
        rmSync(file, { force: true });
      }
      throw new Failure(
        `${file}: the journal cannot be made (${codeOf(error) ?? 'error'})`,
        `df ${host.journals}`,
        error,
      );
    }
  }

  /** Goes on with a journal whose learner was killed; what a crash cut off at its end stays a bad line of its own. */
  static resume(file: string): Journal {
    const journal = new Journal(file, openSync(file, 'a'), 'then callgate learn --recover');
    journal.#append('\n');
    return journal;
  }

  /** Why the disk takes nothing; null: it does. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Appends records. A disk that is full is no failure yet: what it did not take is kept and tried again. */
  take(lines: readonly Line[]): void {
    this.#append(lines.map(({ json }) => `${json}\n`).join(''));
    try {
      this.#flush();
      this.#failure = null;
    } catch (error) {
      // Tried again with the next batch, and told by close().
      this.#failure = `${this.file}: ${codeOf(error) ?? 'error'}`;
    }
  }

  /** All that was to be observed is in: what it came to. */
  finish(counted: Counted): void {
    this.#append(`${JSON.stringify({ v: 1, type: 'counted', counted })}\n`);
  }

  /**
   * Marks a journal: its policies are written.
   *
   * @param again the command that writes them once more as long as it is not marked
   * @throws Failure where the disk does not take the mark
   */
  static mark(file: string, again: string): void {
    const journal = Journal.resume(file);
    journal.written();
    try {
      journal.close();
    } catch (error) {
      throw new Failure(
        `${file}: the policies are written, and the journal cannot be marked so (${codeOf((error as Failure).cause) ?? 'error'})`,
        `make room (df ${file}); until then ${again} writes them again`,
        error,
      );
    }
  }

  /** The policies are on the disk. */
  written(): void {
    this.#append(`${WRITTEN}\n`);
  }

  /** Throws a Failure where lines could not be written. */
  close(): void {
    try {
      this.#flush();
      fdatasyncSync(this.#fd);
    } catch (error) {
      throw new Failure(
        `${this.file}: the journal cannot be written (${codeOf(error) ?? 'error'}); what it holds up to there is kept`,
        `make room (df ${this.file}), ${this.again}`,
        error,
      );
    } finally {
      closeSync(this.#fd);
    }
  }

  /** Writes what is pending; after an error, what the disk did take is pending no more. */
  #flush(): void {
    while (this.#pending.length > 0) this.#pending = this.#pending.subarray(writeSync(this.#fd, this.#pending));
  }

  #append(text: string): void {
    this.#pending = Buffer.concat([this.#pending, Buffer.from(text)]);
  }
}

/** The way of a session's records into a journal, which stays open: it is finished once the session is over. */
export class JournalSink implements EventSink {
  readonly name = 'journal';
  /** Never anything: the journal keeps what the disk does not take, and its close() fails where that is not nothing. */
  readonly lost = 0;
  readonly #journal: Journal;
  #closed = false;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** While the session lasts; at its end the journal's close() tells it, and what to do. */
  get failure(): string | null {
    return this.#closed ? null : this.#journal.failure;
  }

  records(lines: readonly Line<EventRecord>[]): void {
    this.#journal.take(lines);
  }

  /** Of what a session says about itself losses concern the one that learns, and what programs were run with. */
  note(line: Line<NoteRecord>): void {
    const { type } = line.record;
    if (type === 'lost' || type === 'given' || type === 'unread' || type === 'called') this.#journal.take([line]);
  }

  async flush(): Promise<void> {
    this.#journal.take([]);
  }

  close(): void {
    this.#journal.take([]);
    this.#closed = true;
  }
}

/** Reads a journal, whole or cut anywhere. Throws a Failure where even its header cannot be read. */
export function readJournal(file: string): JournalText {
  const records: EventRecord[] = [];
  const {
    events: _events,
    learnt: _learnt,
    last: _last,
    ...facts
  } = scanJournal(file, (record) => records.push(record));
  return { ...facts, records };
}

/**
 * Reads a journal line by line and keeps none of it.
 *
 * @param take is given each record, in order
 * @throws Failure where even its header cannot be read
 */
export function scanJournal(file: string, take: (record: EventRecord) => void = () => undefined): JournalFacts {
  let header: JournalHeader | undefined;
  let [bad, dropped, malformed, events, learnt, unread] = [0, 0, 0, 0, 0, 0];
  const given: Record<string, string[]> = {};
  const called: Called[] = [];
  let written = false;
  let counted: Counted | null = null;
  let last: string | null = null;
  for (const line of linesIn(openSync(file, 'r'))) {
    const value = parse(line) as { type: 'written' } | { type: 'counted'; counted?: Counted } | LogRecord | undefined;
    if (header === undefined) {
      header = value as JournalHeader | undefined;
      if (header?.type !== 'learner') throw new Failure(`${file}: not a journal, or cut in its first line`);
    } else if (value === undefined) bad++;
    else if (value.type === 'written') written = true;
    else if (value.type === 'counted') counted = value.counted ?? null;
    else if (value.type === 'lost') {
      dropped += value.dropped;
      malformed += value.malformed;
    } else if (value.type === 'unread') unread += value.unread + value.cut;
    else if (value.type === 'given') given[value.program] = [...(given[value.program] ?? []), value.path];
    else if (value.type === 'called') called.push({ [value.program]: { [value.architecture]: value.calls } });
    else if (isEvent(value as LogRecord)) {
      const record = value as EventRecord;
      events++;
      if (record.learnt === true) learnt++;
      last = record.time;
      take(record);
    } else bad++;
  }
  if (header === undefined) throw new Failure(`${file}: not a journal, or cut in its first line`);
  const facts = { file, header, counted, bad, dropped, malformed, written, events, learnt, last, given, unread };
  return { ...facts, called: togetherCalled(called) };
}

/** The records of a journal, one after the other. */
export function* journalRecords(file: string): Generator<EventRecord> {
  for (const line of linesIn(openSync(file, 'r'))) {
    const value = parse(line) as LogRecord | undefined;
    if (value !== undefined && isEvent(value)) yield value;
  }
}

function parse(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
