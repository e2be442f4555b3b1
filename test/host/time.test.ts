// SPDX-License-Identifier: GPL-2.0-only
import t from 'tap';
import { localTime, sinceTime, TIMES } from '../../src/host/time.js';

const EVENT = '2026-11-24T10:00:00.123456Z';
const NOW = new Date('2026-11-25T08:30:00.250Z');

function zoned<T>(zone: string, action: () => T): T {
  const before = process.env.TZ;
  process.env.TZ = zone;
  try {
    return action();
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}
const since = (text: string, zone = 'Europe/Berlin'): string => zoned(zone, () => sinceTime(text, NOW));

t.test('shown in the local zone with its offset, and read back as the same', async (t) => {
  for (const [zone, shown] of [
    ['UTC', '2026-11-24T10:00:00.123456+00:00'],
    ['Europe/Berlin', '2026-11-24T11:00:00.123456+01:00'],
    ['Asia/Kolkata', '2026-11-24T15:30:00.123456+05:30'],
    ['America/St_Johns', '2026-11-24T06:30:00.123456-03:30'],
  ] as const) {
    t.equal(
      zoned(zone, () => localTime(EVENT)),
      shown,
    );
    t.equal(since(shown, zone), EVENT, 'where it was copied');
    t.equal(since(shown, 'Pacific/Auckland'), EVENT, 'and elsewhere');
  }
  t.equal(
    zoned('Europe/Berlin', () => localTime(EVENT, false)),
    '2026-11-24T11:00:00+01:00',
  );
  t.ok(since('2026-11-24T11:00:00+01:00') <= EVENT, 'whole seconds find what they name');
});

t.test('how long before now', async (t) => {
  for (const [text, time] of [
    ['90s', '2026-11-25T08:28:30.250000Z'],
    ['10min', '2026-11-25T08:20:00.250000Z'],
    ['10 minutes ago', '2026-11-25T08:20:00.250000Z'],
    ['3h', '2026-11-25T05:30:00.250000Z'],
    ['1 hour', '2026-11-25T07:30:00.250000Z'],
    ['1h30m', '2026-11-25T07:00:00.250000Z'],
    ['2d', '2026-11-23T08:30:00.250000Z'],
    ['1w', '2026-11-18T08:30:00.250000Z'],
    ['now', '2026-11-25T08:30:00.250000Z'],
  ] as const)
    t.equal(since(text), time, text);
});

t.test('days, dates and times are those of the local zone where none is named', async (t) => {
  for (const [text, time] of [
    ['today', '2026-11-24T23:00:00.000000Z'],
    ['yesterday', '2026-11-23T23:00:00.000000Z'],
    ['2026-11-24', '2026-11-23T23:00:00.000000Z'],
    ['2026-07-01', '2026-06-30T22:00:00.000000Z'],
    ['2026-11-24 10:00', '2026-11-24T09:00:00.000000Z'],
    ['2026-11-24T10:00:30', '2026-11-24T09:00:30.000000Z'],
    ['2026-11-24T10:00Z', '2026-11-24T10:00:00.000000Z'],
    ['2026-11-24 10:00 +0530', '2026-11-24T04:30:00.000000Z'],
    ['2026-11-24T10:00:00.5-03', '2026-11-24T13:00:00.500000Z'],
    ['09:15', '2026-11-25T08:15:00.000000Z'],
    [EVENT, EVENT],
  ] as const)
    t.equal(since(text), time, text);
});

t.test('what is no time says what is one', async (t) => {
  for (const text of [
    '',
    '1x',
    'tomorrow',
    '5',
    '2026-02-30',
    '2026-13-01',
    '25:00',
    '10:61',
    '+01:00',
    '2026-11-24Z',
    '1h x',
  ])
    t.throws(() => since(text), { name: 'Failure', message: `${text}: no time`, remedy: `write ${TIMES}` }, text);
});
