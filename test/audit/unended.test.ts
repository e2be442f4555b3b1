// SPDX-License-Identifier: GPL-2.0-only
/** Whose end a log has not, and whose it has, in one log of several sessions. */
import t from 'tap';
import { denialsOf } from '../../src/audit/denials.js';
import { Endings, toldOf, unendedOf, unendedText } from '../../src/audit/unended.js';
import type { EventRecord, LogRecord } from '../../src/events/record.js';
import { event, SESSION } from '../export/build.js';

const begin = (session: string): LogRecord => ({ ...SESSION, session });
const did = (session: string, seq: number): EventRecord => event(seq, { session });
const end = (session: string, sequence: number, unattended?: true): LogRecord =>
  ({ v: 1, type: 'end', time: SESSION.time, session, sequence, ...(unattended ? { unattended } : {}) }) as LogRecord;
const lost = (session: string): LogRecord => ({
  ...{ v: 1, type: 'lost', time: SESSION.time, session },
  ...{ dropped: 1, malformed: 0, unwritten: 0 },
});
const here = new Set(['b-1']);
const found = (...records: LogRecord[]): (string | number | boolean)[][] =>
  unendedOf(records, here).map(({ session, last, living }) => [session, last, living]);

t.test('each session by itself', async (t) => {
  t.same(found(), []);
  t.same(found(begin('a-1'), did('a-1', 1), end('a-1', 1)), []);
  t.same(found(begin('a-1')), [['a-1', 0, false]]);
  t.same(found(did('a-1', 7), lost('a-1'), end('a-1', 9)), [], 'its beginning was rotated away');
  t.same(found(lost('a-1')), [['a-1', 0, false]]);
  t.same(found(begin('a-1'), begin('b-1'), did('a-1', 1), did('b-1', 1), end('b-1', 1), did('a-1', 2)), [
    ['a-1', 2, false],
  ]);
  t.same(found(begin('a-1'), did('a-1', 1), begin('b-1'), did('b-1', 4), end('a-1', 1)), [['b-1', 4, true]]);
});

t.test('the same name twice', async (t) => {
  const once = [begin('a-1'), did('a-1', 1), did('a-1', 2)];
  t.same(found(...once, begin('a-1'), did('a-1', 3), end('a-1', 3, true)), [], 'whoever freed it begins once more');
  t.same(found(...once, begin('a-1'), end('a-1', 2, true)), []);
  t.same(found(...once, begin('a-1'), did('a-1', 1), did('a-1', 2), end('a-1', 2)), [['a-1', 2, false]]);
  t.same(found(...once, begin('a-1'), end('a-1', 0)), [['a-1', 2, false]]);
  t.same(found(...once, end('a-1', 2), begin('a-1'), did('a-1', 1), end('a-1', 1)), []);
  t.same(found(...once, end('a-1', 2), begin('a-1'), did('a-1', 1)), [['a-1', 1, false]]);
});

t.test('on from what was known, and a part that is gone', async (t) => {
  const endings = new Endings({ 'a-1': 5, 'b-1': 2 });
  endings.add(end('a-1', 5));
  t.same(endings.open, { 'b-1': 2 });
  endings.add(did('c-1', 1));
  endings.forget();
  t.same(endings.list(here), []);
});

t.test('denials name those of their sessions', async (t) => {
  const denials = denialsOf([did('a-1', 1), did('b-1', 1), event(2, { session: 'b-1', object: '/other' })]);
  const told = toldOf(denials, [{ session: 'a-1', last: 1, living: false }]);
  t.same(
    told.map(({ objects, sessions, unended }) => ({ objects, sessions, unended })),
    [
      { objects: ['/etc/1'], sessions: ['a-1', 'b-1'], unended: ['a-1'] },
      { objects: ['/other'], sessions: ['b-1'], unended: undefined },
    ],
  );
  t.notOk('unended' in (told[1] ?? {}));
});

t.test('as a sentence', async (t) => {
  t.equal(
    unendedText('/l', { session: 'a-1', last: 7, living: false }),
    '/l: session a-1 has no end in it, and is none of this machine now: what came after number 7 is in no log',
  );
  t.equal(
    unendedText('/l', { session: 'a-1', last: 7, living: true }),
    '/l: session a-1 is not over: what came after number 7 is not in it yet',
  );
});
