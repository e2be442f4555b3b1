/** What a learner has in the gate goes into its journal before the gate forgets it: at the end, or behind one that was killed. */

import { Journal, readJournal } from '../audit/journal.js';
import { repeatsOf } from '../audit/repeats.js';
import { Reporter } from '../audit/reporter.js';
import { messageOf } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { Gate } from '../kernel/gate.js';
import { Session } from '../session/session.js';
import type { SessionState } from '../session/state.js';
import { countersOf } from '../session/status.js';

/** Puts repeats and counters into the journal. The ring buffer must have been read to its end. */
export function finishJournal(session: Session, journal: Journal): void {
  const { gate, number, state } = session;
  const counters = gate.session(number);
  journal.take([]);
  const { records, bad } = readJournal(journal.file);
  journal.take(repeatsOf(gate, number, records, counters?.sequence ?? 0));
  const { events, repeats, learnt, dropped, unresolved, floor } = countersOf(counters);
  const { name, started } = state;
  const ended = new Date().toISOString();
  // Runs that were skipped belong to no session; while one learns, any may have been its.
  const skipped = gate.skipped();
  journal.finish({
    session: name,
    started,
    ended,
    events,
    repeats,
    learnt,
    dropped,
    unresolved,
    floor,
    skipped,
    damaged: bad,
  });
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
    process.emitWarning(`${file}: nothing could be saved: ${messageOf(error)}`);
    return;
  }
  try {
    const reporter = new Reporter(session, null, (records) => journal.take(records));
    const ring = session.gate.openRing(session.number, reporter.deliver);
    ring.drain();
    ring.stop();
    reporter.close();
    finishJournal(session, journal);
  } finally {
    journal.close();
  }
}
