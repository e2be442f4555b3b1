// SPDX-License-Identifier: GPL-2.0-only
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Journal, type JournalHeader, JournalSink, journalFile, readJournal } from '../../src/audit/journal.js';
import { lineOfRecord } from '../../src/audit/sink.js';
import type { EventRecord, NoteRecord } from '../../src/events/record.js';
import { Failure } from '../../src/host/failure.js';
import type { Host } from '../../src/host/host.js';
import type { Counted } from '../../src/learn/certificate.js';

const HEADER: JournalHeader = {
  ...{ v: 1, type: 'learner', session: 'cat-1', started: '2026-11-25T10:00:00.000Z', command: ['cat', 'a b'] },
  ...{ folder: '/etc/callgate/policies/cat', user: null, cwd: '/', program: '/usr/bin/cat' },
};
const COUNTED = { events: 2, repeats: 5, dropped: 0 } as unknown as Counted;

function hostIn(t: Test): Host {
  const journals = mkdtempSync(join(tmpdir(), 'callgate-journals-'));
  t.teardown(() => rmSync(journals, { recursive: true }));
  return { journals } as unknown as Host;
}
const record = (seq: number): EventRecord => ({ v: 1, seq, object: `/file-${seq}` }) as unknown as EventRecord;

t.test('what is written is read again', async (t) => {
  const host = hostIn(t);
  const journal = Journal.create(host, HEADER);
  const file = journalFile(host, 'cat-1');
  t.equal(statSync(file).mode & 0o7777, 0o600);
  journal.take([record(1)].map(lineOfRecord));
  journal.take([record(2)].map(lineOfRecord));
  const whole = {
    file,
    header: HEADER,
    records: [record(1), record(2)],
    counted: null,
    bad: 0,
    dropped: 0,
    malformed: 0,
    written: false,
    given: {},
    called: {},
    unread: 0,
  };
  t.same(readJournal(file), whole, 'while it is still being written');
  journal.finish(COUNTED);
  journal.close();
  t.same(readJournal(file), { ...whole, counted: COUNTED });
  const again = Journal.resume(file);
  again.written();
  again.close();
  t.same(readJournal(file), { ...whole, counted: COUNTED, written: true });
  t.throws(() => Journal.create(host, HEADER), Failure, 'a session has one journal');
});

t.test('what programs were run with', async (t) => {
  const host = hostIn(t);
  const journal = Journal.create(host, HEADER);
  const sink = new JournalSink(journal);
  const head = { v: 1, time: '2026-11-25T10:00:00.000Z', session: 'cat-1' } as const;
  const notes: readonly NoteRecord[] = [
    { ...head, type: 'given', program: '/usr/bin/cp', path: '/srv/a' },
    { ...head, type: 'problem', problem: 'nothing that is learned from' },
    { ...head, type: 'given', program: '/usr/bin/mv', path: '/srv/a' },
    { ...head, type: 'unread', unread: 1, cut: 2 },
    { ...head, type: 'given', program: '/usr/bin/cp', path: '/srv/b' },
    { ...head, type: 'called', program: '/usr/bin/cp', architecture: 'x86_64', calls: ['read', 'bind'] },
    { ...head, type: 'called', program: '/usr/bin/cp', architecture: 'x86_64', calls: ['uname'] },
    { ...head, type: 'called', program: '/usr/bin/cp', architecture: 'i386', calls: ['exit'] },
    { ...head, type: 'unread', unread: 0, cut: 1 },
  ];
  for (const note of notes) sink.note(lineOfRecord(note));
  journal.close();
  const { given, called, unread, records, bad } = readJournal(journalFile(host, 'cat-1'));
  t.same(called, { '/usr/bin/cp': { x86_64: ['bind', 'read', 'uname'], i386: ['exit'] } });
  t.same(given, { '/usr/bin/cp': ['/srv/a', '/srv/b'], '/usr/bin/mv': ['/srv/a'] });
  t.equal(unread, 4);
  t.same([records, bad], [[], 0]);
});

t.test('a journal that was cut, anywhere', async (t) => {
  const host = hostIn(t);
  const journal = Journal.create(host, HEADER);
  journal.take([record(1), record(2), record(3)].map(lineOfRecord));
  journal.finish(COUNTED);
  journal.close();
  const file = journalFile(host, 'cat-1');
  const text = readFileSync(file, 'utf8');
  const first = text.indexOf('\n');
  for (let length = 0; length <= text.length; length++) {
    const cut = join(host.journals, 'cut.journal');
    writeFileSync(cut, text.slice(0, length));
    if (length < first) {
      t.throws(() => readJournal(cut), Failure, `${length} bytes`);
      continue;
    }
    const read = readJournal(cut);
    const lines = text.slice(first + 1, length).split('\n');
    // A line without its end may be whole: then it is taken.
    const last = lines.at(-1) ?? '';
    const isCut = last !== '' && !text.includes(`${last}\n`);
    t.equal(read.bad, isCut ? 1 : 0, `${length} bytes`);
    t.same(read.records, [1, 2, 3].map(record).slice(0, read.records.length));
  }
  appendFileSync(file, '{"half":');
  const resumed = Journal.resume(file);
  resumed.take([record(4)].map(lineOfRecord));
  resumed.close();
  const { records, bad } = readJournal(file);
  t.same({ records, bad }, { records: [1, 2, 3, 4].map(record), bad: 1 }, 'the half line stays one of its own');
});
