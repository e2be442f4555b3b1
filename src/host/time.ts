// SPDX-License-Identifier: GPL-2.0-only
/** Times for people: shown in the local time zone with its offset, and read in the same. JSON has UTC. */
import { Failure } from './failure.js';

export const TIMES =
  '90s, 10min, "1 hour", 3h, 2d, 1w, today, yesterday, 2026-11-24, 2026-11-24T10:00 (here), 2026-11-24T10:00+01:00, ...Z';

const pad = (number: number, digits = 2): string => String(number).padStart(digits, '0');

/** `2026-11-24T11:00:00.123456+01:00`: what `sinceTime` reads back as the same. Without `fraction` in whole seconds. */
export function localTime(iso: string, fraction = true): string {
  const time = new Date(iso);
  const date = `${pad(time.getFullYear(), 4)}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;
  const clock = `${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}`;
  const digits = fraction ? (/\.\d+/.exec(iso)?.[0] ?? '') : '';
  const offset = -time.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(offset) / 60))}:${pad(Math.abs(offset) % 60)}`;
  return `${date}T${clock}${digits}${zone}`;
}

const UNITS: readonly (readonly [names: RegExp, seconds: number])[] = [
  [/^s(ec(ond)?s?)?$/, 1],
  [/^m(in(ute)?s?)?$/, 60],
  [/^h(r|rs|ours?)?$/, 3600],
  [/^d(ays?)?$/, 86400],
  [/^w(eeks?)?$/, 7 * 86400],
];

/**
 * A time that a person types, as ISO 8601 in UTC with microseconds, as events have it.
 *
 * @throws Failure with the forms there are
 */
export function sinceTime(text: string, now: Date = new Date()): string {
  const word = text.trim().toLowerCase();
  const found = named(word, now) ?? before(word, now) ?? dated(text.trim(), now);
  if (found === null) throw new Failure(`${text}: no time`, `write ${TIMES}`);
  return found;
}

function written(time: Date, micros = ''): string {
  return `${time.toISOString().slice(0, 19)}.${(micros === '' ? pad(time.getUTCMilliseconds(), 3) : micros).slice(0, 6).padEnd(6, '0')}Z`;
}

function named(word: string, now: Date): string | null {
  const midnight = (days: number): Date => new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
  if (word === 'now') return written(now);
  if (word === 'today') return written(midnight(0));
  return word === 'yesterday' ? written(midnight(1)) : null;
}

/** `1h`, `1 hour`, `1h30m`, `2 days ago`. */
function before(word: string, now: Date): string | null {
  const text = word.replace(/\s*\bago$/, '');
  if (!/^(\d+\s*[a-z]+\s*)+$/.test(text)) return null;
  let seconds = 0;
  for (const [, number, unit = ''] of text.matchAll(/(\d+)\s*([a-z]+)/g)) {
    const each = UNITS.find(([names]) => names.test(unit))?.[1];
    if (each === undefined) return null;
    seconds += Number(number) * each;
  }
  const time = new Date(now.getTime() - seconds * 1000);
  return Number.isNaN(time.getTime()) ? null : written(time);
}

/** A date, a time of today's, or both; with a zone or in the local one. */
function dated(text: string, now: Date): string | null {
  const parts =
    /^(?:(\d{4})-(\d\d)-(\d\d))?(?:(^|[Tt ])(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(?: ?(Z|z|[+-]\d\d(?::?\d\d)?))?$/.exec(
      text,
    );
  if (parts === null) return null;
  const [, years, months, days, gap, hours, minutes, seconds = '0', fraction = '', zone] = parts;
  // A time alone begins the text; one behind a date stands behind a gap; a zone alone says nothing.
  if (years === undefined ? hours === undefined : gap === '') return null;
  if (hours === undefined && zone !== undefined) return null;
  const [year, month, day] =
    years === undefined
      ? [now.getFullYear(), now.getMonth(), now.getDate()]
      : [Number(years), Number(months) - 1, Number(days)];
  const clock = [Number(hours ?? 0), Number(minutes ?? 0), Number(seconds)] as const;
  const there = new Date(Date.UTC(year, month, day, ...clock));
  // A 30th of February is none.
  if (there.getUTCMonth() !== month || there.getUTCDate() !== day || there.getUTCSeconds() !== clock[2]) return null;
  if (clock[0] > 23 || clock[1] > 59) return null;
  if (zone === undefined) return written(new Date(year, month, day, ...clock), fraction === '' ? '0' : fraction);
  const [, sign, zoneHours = '0', zoneMinutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  const offset = (sign === '-' ? -1 : 1) * (Number(zoneHours) * 60 + Number(zoneMinutes));
  return written(new Date(there.getTime() - offset * 60_000), fraction === '' ? '0' : fraction);
}
