// SPDX-License-Identifier: GPL-2.0-only
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Follower } from '../../src/audit/follow.js';
import { Log } from '../../src/audit/log.js';

function set(test: Test): { file: string; seen: number[]; follow: (fromStart: boolean) => Follower } {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-follow-'));
  const file = join(folder, 'a.jsonl');
  const seen: number[] = [];
  const follow = (fromStart: boolean): Follower => {
    const follower = new Follower(file, (record) => void seen.push((record as { seq: number }).seq), fromStart);
    test.teardown(() => follower.close());
    return follower;
  };
  test.teardown(() => rmSync(folder, { recursive: true }));
  return { file, seen, follow };
}

const line = (seq: number): string => `${JSON.stringify({ v: 1, seq })}\n`;

/** Waits for what the folder's watcher brings. */
async function until(true_: () => boolean): Promise<void> {
  for (let tries = 0; tries < 250 && !true_(); tries++) await sleep(20);
}

t.test('from the end or from the beginning', async (t) => {
  const { file, seen, follow } = set(t);
  writeFileSync(file, line(1));
  follow(false);
  t.same(seen, []);
  follow(true);
  t.same(seen, [1]);
  seen.length = 0;
  renameSync(file, `${file}.2`);
  writeFileSync(`${file}.1`, line(2));
  writeFileSync(file, line(3));
  follow(true);
  t.same(seen, [1, 2, 3], 'rotated ones first');
});

t.test('lines come as they are written, whole', async (t) => {
  const { file, seen, follow } = set(t);
  writeFileSync(file, line(1));
  const follower = follow(false);
  appendFileSync(file, line(2));
  await until(() => seen.length === 1);
  t.same(seen, [2]);
  appendFileSync(file, line(3).slice(0, 4));
  await sleep(100);
  t.same(seen, [2], 'half a line is none');
  t.same([follower.unreadable(true), follower.unreadable(false)], [0, 1], 'unless nobody writes any more');
  appendFileSync(file, `${line(3).slice(4)}bad\n${line(4)}`);
  await until(() => seen.length === 3);
  t.same(seen, [2, 3, 4]);
  t.equal(follower.unreadable(false), 1, 'what is none is counted');
  appendFileSync(file, line(5).slice(0, 4));
  follower.read();
  renameSync(file, `${file}.1`);
  writeFileSync(file, line(6));
  await until(() => seen.length === 4);
  t.same([seen, follower.unreadable(false)], [[2, 3, 4, 6], 2], 'what a rotated log ends in, too');
});

t.test('a log that is not there yet', async (t) => {
  const { file, seen, follow } = set(t);
  follow(false);
  writeFileSync(file, line(1));
  await until(() => seen.length === 1);
  t.same(seen, [1]);
});

t.test('nothing is lost or told twice while it is rotated, once or several times between two looks', async (t) => {
  const { file, seen, follow } = set(t);
  const log = new Log(file, 64);
  const follower = follow(true);
  for (let seq = 1; seq <= 30; seq++) {
    log.write([line(seq).trim()]);
    if (seq % 7 === 0) follower.read();
  }
  await until(() => seen.length >= 30);
  log.close();
  t.same(
    seen,
    Array.from({ length: 30 }, (_, at) => at + 1),
  );
});

t.test('a log in the place of one that is gone', async (t) => {
  const { file, seen, follow } = set(t);
  writeFileSync(file, line(1));
  follow(true);
  renameSync(file, `${file}.gone`);
  writeFileSync(file, line(2));
  await until(() => seen.length === 2);
  t.same(seen, [1, 2]);
});

t.test('a log that is cut short is read from its beginning again', async (t) => {
  const { file, seen, follow } = set(t);
  writeFileSync(file, line(1) + line(2) + line(3));
  const follower = follow(false);
  truncateSync(file, 0);
  appendFileSync(file, line(4));
  follower.read();
  t.same(seen, [4]);
  appendFileSync(file, line(5));
  follower.read();
  t.same(seen, [4, 5]);
});
