// SPDX-License-Identifier: GPL-2.0-only
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { LOGS_KEPT, Log } from '../../src/audit/log.js';
import { readLog } from '../../src/audit/read.js';

function folder(test: Test): string {
  const made = mkdtempSync(join(tmpdir(), 'callgate-log-'));
  test.teardown(() => rmSync(made, { recursive: true }));
  return made;
}

const line = (seq: number): string => JSON.stringify({ v: 1, seq, object: 'x'.repeat(50) });
const seqs = (file: string): number[] => readLog(file).records.map((record) => (record as { seq: number }).seq);
const count = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

t.test('lines are appended, for nobody else to read, in a folder of its own', async (t) => {
  const file = join(folder(t), 'logs', 'a.jsonl');
  const log = new Log(file);
  log.write([line(1), line(2)]);
  log.write([]);
  log.close();
  const again = new Log(file);
  again.write([line(3)]);
  again.close();
  t.same(seqs(file), [1, 2, 3]);
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.equal(statSync(join(file, '..')).mode & 0o777, 0o700);
});

t.test('a log that others could write, or that is none, is refused', async (t) => {
  const base = folder(t);
  const file = join(base, 'a.jsonl');
  writeFileSync(file, '', { mode: 0o600 });
  symlinkSync(file, join(base, 'link.jsonl'));
  t.throws(() => new Log(join(base, 'link.jsonl')), /link\.jsonl: the log cannot be opened \(ELOOP\)/);
  mkdirSync(join(base, 'folder.jsonl'));
  t.throws(() => new Log(join(base, 'folder.jsonl')), /cannot be opened \(EISDIR\)/);
  chmodSync(file, 0o666);
  t.throws(() => new Log(file), /others can write it/);
  chmodSync(file, 0o644);
  t.doesNotThrow(() => new Log(file).close(), 'others may read it, if the operator said so');
  mkdirSync(join(base, 'open'));
  chmodSync(join(base, 'open'), 0o777);
  t.throws(() => new Log(join(base, 'open', 'a.jsonl')), /the folder can be written by others/);
});

t.test('it is rotated by size, and nothing that is kept is torn', async (t) => {
  const file = join(folder(t), 'a.jsonl');
  const log = new Log(file, 300);
  for (let seq = 1; seq <= 39; seq++) log.write([line(seq)]);
  log.close();
  t.same(seqs(file), count(1, 39));
  t.equal(readFileSync(`${file}.1`, 'utf8').trim().split('\n').length, 4);
  t.notOk(existsSync(`${file}.new`));
  const more = new Log(file, 300);
  for (let seq = 40; seq <= 80; seq++) more.write([line(seq)]);
  more.close();
  t.equal(seqs(file).at(-1), 80);
  t.same(seqs(file), count(seqs(file)[0] as number, 80), 'only the oldest went');
  t.ok(existsSync(`${file}.${LOGS_KEPT}`));
  t.notOk(existsSync(`${file}.${LOGS_KEPT + 1}`));
});

t.test('where no new file can be made the old one goes on, and the rotated ones stay', async (t) => {
  const file = join(folder(t), 'a.jsonl');
  const log = new Log(file, 300);
  for (let seq = 1; seq <= 10; seq++) log.write([line(seq)]);
  mkdirSync(`${file}.new`);
  for (let seq = 11; seq <= 60; seq++) log.write([line(seq)]);
  t.match(log.failure, /a\.jsonl\.new: the log cannot be opened \(EISDIR\)/);
  t.same(seqs(file), count(1, 60));
  rmSync(`${file}.new`, { recursive: true });
  log.write([line(61)]);
  t.equal(log.failure, null);
  log.write([line(62)]);
  log.close();
  t.same(seqs(file), count(1, 62));
  t.equal(log.lost, 0);
});

t.test('a line that a crash cut spoils no other', async (t) => {
  const file = join(folder(t), 'a.jsonl');
  const whole = `${line(1)}\n${line(2)}\n`;
  for (const cut of [whole.length, whole.length - 1, whole.length - 2, line(1).length + 2, line(1).length + 1, 1, 0]) {
    writeFileSync(file, whole.slice(0, cut), { mode: 0o600 });
    const log = new Log(file);
    log.write([line(3)]);
    log.close();
    const { records, bad } = readLog(file);
    const kept = cut >= whole.length - 1 ? [1, 2, 3] : cut > line(1).length ? [1, 3] : [3];
    t.same(
      records.map((record) => (record as { seq: number }).seq),
      kept,
      `cut at ${cut}`,
    );
    const torn = cut > 0 && cut < whole.length - 1 && cut !== line(1).length + 1;
    t.equal(bad, torn ? 1 : 0, `cut at ${cut}`);
  }
});

t.test('a full disk is told, not thrown, and what waited is written when there is room', async (t) => {
  const full = new Log(join(folder(t), 'a.jsonl'));
  t.equal(full.failure, null);
  full.close();
  // Closed underneath, as a disk that takes nothing: every write fails.
  t.doesNotThrow(() => full.write([line(1)]));
  t.match(full.failure, /a\.jsonl: EBADF/);
  t.equal(full.lost, 0, 'it waits');
  const big = 'x'.repeat(1 << 20);
  for (let number = 0; number < 40; number++) full.write([big]);
  t.ok(full.lost > 20 && full.lost < 30, `${full.lost} given up, for memory ends too`);
});

t.test('what cannot be read is counted; characters may be cut by a piece', async (t) => {
  const file = join(folder(t), 'a.jsonl');
  t.same(readLog(file), { records: [], bad: 0 }, 'no log');
  // Longer than a piece, each character of three bytes.
  const long = JSON.stringify({ v: 1, seq: 1, object: '€'.repeat(800_000) });
  writeFileSync(file, `${long}\nno JSON\n{"v":2,"seq":2}\nnull\n[]\n\n${line(3)}\n`);
  appendFileSync(file, line(4).slice(0, 30));
  const { records, bad } = readLog(file);
  t.equal(bad, 5);
  t.equal(JSON.stringify(records[0]), long);
  t.same(seqs(file), [1, 3]);
});

t.test('a log that somebody else rotates goes on under its name', async (t) => {
  const file = join(folder(t), 'a.jsonl');
  const opened: number[] = [];
  const log = new Log(file, 1e6, (fd) => opened.push(fd));
  log.write([line(1), line(2)]);
  renameSync(file, `${file}-20261125`);
  log.write([line(3)]);
  t.same(seqs(file), [3], 'made anew');
  t.same(seqs(`${file}-20261125`), [1, 2], 'whole where it is now');
  renameSync(file, `${file}-20261126`);
  writeFileSync(file, '{"v":1,"seq":0}', { mode: 0o600 });
  log.write([line(4)]);
  t.same(seqs(file), [0, 4], 'and where logrotate made it, and wrote half a line');
  t.equal(opened.length, 3, 'each file is told');
  t.equal(log.lost, 0);
  t.equal(log.failure, null);
  log.close();
});

t.test('what is taken away with the log is counted', async (t) => {
  const file = join(folder(t), 'a.jsonl');
  const log = new Log(file);
  log.write([line(1), line(2)]);
  unlinkSync(file);
  log.write([line(3)]);
  t.same(seqs(file), [3]);
  t.equal(log.lost, 2, 'two lines that nobody can read');
  truncateSync(file, 0);
  log.write([line(4), line(5)]);
  t.same(seqs(file), [4, 5], 'written at its front');
  t.equal(log.lost, 3);
  log.write([line(6)]);
  t.equal(log.lost, 3, 'and nothing more while it is left alone');
  log.close();
});

t.test('a name that cannot be opened again keeps the lines', async (t) => {
  const base = folder(t);
  const file = join(base, 'a.jsonl');
  const log = new Log(file);
  log.write([line(1)]);
  renameSync(file, `${file}.old`);
  mkdirSync(file);
  log.write([line(2)]);
  t.match(log.failure, /cannot be opened/);
  rmSync(file, { recursive: true });
  log.write([line(3)]);
  t.equal(log.failure, null);
  t.same(seqs(file), [2, 3]);
  t.equal(log.lost, 0);
  log.close();
});
