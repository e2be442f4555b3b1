// SPDX-License-Identifier: GPL-2.0-only
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Journal, type JournalHeader, journalFile, readJournal } from '../../src/audit/journal.js';
import { recover } from '../../src/training/recover.js';
import { fakeHost } from '../session/fake-host.js';

t.test('one damaged journal keeps no other from its policies', async (t) => {
  const { folder, host } = fakeHost(t);
  mkdirSync(host.run, { mode: 0o700 });
  const header: JournalHeader = {
    ...{ v: 1, type: 'learner', session: 'true-1', started: '2026-11-25T10:00:00.000Z', command: ['true'] },
    ...{ folder: join(folder, 'learnt'), user: null, cwd: '/', program: '/usr/bin/true' },
  };
  for (const session of ['true-1', 'true-2']) Journal.create(host, { ...header, session }).close();
  const damaged = journalFile(host, 'cut-1');
  writeFileSync(damaged, '{"v":1,"ty', { mode: 0o600 });
  const { results, failed } = await recover(host, () => undefined);
  t.same(
    results.map(({ session }) => session),
    ['true-1', 'true-2'],
  );
  t.same(failed, [`${damaged}: not a journal, or cut in its first line`]);
  t.equal(readFileSync(damaged, 'utf8'), '{"v":1,"ty', 'it stays as it is');
  for (const session of ['true-1', 'true-2']) t.equal(readJournal(journalFile(host, session)).written, true);
});
