// SPDX-License-Identifier: GPL-2.0-only
/** A file that is exported to has whole records only: where the disk takes no more, and where somebody was killed in the middle. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, closeSync, constants, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { EventRecord } from '../../src/events/record.js';
import { HEADER } from '../../src/export/csv.js';
import type { Exported } from '../../src/export/export.js';
import { takeBack } from '../../src/export/tail.js';
import { event, folder, run, SESSION, text } from './build.js';

t.setTimeout(240_000);
const count = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const FORMS = ['jsonl', 'csv'] as const;
type Form = (typeof FORMS)[number];

/** What a reader of CSV makes of a text: quotes may hold anything. */
function rows(csv: string): string[][] {
  const found: string[][] = [];
  for (let at = 0; at < csv.length; ) {
    const row: string[] = [];
    for (;;) {
      const [all, quoted, bare] = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(?:,|\r\n|$)/y.exec(csv.slice(at)) ?? [''];
      if (all === '') throw new Error(`no CSV at ${at}: ${csv.slice(at, at + 50)}`);
      at += all.length;
      row.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'));
      if (!all.endsWith(',')) break;
    }
    found.push(row);
  }
  return found;
}

/** Of each record in a file its number in the export and in its session; null: it has none. */
function numbersIn(file: string, form: Form): [number, number | null][] {
  const all = readFileSync(file, 'utf8');
  if (form === 'jsonl')
    return all
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { export: number; seq?: number })
      .map((record) => [record.export, record.seq ?? null]);
  const [header = [], ...others] = rows(all);
  t.equal(`${header.join(',')}\r\n`, HEADER);
  for (const row of others) t.equal(row.length, header.length, 'as many cells as the header has');
  return others.map(([number, , seq]) => [Number(number), seq === '' ? null : Number(seq)]);
}

const TOTAL = 600;
/** In CSV it has quotes, commas and line feeds. */
const odd = (seq: number): EventRecord => event(seq, { comm: 'a "b", c\n'.repeat(5), object: `/x, "${seq}"` });

/** A log of so many events behind what its session says. */
function log(at: string, total = TOTAL): string {
  const file = join(at, 's-1.jsonl');
  writeFileSync(file, text([SESSION, ...count(1, total).map(odd)]));
  return file;
}
const ALL: [number, number | null][] = [[1, null], ...count(1, TOTAL).map((seq): [number, number] => [seq + 1, seq])];

const build = new URL('build.js', import.meta.url).href;
/** An export by a process of its own, whose files may have so many KiB. */
function limited(kib: number, file: string, to: string, cursor: string): Exported {
  const code = `const { run } = await import(${JSON.stringify(build)});
    console.log(JSON.stringify(await run(...${JSON.stringify([file, to, { cursor, most: 50 }])})));`;
  const { stdout, stderr } = spawnSync(
    'bash',
    ['-c', 'ulimit -f "$1"; exec "$2" --input-type=module -e "$3"', 'bash', String(kib), process.execPath, code],
    { encoding: 'utf8' },
  );
  t.equal(stderr, '');
  return JSON.parse(stdout) as Exported;
}

for (const form of FORMS)
  t.test(`${form}: a file that may not grow ends where the cursor says`, async (t) => {
    const at = folder(t);
    const file = log(at);
    // The limit falls somewhere else into a record each time.
    for (const kib of [1, 7, 43, 101]) {
      const [out, cursor] = [join(at, `out-${kib}`), join(at, `cursor-${kib}`)];
      const first = limited(kib, file, `${form}:${out}`, cursor);
      t.match(first.failure, /takes nothing \(EFBIG\)$/);
      t.ok(first.exported > 0 && statSync(out).size < kib * 1024, `${kib} KiB: the limit is in the middle of a record`);
      t.same(numbersIn(out, form), ALL.slice(0, first.exported), `${kib} KiB: whole records only`);
      t.same(
        [first.number, (JSON.parse(readFileSync(cursor, 'utf8')) as { number: number }).number],
        [first.exported, first.exported],
      );
      const second = await run(file, `${form}:${out}`, { cursor });
      t.same(
        [second.exported, second.number, second.failure, second.said],
        [TOTAL + 1 - first.exported, TOTAL + 1, null, []],
      );
      t.same(numbersIn(out, form), ALL, `${kib} KiB: each once, in order`);
    }
  });

for (const form of FORMS)
  t.test(`${form}: the half that a killed export left is cut away`, async (t) => {
    const at = folder(t);
    const file = log(at, 8);
    const [out, cursor] = [join(at, 'out'), join(at, 'cursor')];
    await run(file, `${form}:${out}`, { cursor });
    const [before, reached] = [readFileSync(out), readFileSync(cursor)];
    appendFileSync(file, text([odd(9), odd(10)]));
    await run(file, `${form}:${out}`, { cursor });
    const whole = readFileSync(out);
    const end = form === 'csv' ? '\r\n' : '\n';
    const length = whole.indexOf(end, before.length) + end.length - before.length;
    t.ok(length > 200);
    // Of the tenth record so many bytes were written, and the cursor knows nothing of it.
    const halves = count(1, length - 1).filter((bytes) => bytes < 12 || bytes % 29 === 0 || bytes > length - 12);
    for (const bytes of halves) {
      writeFileSync(cursor, reached);
      writeFileSync(out, whole.subarray(0, before.length + bytes));
      const { exported, number, said } = await run(file, `${form}:${out}`, { cursor });
      const cut = `${out}: cut away half a record at its end (${bytes} ${bytes === 1 ? 'byte' : 'bytes'})`;
      t.same([exported, number, said], [2, 11, [cut]]);
      t.equal(readFileSync(out, 'utf8'), whole.toString(), `${bytes} bytes of ${length}`);
    }
  });

t.test('half a header, and what is no half of a record', async (t) => {
  const at = folder(t);
  const file = log(at, 2);
  const [out, fresh] = [join(at, 'out.csv'), join(at, 'fresh.csv')];
  await run(file, `csv:${fresh}`);
  for (const bytes of [1, HEADER.length - 1]) {
    writeFileSync(out, HEADER.slice(0, bytes));
    t.equal((await run(file, `csv:${out}`)).said.length, 1);
    t.equal(readFileSync(out, 'utf8'), readFileSync(fresh, 'utf8'), `${bytes} bytes of the header`);
  }
  const records = readFileSync(fresh, 'utf8').slice(HEADER.length);
  for (const others of ['id,name\r\n1,some', `${HEADER}a remark`, 'x'.repeat(100_000)]) {
    writeFileSync(out, others);
    t.same((await run(file, `csv:${out}`)).said, []);
    t.equal(readFileSync(out, 'utf8'), `${others}\n${records}`, 'it stays, on a line of its own');
  }
  writeFileSync(out, '{"v":2}');
  t.same((await run(file, `jsonl:${out}`)).said, []);
  t.equal(readFileSync(out, 'utf8').split('\n')[0], '{"v":2}');
});

t.test('what somebody else wrote behind a part of a record is not cut away with it', async (t) => {
  const file = join(folder(t), 'a');
  const fd = openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND);
  t.teardown(() => closeSync(fd));
  appendFileSync(file, 'one\ntw');
  t.equal(takeBack(fd, Buffer.from('tw')), 0);
  t.equal(readFileSync(file, 'utf8'), 'one\n');
  appendFileSync(file, 'twmore\n');
  t.equal(takeBack(fd, Buffer.from('tw')), 2);
  t.equal(readFileSync(file, 'utf8'), 'one\ntwmore\n');
});
