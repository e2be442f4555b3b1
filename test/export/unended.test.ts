// SPDX-License-Identifier: GPL-2.0-only
/** An export says whose end its log has not, on from a cursor too, and over rotations. */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { LogRecord } from '../../src/events/record.js';
import { event, events, folder, run, SESSION, text } from './build.js';

const end = (sequence: number): LogRecord =>
  ({
    v: 1,
    type: 'end',
    time: SESSION.time,
    session: 's-1',
    sequence,
    unresolved: {},
    floor: {},
    deniedBy: {},
  }) as LogRecord;

t.test('until its end has come', async (t) => {
  const at = folder(t);
  const [file, to, cursor] = [join(at, 's-1.jsonl'), `jsonl:${at}/out`, join(at, 'cursor')];
  writeFileSync(file, text([SESSION, ...events(1, 3)]));
  const alive = await run(file, to, { cursor, sessions: () => new Set(['s-1']) });
  t.same([alive.exported, alive.unended], [4, [{ session: 's-1', last: 3, living: true }]]);
  const dead = await run(file, to, { cursor });
  t.same(
    [dead.exported, dead.unended],
    [0, [{ session: 's-1', last: 3, living: false }]],
    'nothing new, and still none',
  );
  const { open, ...old } = JSON.parse(readFileSync(cursor, 'utf8')) as { open: unknown };
  t.same(open, { 's-1': 3 });
  renameSync(file, `${file}.1`);
  writeFileSync(file, text([event(4), event(5, { session: 's-2' })]));
  const rotated = await run(file, to, { cursor });
  t.same(rotated.unended, [
    { session: 's-1', last: 4, living: false },
    { session: 's-2', last: 5, living: false },
  ]);
  appendFileSync(file, text([end(4)]));
  const whole = await run(file, to, { cursor });
  t.same([whole.exported, whole.unended], [1, [{ session: 's-2', last: 5, living: false }]]);
  t.same((await run(file, to)).unended, whole.unended, 'from the beginning it is the same');
  writeFileSync(cursor, JSON.stringify(old));
  t.equal((await run(file, to, { cursor })).exported, 3, 'a cursor of before is one still');
});

t.test('an end that is written while it is looked who lives is seen', async (t) => {
  const file = join(folder(t), 's-1.jsonl');
  writeFileSync(file, text([SESSION, event(1)]));
  let wrote = false;
  const sessions = (): ReadonlySet<string> => {
    if (!wrote) appendFileSync(file, text([end(1)]));
    wrote = true;
    return new Set();
  };
  const { exported, unended } = await run(file, `jsonl:${file}.out`, { sessions });
  t.same([exported, unended], [3, []]);
});

t.test('where part of the log is gone, nobody knows whose end stood there', async (t) => {
  const at = folder(t);
  const [file, to, cursor] = [join(at, 's-1.jsonl'), `jsonl:${at}/out`, join(at, 'cursor')];
  writeFileSync(file, text([SESSION, ...events(1, 3)]));
  await run(file, to, { cursor });
  writeFileSync(file, text(events(1, 2, { session: 's-2' })));
  t.same((await run(file, to, { cursor })).unended, [{ session: 's-2', last: 2, living: false }]);
  t.same((await run(file, to, { cursor, enough: AbortSignal.abort() })).unended, [], 'it was not read to its end');
});
