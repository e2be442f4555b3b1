// SPDX-License-Identifier: GPL-2.0-only
/**
 * `callgate audit export`: a session's log, handed to a receiver record by record, at the receiver's pace. The log is what keeps the
 * records meanwhile, and the cursor how far they came: nothing that a receiver does is felt by a session.
 */
import { hostname } from 'node:os';
import { Endings, type Unended } from '../audit/unended.js';
import type { LogRecord, LostNote } from '../events/record.js';
import { codeOf, Failure, messageOf } from '../host/failure.js';
import type { Addon } from '../kernel/addon.js';
import { Changes } from './changes.js';
import { CSV } from './csv.js';
import { type Cursor, type Position, readCursor, writeCursor } from './cursor.js';
import { DatagramReceiver } from './datagram.js';
import { FileReceiver, StreamReceiver } from './file.js';
import { journalEntry } from './journald.js';
import { JSONL } from './jsonl.js';
import { type Item, isLogOf, LogReader } from './reader.js';
import { GaveUp, type Patience, type Receiver } from './receiver.js';
import { counted, syslogMessage } from './syslog.js';
import { type Target, targetText } from './target.js';
import { TcpReceiver } from './tcp.js';

export interface ExportOptions {
  readonly session: string;
  /** Its log. */
  readonly file: string;
  readonly to: Target;
  /** Where to remember how far it came; null: it is not remembered, and begins at the beginning. */
  readonly cursor: string | null;
  /** Go on as records come, until the session is over. */
  readonly follow: boolean;
  /** The sessions that are there now, this one or not: a log may hold others' records too. */
  readonly sessions: () => ReadonlySet<string>;
  /** Milliseconds that a receiver may take nothing; null: for ever. */
  readonly most: number | null;
  /** Aborted: hand on no more, and end. */
  readonly enough: AbortSignal;
  /** Aborted: wait for nothing any more. */
  readonly stop: AbortSignal;
  /** For datagrams. */
  readonly addon: () => Addon;
  readonly stdout: NodeJS.WritableStream;
  readonly talk: (line: string) => void;
}

export interface Exported {
  readonly session: string;
  readonly to: string;
  /** Records that were handed on in this call. */
  readonly exported: number;
  /** Events that the log no longer had when it was their turn. */
  readonly gone: number;
  /** Records that the receiver refused: they are too long for it. */
  readonly refused: number;
  /** Lines of the log that are none. */
  readonly bad: number;
  /** Handed on, and not known to have arrived: with a cursor they are handed on again. */
  readonly unconfirmed: number;
  /** The last number that was given. */
  readonly number: number;
  /** Sessions whose end the log has not, where it was read to its end. */
  readonly unended: readonly Unended[];
  /** Why it ended early; null: all that there was was handed on. */
  readonly failure: string | null;
}

/** A number that was given, and the place in the log behind it. */
interface Given {
  readonly number: number;
  readonly position: Position;
  readonly taken: boolean;
  /** Of the log; null: it was made here. */
  readonly record: LogRecord | null;
}

/** Numbers between two writings of the cursor, and milliseconds. */
const CURSOR_EACH = 2000;
const CURSOR_MS = 1000;

/** Exports. Throws Failure where it cannot begin; what ends it later stands in the result. */
export async function exportLog(options: ExportOptions): Promise<Exported> {
  const to = targetText(options.to);
  const unlock = options.cursor === null ? () => undefined : lockCursor(options.addon(), options.cursor);
  try {
    const cursor = options.cursor === null ? null : readCursor(options.cursor, options.session, to);
    const reader = new LogReader(options.file, cursor);
    try {
      const receiver = receiverOf(options, to);
      const changes = new Changes(options.file);
      try {
        return await new Export(options, to, cursor, reader, receiver, changes).run();
      } finally {
        changes.close();
        receiver.close();
      }
    } finally {
      reader.close();
    }
  } finally {
    unlock();
  }
}

class Export {
  #number: number;
  #exported = 0;
  #taken = 0;
  #gone = 0;
  #refused = 0;
  #bad = 0;
  #accounted = 0;
  readonly #given: Given[] = [];
  /** In what was read, and in what the cursor says. */
  readonly #read: Endings;
  readonly #settled: Endings;
  #unended: readonly Unended[] = [];
  #sinceCursor = 0;
  #cursorAt = performance.now();

  constructor(
    private readonly options: ExportOptions,
    private readonly to: string,
    cursor: Cursor | null,
    private readonly reader: LogReader,
    private readonly receiver: Receiver,
    private readonly changes: Changes,
  ) {
    this.#number = cursor?.number ?? 0;
    const open = reader.resumed ? (cursor?.open ?? {}) : {};
    [this.#read, this.#settled] = [new Endings(open), new Endings(open)];
  }

  async run(): Promise<Exported> {
    let failure: string | null = null;
    try {
      await this.#all();
      await this.receiver.finish();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failure = error instanceof GaveUp && this.options.enough.aborted ? null : messageOf(error);
    }
    this.#keepCursor();
    const { session } = this.options;
    return {
      ...{ session, to: this.to, exported: this.#exported, gone: this.#gone, refused: this.#refused, bad: this.#bad },
      ...{ unconfirmed: this.#taken - this.receiver.settled, number: this.#number, unended: this.#unended, failure },
    };
  }

  async #all(): Promise<void> {
    const { session, follow, enough, sessions } = this.options;
    // Asked for only once there is nothing more, and before that is looked once more: whoever is gone by then wrote its end before.
    let here: ReadonlySet<string> | null = null;
    while (!enough.aborted) {
      const item = this.reader.next();
      if (item !== null) {
        here = null;
        await this.#hand(item);
      } else if (here === null) here = sessions();
      else if (follow && here.has(session)) {
        here = null;
        this.#keepCursor();
        await this.changes.next(enough);
      } else {
        const cut = here.has(session) ? null : this.reader.cut();
        if (cut !== null) await this.#hand(cut);
        this.#unended = this.#read.list(here);
        return;
      }
      if (this.#sinceCursor >= CURSOR_EACH || (this.#sinceCursor > 0 && performance.now() - this.#cursorAt > CURSOR_MS))
        this.#keepCursor();
    }
  }

  async #hand(item: Item): Promise<void> {
    switch (item.kind) {
      case 'record':
        try {
          this.#read.add(item.record);
          if (await this.#send(item.record, item.position, item.record)) this.#exported++;
          else {
            this.#refused++;
            await this.#send(this.#lost({ unwritten: 1 }), item.position);
          }
        } catch (error) {
          // It is of a type that is known, and lacks what that has: no form can be given to it.
          if (!(error instanceof TypeError)) throw error;
          await this.#unreadable(item.position);
        }
        return;
      case 'gone':
        this.#read.forget();
        this.#gone += item.events;
        this.#number += item.events;
        await this.#send(this.#lost({ unwritten: item.events }), item.position);
        return;
      case 'bad':
        await this.#unreadable(item.position);
        return;
    }
  }

  async #unreadable(position: Position): Promise<void> {
    this.#bad++;
    this.#number++;
    await this.#send(this.#lost({ malformed: 1 }), position);
  }

  /** True where it was taken; its number is gone either way. */
  async #send(record: LogRecord, position: Position, of: LogRecord | null = null): Promise<boolean> {
    // Given only once it is decided: an export that gives up here goes on with the same number.
    const number = this.#number + 1;
    const answer = await this.receiver.send({ number, record });
    this.#number = number;
    this.#given.push({ number, position, taken: answer === 'taken', record: of });
    this.#sinceCursor++;
    if (answer === 'taken') this.#taken++;
    return answer === 'taken';
  }

  #lost(what: Partial<Pick<LostNote, 'unwritten' | 'malformed'>>): LostNote {
    const { session } = this.options;
    return {
      ...{ v: 1, time: new Date().toISOString(), session, type: 'lost', dropped: 0, malformed: 0, unwritten: 0 },
      ...what,
      sink: 'export',
    };
  }

  /** Writes down how far what was taken is settled. */
  #keepCursor(): void {
    this.#sinceCursor = 0;
    this.#cursorAt = performance.now();
    this.receiver.confirm();
    let last: Given | null = null;
    for (let first = this.#given[0]; first !== undefined; first = this.#given[0]) {
      if (first.taken && this.#accounted >= this.receiver.settled) break;
      if (first.taken) this.#accounted++;
      if (first.record !== null) this.#settled.add(first.record);
      last = first;
      this.#given.shift();
    }
    if (last === null || this.options.cursor === null) return;
    const { session } = this.options;
    const { open } = this.#settled;
    writeCursor(this.options.cursor, { v: 1, session, to: this.to, ...last.position, number: last.number, open });
  }
}

function lockCursor(addon: Addon, cursor: string): () => void {
  try {
    return addon.lock(`${cursor}.lock`);
  } catch (error) {
    if (codeOf(error) === 'EWOULDBLOCK' || codeOf(error) === 'EAGAIN')
      throw new Failure(`${cursor}: another export uses this cursor`, '--cursor another FILE', error);
    throw new Failure(`${cursor}: the cursor cannot be locked (${codeOf(error) ?? 'error'})`, undefined, error);
  }
}

function receiverOf(options: ExportOptions, name: string): Receiver {
  const { to, addon, most, stop, talk } = options;
  const patience: Patience = {
    most,
    stop,
    tell: (trouble) =>
      talk(
        trouble === null
          ? `${name} takes records again`
          : `${name} takes nothing (${trouble}); what comes waits in the log, where rotation keeps it for a while`,
      ),
  };
  switch (to.kind) {
    case 'jsonl':
    case 'csv': {
      const lines = to.kind === 'csv' ? CSV : JSONL;
      if (to.file === null) return new StreamReceiver(options.stdout, lines, patience);
      if (isLogOf(options.file, to.file))
        throw new Failure(
          `${to.file}: that is the log itself, which would be read and written without end`,
          'name another file',
        );
      return new FileReceiver(to.file, lines, patience, talk);
    }
    case 'syslog-socket': {
      const host = hostname();
      return new DatagramReceiver(addon(), to.path, (message) => syslogMessage(message, host), false, patience);
    }
    case 'journald':
      return new DatagramReceiver(addon(), to.path, journalEntry, true, patience);
    case 'syslog-tcp': {
      const host = hostname();
      return new TcpReceiver(to.host, to.port, (message) => counted(syslogMessage(message, host)), patience);
    }
  }
}
