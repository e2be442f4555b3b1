/** Which logs a person means, of sessions that live and of those that ended. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type EventRecord, isEvent } from '../events/record.js';
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
    if (found.length === 0) throw new Failure(`${word}: no session of this name has a log`, `ls ${places.logs}`);
    return found;
  });
}

/** The events of a log, those since a time (ISO 8601) only. */
export function eventsOf({ file }: SessionLog, since: string | null): { events: EventRecord[]; bad: number } {
  const { records, bad } = readLog(file);
  const events = records.filter(isEvent);
  return { events: since === null ? events : events.filter(({ time }) => time >= since), bad };
}

/** `1h`, `30m`, `2d`, `90s` before now, as ISO 8601. Throws a Failure for what is no such time. */
export function sinceTime(text: string): string {
  const [, number, unit] = /^(\d+)(s|m|h|d)$/.exec(text) ?? [];
  if (number === undefined) {
    const time = new Date(text);
    if (Number.isNaN(time.getTime())) throw new Failure(`${text}: no time`, '--since 1h, 30m, 2d, or 2026-11-24T10:00');
    return time.toISOString();
  }
  const seconds = { s: 1, m: 60, h: 3600, d: 86400 }[unit as 's' | 'm' | 'h' | 'd'];
  return new Date(Date.now() - Number(number) * seconds * 1000).toISOString();
}

function written(file: string): number {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}
