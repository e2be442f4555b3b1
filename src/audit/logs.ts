// SPDX-License-Identifier: GPL-2.0-only
/** Which logs a person means, of sessions that live and of those that ended. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type EventRecord, isEvent, type SessionNote } from '../events/record.js';
import { codeOf, Failure } from '../host/failure.js';
import { readStates, type SessionState } from '../session/state.js';
import { readLog } from './read.js';

export interface SessionLog {
  readonly session: string;
  readonly file: string;
  readonly living: boolean;
}

interface Places {
  readonly run: string;
  readonly logs: string;
}

/** Every session that has a log, the one that was written last at the end. */
export function allLogs(places: Places): SessionLog[] {
  const states = readStates(places);
  const living = states.map(({ name, log }: SessionState) => ({ session: name, file: log, living: true }));
  let names: string[] = [];
  try {
    names = readdirSync(places.logs).filter((name) => name.endsWith('.jsonl'));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  const past = names
    .map((name) => ({ session: name.replace(/\.jsonl$/, ''), file: join(places.logs, name), living: false }))
    .filter(({ file }) => !living.some((log) => log.file === file));
  return [...past, ...living].sort((one, other) => written(one.file) - written(other.file));
}

/**
 * The logs of some sessions: by a session's name, or by a program's (all of its sessions); all, where none is named.
 *
 * @throws Failure where a word means none
 */
export function logsOf(places: Places, words: readonly string[]): SessionLog[] {
  const all = allLogs(places);
  if (words.length === 0) return all;
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
  /** Lines that could not be read. */
  readonly bad: number;
}

/** The events of a log, those since a time (ISO 8601, microseconds) only. */
export function eventsOf({ file }: SessionLog, since: string | null): LogEvents {
  const { records, bad } = readLog(file);
  const events = records.filter(isEvent);
  const begun = records.find((record): record is SessionNote => !isEvent(record) && record.type === 'session');
  return { events: since === null ? events : events.filter(({ time }) => time >= since), begun, bad };
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
