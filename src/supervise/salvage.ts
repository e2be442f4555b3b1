/** What a learner has in the gate goes into its journal before the gate forgets it: at the end, or behind one that was killed. */

import { Journal, JournalSink, type JournalText, readJournal } from '../audit/journal.js';
import { Log } from '../audit/log.js';
import { repeatsOf } from '../audit/repeats.js';
import { Reporter } from '../audit/reporter.js';
import { lineOfRecord } from '../audit/sink.js';
import { messageOf } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import { Session } from '../session/session.js';
import type { SessionState } from '../session/state.js';
import { countersOf } from '../session/status.js';

/**
 * Puts repeats and counters into the journal. The ring buffer must have been read to its end.
 *
 * @returns what the journal holds then, so that nobody need read it again
 */
export function finishJournal(session: Session, journal: Journal): JournalText {
  const { gate, number, state } = session;
  const counters = gate.session(number);
  journal.take([]);
  const text = readJournal(journal.file);
  const repeats = repeatsOf(gate, number, text.records, counters?.sequence ?? 0);
  journal.take(repeats.map(lineOfRecord));
  const { events, repeats: repeated, learnt, dropped, unresolved, floor } = countersOf(counters);
  const { name, started } = state;
  const counted = {
    ...{ session: name, started, ended: new Date().toISOString(), events, repeats: repeated, learnt, dropped },
    ...{ unresolved, floor, damaged: text.bad, malformed: text.malformed },
    // Runs that were skipped belong to no session; while one learns, any may have been its.
    skipped: gate.skipped(),
  };
  journal.finish(counted);
  return { ...text, records: [...text.records, ...repeats], counted };
}

/** Frees a session that nobody attends to and that holds nobody; a learner's records are saved first. Call under the lock. */
export function freeSession(host: Host, gate: Gate, state: SessionState): void {
  const session = Session.found(host, gate, state);
  if (state.journal !== null) salvage(session, state.journal);
  session.free();
}

/** Reads what is left in the ring buffer of a learner that was killed. A journal that is gone saves nothing. */
function salvage(session: Session, file: string): void {
  let journal: Journal;
  try {
    journal = Journal.resume(file);
  } catch (error) {
    warn(`${file}: nothing could be saved: ${messageOf(error)}`);
    return;
  }
  try {
    const reporter = new Reporter(session, [new Log(session.state.log), new JournalSink(journal)], warn);
    const ring = session.gate.openRing(session.number, reporter.deliver);
    ring.drain();
    ring.stop();
    reporter.end();
    finishJournal(session, journal);
  } finally {
    journal.close();
  }
}

function warn(line: string): void {
  process.emitWarning(line);
}
