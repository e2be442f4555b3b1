// SPDX-License-Identifier: GPL-2.0-only
/**
 * What a session has in the gate goes into its log, and a learner's journal, before the gate forgets it: at its end, or behind
 * a supervisor that was killed.
 */

import { loadApplication } from '../application/application.js';
import { type Surroundings, surroundingsOf } from '../application/surroundings.js';
import { Journal, type JournalFacts, JournalSink, journalRecords, readJournal, scanJournal } from '../audit/journal.js';
import { Log } from '../audit/log.js';
import { recordsOf } from '../audit/read.js';
import { repeatsOf } from '../audit/repeats.js';
import { Reporter } from '../audit/reporter.js';
import { Resumed } from '../audit/resumed.js';
import { type EventSink, lineOfRecord } from '../audit/sink.js';
import { type EventRecord, isEvent, type LogRecord } from '../events/record.js';
import { findUser } from '../host/accounts.js';
import { messageOf } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import { Session } from '../session/session.js';
import type { SessionState } from '../session/state.js';
import { countersOf } from '../session/status.js';

/**
 * Puts repeats and counters into the journal. The ring buffer must have been read to its end.
 *
 * @returns what the journal says then
 */
export function finishJournal(session: Session, journal: Journal): JournalFacts {
  const { gate, number, state } = session;
  const counters = gate.session(number);
  journal.take([]);
  const facts = scanJournal(journal.file);
  const repeats = repeatsOf(gate, number, journalRecords(journal.file), counters?.sequence ?? 0);
  journal.take(repeats.map(lineOfRecord));
  const { events, repeats: repeated, learnt, dropped, unresolved, floor } = countersOf(counters);
  const { name, started } = state;
  const counted = {
    ...{ session: name, started, ended: new Date().toISOString(), events, repeats: repeated, learnt, dropped },
    ...{ unresolved, floor, damaged: facts.bad, malformed: facts.malformed },
    // Runs that were skipped belong to no session; while one learns, any may have been its.
    skipped: gate.skipped(),
  };
  journal.finish(counted);
  return { ...facts, counted };
}

/**
 * Frees a session that nobody attends to and that holds nobody. What its supervisor left in the ring buffer is written first,
 * with what was counted and an end, as it would have done. Call under the lock.
 */
export function freeSession(host: Host, gate: Gate, state: SessionState): void {
  const session = Session.found(host, gate, state);
  salvage(session);
  session.free();
}

/** Writes what a supervisor that died left unwritten. A log or journal that is gone saves nothing, and is told. */
export function salvage(session: Session): void {
  const { gate, number, state } = session;
  // The supervisor died between writing the state and filling the gate, or the gate it was in was taken off.
  if (gate.life(number)?.cookie !== session.cookie) return;
  const before: LogRecord[] = [];
  const log = attempt(state.log, () => resumedLog(state, before));
  const journal = state.journal === null ? null : attempt(state.journal, () => resumedJournal(state.journal as string));
  const sinks = [...(log === null ? [] : [log]), ...(journal === null ? [] : [journal.sink])];
  try {
    const reporter = new Reporter(session, sinks, warn);
    for (const record of [...before, ...(journal?.records ?? [])]) reporter.resume(record);
    const application = attempt(state.folder, () => loadApplication(state.folder, surroundings(session)));
    if (application) reporter.hold(application);
    // No ring: the supervisor died before it made one.
    const ring = attempt('the ring buffer', () => gate.openRing(number, reporter.deliver));
    ring?.drain();
    ring?.stop();
    reporter.end(true);
    if (journal !== null) finishJournal(session, journal.journal);
  } finally {
    journal?.journal.close();
  }
}

/** @param before takes what later events refer to, and the losses that are told already */
function resumedLog(state: SessionState, before: LogRecord[]): EventSink {
  const known = new Set<number>();
  for (const record of recordsOf(state.log)) {
    // A file that was named by --log may hold other sessions' records too.
    if (record.session !== state.name) continue;
    if (isEvent(record)) known.add(record.seq);
    if (record.type === 'exec' || record.type === 'lost') before.push(record);
  }
  return new Resumed(new Log(state.log), known);
}

function resumedJournal(file: string): { journal: Journal; sink: EventSink; records: readonly EventRecord[] } {
  const { records } = readJournal(file);
  const journal = Journal.resume(file);
  const known = new Set(records.map(({ seq }) => seq));
  return { journal, records, sink: new Resumed(new JournalSink(journal), known) };
}

/** As the run had them, but for ${CWD}: where that matters, an event names its policy and no line of it. */
function surroundings({ host, state }: Session): Surroundings {
  const uid = process.getuid?.() ?? 0;
  const user = findUser(state.user ?? uid) ?? { name: String(uid), uid, gid: uid, home: '/', shell: '/bin/sh' };
  return surroundingsOf(user, '/', host.groups);
}

/** What could not be done is told, and the rest is saved all the same. */
function attempt<T>(what: string, action: () => T): T | null {
  try {
    return action();
  } catch (error) {
    warn(`${what}: not all could be saved: ${messageOf(error)}`);
    return null;
  }
}

function warn(line: string): void {
  process.emitWarning(line);
}
