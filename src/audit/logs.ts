// SPDX-License-Identifier: GPL-2.0-only
/** Which logs a person means, of sessions that live and of those that ended. */
import { readdirSync, realpathSync, statSync, symlinkSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type EventRecord, isEvent, type LogRecord, type SessionNote } from '../events/record.js';
import { codeOf, Failure } from '../host/failure.js';
import { readStates, type SessionState } from '../session/state.js';
import { readLog } from './read.js';

export interface SessionLog {
  readonly session: string;
  readonly file: string;
  readonly living: boolean;
  /** It was named by --log, and may hold other sessions' records too. */
  readonly shared: boolean;
}

interface Places {
  readonly run: string;
  readonly logs: string;
}

/** Where the log of a session stands, unless it was named by --log. */
export function logPath({ logs }: Pick<Places, 'logs'>, session: string): string {
  return join(logs, `${session}.jsonl`);
}

/** Lets a log that stands elsewhere be found by its session's name, when that is over too: a link in the folder of logs. */
export function nameLog(places: Pick<Places, 'logs'>, session: string, file: string): void {
  const link = logPath(places, session);
  const log = resolve(file);
  if (log === link) return;
  try {
    symlinkSync(log, link);
  } catch (error) {
    // A folder that takes no link keeps no session from running; of a name that is taken the log is another's.
    if (codeOf(error) === undefined) throw error;
  }
}

/** The file of a session's log, through the link that leads to it; null where none is there. */
export function logFile(places: Pick<Places, 'logs'>, session: string): string | null {
  try {
    return realpathSync(logPath(places, session));
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return null;
  }
}

/** Was a session's log named by --log? Other sessions' records may be in it then. */
export function isShared(session: string, file: string): boolean {
  return basename(file) !== `${session}.jsonl`;
}

/** Every session that has a log, the one that was written last at the end. */
export function allLogs(places: Places): SessionLog[] {
  const states = readStates(places);
  const found = (session: string, file: string, living: boolean): SessionLog => {
    return { session, file, living, shared: isShared(session, file) };
  };
  const living = states.map(({ name, log }: SessionState) => found(name, log, true));
  let names: string[] = [];
  try {
    names = readdirSync(places.logs).filter((name) => name.endsWith('.jsonl'));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  const past = names
    .map((name) => name.replace(/\.jsonl$/, ''))
    .filter((session) => !living.some((log) => log.session === session))
    .flatMap((session) => {
      const file = logFile(places, session);
      return file === null ? [] : [found(session, file, false)];
    });
  return [...past, ...living].sort((one, other) => written(one.file) - written(other.file));
}

/**
 * The logs of some sessions: by a session's name, or by a program's (all of its sessions); all, where none is named: each file
 * once, under the last of the names that it has.
 *
 * @throws Failure where a word means none
 */
export function logsOf(places: Places, words: readonly string[]): SessionLog[] {
  const all = allLogs(places);
  if (words.length === 0) return [...new Map(all.map((log) => [log.file, { ...log, shared: false }])).values()];
  return words.flatMap((word) => {
    const exact = all.filter(({ session }) => session === word);
    const found = exact.length > 0 ? exact : all.filter(({ session }) => session.replace(/-\d+$/, '') === word);
    if (found.length === 0) throw new Failure(`${word}: no session of this name has a log; ${listed(all)}`);
    return found;
  });
}

/** What a log holds of its session. */
export interface LogEvents {
  readonly events: readonly EventRecord[];
  /** What the session said when it began; undefined where that was rotated away. */
  readonly begun: SessionNote | undefined;
  /** All that was read of the session, of any time. */
  readonly records: readonly LogRecord[];
  /** Lines that could not be read. */
  readonly bad: number;
}

/** Is the record the session's whose log this is? */
export function isOf({ session, shared }: Pick<SessionLog, 'session' | 'shared'>, record: LogRecord): boolean {
  return !shared || record.session === session;
}

/** The events of a log, those since a time (ISO 8601, microseconds) only. */
export function eventsOf(log: SessionLog, since: string | null): LogEvents {
  const { records: all, bad } = readLog(log.file);
  const records = all.filter((record) => isOf(log, record));
  const events = records.filter(isEvent);
  const begun = records.find((record): record is SessionNote => !isEvent(record) && record.type === 'session');
  return { events: since === null ? events : events.filter(({ time }) => time >= since), records, begun, bad };
}

/** Sessions named at most, the last ones. */
const NAMED = 20;

function listed(all: readonly SessionLog[]): string {
  if (all.length === 0) return 'no session has one';
  const more = all.length > NAMED ? `${all.length - NAMED} more and ` : '';
  return `there are ${more}${all
    .slice(-NAMED)
    .map(({ session }) => session)
    .join(', ')}`;
}

function written(file: string): number {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}
