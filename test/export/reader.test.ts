// SPDX-License-Identifier: GPL-2.0-only
/** Reading a log from a position on, whatever becomes of its files meanwhile. */
import { appendFileSync, existsSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { LOGS_KEPT, Log } from '../../src/audit/log.js';
import { isEvent } from '../../src/events/record.js';
import type { Position } from '../../src/export/cursor.js';
import { LogReader } from '../../src/export/reader.js';
import { event, events, folder, SESSION, text } from './build.js';

/** All that there is now: numbers of events, what notes are, how much is gone. */
function drain(reader: LogReader): { said: (number | string)[]; at: Position | null } {
  const said: (number | string)[] = [];
  let at: Position | null = null;
  for (let item = reader.next(); item !== null; item = reader.next()) {
    at = item.position;
    if (item.kind === 'record') said.push(isEvent(item.record) ? item.record.seq : item.record.type);
    else said.push(item.kind === 'gone' ? `gone ${item.events}` : 'bad');
  }
  return { said, at };
}
const count = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

t.test('from the beginning, and on', async (t) => {
  const file = join(folder(t), 'a.jsonl');
  const reader = new LogReader(file, null);
  t.same(drain(reader).said, [], 'there is none yet');
  writeFileSync(file, text([SESSION, ...events(1, 2)]));
  t.same(drain(reader).said, ['session', 1, 2]);
  t.equal(reader.cut(), null);
  const { position } = reader;
  appendFileSync(file, text([event(3)]).slice(0, 20));
  t.same(drain(reader).said, [], 'half a line is none');
  t.same(reader.cut(), { kind: 'bad', position }, 'unless nobody writes the other half any more');
  appendFileSync(file, text([event(3)]).slice(20));
  t.same(drain(reader).said, [3]);
  appendFileSync(file, `nonsense\n\n${text([event(5)])}`);
  t.same(drain(reader).said, ['bad', 5], 'numbers that the kernel half lost are told by its own records');
  appendFileSync(file, text([SESSION, event(1)]));
  t.same(drain(reader).said, ['session', 1], 'another session of the same name');
  reader.close();
});

t.test('from a position, in every file it may be in by then', async (t) => {
  const file = join(folder(t), 'a.jsonl');
  const log = new Log(file, 2000);
  t.teardown(() => log.close());
  const first = new LogReader(file, null);
  for (const one of [SESSION, ...events(1, 3)]) log.write([JSON.stringify(one)]);
  const { at } = drain(first);
  first.close();
  for (let seq = 4; seq <= 30; seq++) {
    log.write([JSON.stringify(event(seq))]);
    const reader = new LogReader(file, at);
    t.same(drain(reader).said, count(4, seq), `up to ${seq}`);
    reader.close();
  }
  for (let seq = 31; seq <= 120; seq++) log.write([JSON.stringify(event(seq))]);
  t.ok(existsSync(`${file}.${LOGS_KEPT}`));
  const late = new LogReader(file, at);
  const { said } = drain(late);
  late.close();
  const oldest = said[1] as number;
  t.same(said.slice(0, 2), [`gone ${oldest - 4}`, oldest], 'what was rotated away is counted');
  t.same(said.slice(2, 4), [oldest + 1, oldest + 2]);
});

t.test('while it is rotated, once or several times between two looks', async (t) => {
  const file = join(folder(t), 'a.jsonl');
  const log = new Log(file, 1500);
  t.teardown(() => log.close());
  const reader = new LogReader(file, null);
  t.teardown(() => reader.close());
  const seen: (number | string)[] = [];
  for (let seq = 1; seq <= 200; seq++) {
    log.write([JSON.stringify(event(seq))]);
    if (seq % 17 === 0) seen.push(...drain(reader).said);
  }
  seen.push(...drain(reader).said);
  t.same(seen, count(1, 200));
  for (let seq = 201; seq <= 300; seq++) log.write([JSON.stringify(event(seq))]);
  const { said } = drain(reader);
  const gone = said.filter((one) => typeof one === 'string');
  const events_ = said.filter((one) => typeof one === 'number');
  const missing = gone.reduce<number>((sum, one) => sum + Number(String(one).slice('gone '.length)), 0);
  t.equal(events_.length + missing, 100, 'every one is seen or counted');
  t.equal(events_.at(-1), 300);
  t.ok(missing > 0, 'and some were rotated away');
});

t.test('a beginning that is gone', async (t) => {
  const file = join(folder(t), 'a.jsonl');
  writeFileSync(file, text(events(6, 7)));
  const reader = new LogReader(file, null);
  t.same(drain(reader).said, ['gone 5', 6, 7]);
  reader.close();
});

t.test('somebody else moves it, removes it, or cuts it short', async (t) => {
  const file = join(folder(t), 'a.jsonl');
  writeFileSync(file, text(events(1, 4)));
  const reader = new LogReader(file, null);
  t.teardown(() => reader.close());
  t.same(drain(reader).said, [1, 2, 3, 4]);
  appendFileSync(file, text([event(5)]));
  renameSync(file, `${file}.moved`);
  writeFileSync(file, text(events(6, 7)));
  t.same(drain(reader).said, [5, 6, 7], 'what is left of it is read first');
  rmSync(file);
  writeFileSync(file, text(events(10, 11)));
  t.same(drain(reader).said, ['gone 2', 10, 11]);
  truncateSync(file, 0);
  appendFileSync(file, text([event(13)]));
  t.same(drain(reader).said, ['gone 1', 13]);
});

t.test('a position of another file is none', async (t) => {
  const file = join(folder(t), 'a.jsonl');
  writeFileSync(file, text(events(1, 4)));
  const first = new LogReader(file, null);
  const { at } = drain(first);
  first.close();
  writeFileSync(file, text(events(5, 9)));
  const reader = new LogReader(file, at);
  t.same(drain(reader).said, count(5, 9), 'the same inode, and another line ends there');
  reader.close();
  const again = new LogReader(file, { ...(at as Position), seq: 2 });
  t.same(drain(again).said, ['gone 2', ...count(5, 9)]);
  again.close();
});
