// SPDX-License-Identifier: GPL-2.0-only
import { mkdirSync, mkdtempSync, readlinkSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { allLogs, eventsOf, isOf, logFile, logsOf, nameLog } from '../../src/audit/logs.js';
import { unendedOf } from '../../src/audit/unended.js';
import { Failure } from '../../src/host/failure.js';

const work = mkdtempSync(join(tmpdir(), 'callgate-logs-'));
t.teardown(() => rmSync(work, { recursive: true }));
const places = { run: join(work, 'run'), logs: join(work, 'logs') };

t.test('without any', async (t) => {
  t.same(allLogs(places), []);
  t.same(logsOf(places, []), []);
  t.throws(() => logsOf(places, ['cat']), Failure);
});

t.test('by session and by program, the last written at the end', async (t) => {
  mkdirSync(places.logs);
  const names = ['cat-10', 'cat-2', 'a-cat-1'];
  names.forEach((name, index) => {
    writeFileSync(join(places.logs, `${name}.jsonl`), '');
    utimesSync(join(places.logs, `${name}.jsonl`), 1000 + index, 1000 + index);
  });
  writeFileSync(join(places.logs, 'cat-2.jsonl.1'), '');
  const sessions = (...words: string[]): string[] => logsOf(places, words).map(({ session }) => session);
  t.same(sessions(), names);
  t.same(sessions('cat'), ['cat-10', 'cat-2'], 'a program is all of its sessions, and not what ends like it');
  t.same(sessions('cat-2'), ['cat-2']);
  t.same(sessions('a-cat', 'cat-10'), ['a-cat-1', 'cat-10']);
  t.throws(() => logsOf(places, ['cat-2', 'dog']), Failure, 'one that means none');
});

t.test('the events of a log, and those since', async (t) => {
  const event = (seq: number) => ({ v: 1, seq, time: `2026-11-25T10:00:0${seq}.000000Z`, session: 'cat-2' });
  const begun = { v: 1, type: 'session', session: 'cat-2' };
  const lines = [begun, event(1), event(2), event(3), { v: 1, type: 'end', session: 'cat-2', sequence: 3 }];
  const log = { session: 'cat-2', file: join(places.logs, 'cat-2.jsonl'), living: false, shared: false };
  writeFileSync(log.file, `${lines.map((line) => JSON.stringify(line)).join('\n')}\nno JSON\n`);
  const nobody = new Set<string>();
  t.same(eventsOf(log, null), { begun, events: [event(1), event(2), event(3)], records: lines, bad: 1 });
  const since = '2026-11-25T10:00:02.000000Z';
  t.same(eventsOf(log, since), { begun, events: [event(2), event(3)], records: lines, bad: 1 });
  // The end went into the newer file.
  writeFileSync(
    `${log.file}.1`,
    lines
      .slice(0, -1)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
  );
  writeFileSync(log.file, `${JSON.stringify(lines.at(-1))}\n`);
  t.same(unendedOf(eventsOf(log, null).records, nobody), []);
  writeFileSync(log.file, '');
  t.same(unendedOf(eventsOf(log, null).records, nobody), [{ session: 'cat-2', last: 3, living: false }]);
  t.same(unendedOf(eventsOf(log, since).records, new Set(['cat-2'])), [{ session: 'cat-2', last: 3, living: true }]);
  rmSync(`${log.file}.1`);
});

t.test('a log that was named by --log is its session’s, and of each that wrote into it', async (t) => {
  const file = join(work, 'elsewhere.jsonl');
  const event = (session: string, seq: number) => ({ v: 1, seq, time: '2026-11-25T10:00:00.000000Z', session });
  const begun = (session: string) => ({ v: 1, type: 'session', session });
  const lines = [begun('dog-1'), event('dog-1', 1), begun('dog-2'), event('dog-2', 1), event('dog-2', 2)];
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  for (const session of ['dog-1', 'dog-2']) nameLog(places, session, file);
  nameLog(places, 'cat-2', file);
  nameLog(places, 'cat-10', join(places.logs, 'cat-10.jsonl'));
  t.equal(readlinkSync(join(places.logs, 'dog-1.jsonl')), file);
  t.equal(logFile(places, 'dog-2'), file);
  t.equal(logFile(places, 'cat-2'), join(places.logs, 'cat-2.jsonl'), 'a name that is taken stays whose it is');
  const read = (word: string) =>
    logsOf(places, [word]).map((log) => [log.session, log.file, eventsOf(log, null).events.map(({ seq }) => seq)]);
  t.same(read('dog-1'), [['dog-1', file, [1]]]);
  t.same(read('dog'), [
    ['dog-1', file, [1]],
    ['dog-2', file, [1, 2]],
  ]);
  const [log] = logsOf(places, ['dog-2']);
  t.same(
    log && unendedOf(eventsOf(log, null).records, new Set(['dog-1'])),
    [{ session: 'dog-2', last: 2, living: false }],
    'of the one that is named',
  );
  t.same(
    lines.map((line) => log !== undefined && isOf(log, line as never)),
    [false, false, true, true, true],
  );
  const all = logsOf(places, []).filter((one) => one.file === file);
  t.equal(all.length, 1, 'without a name each file is read once');
  t.same(
    all.map((one) => eventsOf(one, null).events.length),
    [3],
    'and all of it',
  );
  rmSync(file);
  t.equal(logFile(places, 'dog-1'), null);
  t.throws(() => logsOf(places, ['dog']), Failure, 'a log that was taken away is none');
});
