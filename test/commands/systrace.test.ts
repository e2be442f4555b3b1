// SPDX-License-Identifier: GPL-2.0-only
/** policy import and policy export, run as a user runs them. What they say stands in golden/. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { Transcript } from './transcript.js';

const EXAMPLES = fileURLToPath(new URL('../../../test/systrace/examples/', import.meta.url));

t.setTimeout(240_000);

function prepare(t: Test): { readonly work: string; readonly transcript: Transcript } {
  const work = mkdtempSync(join(tmpdir(), 'callgate-systrace-'));
  t.teardown(() => rmSync(work, { recursive: true }));
  cpSync(EXAMPLES, work, { recursive: true });
  return { work, transcript: new Transcript(work, [[work, 'WORK']]) };
}

t.test('policy import', async (t) => {
  t.setTimeout(200_000);
  const { work, transcript } = prepare(t);
  transcript.callgate('policy', 'import', 'usr_sbin_resolved');
  transcript.callgate('policy', 'import', 'usr_bin_words.linux64');
  transcript.callgate('policy', 'import', 'usr_bin_words.linux64', '--json');
  transcript.callgate('policy', 'import', 'usr_bin_words.linux64', '--strict');
  transcript.callgate('policy', 'import', '--widen', '--chroot', '/var/resolved/', 'usr_sbin_resolved');
  transcript.callgate('policy', 'import', 'template.fragment');
  transcript.callgate(
    'policy',
    'import',
    '--program',
    '/usr/bin/words',
    '--define',
    'WRKDIR=/usr/obj',
    'template.fragment',
  );
  const defines = ['--define', 'WRKDIR=/usr/obj', '--define', 'RW_DIR=/var/words'];
  transcript.callgate('policy', 'import', '--program', '/usr/bin/words', ...defines, 'template.fragment');
  writeFileSync(join(work, 'empty'), '# nothing yet\n');
  mkdirSync(join(work, 'none'));
  for (const path of ['empty', '/dev/zero', 'none']) transcript.callgate('policy', 'import', path);
  transcript.callgate('policy', 'import', 'mistakes');
  transcript.callgate('policy', 'import', 'mistakes', '--json');
  transcript.callgate('policy', 'import', '--skip-bad', 'mistakes');
  transcript.callgate('policy', 'import', '--output', 'out', 'usr_sbin_resolved', 'usr_bin_words.linux64');
  for (const name of readdirSync(`${work}/out`).sort())
    transcript.note(`${name}\n${readFileSync(`${work}/out/${name}`, 'utf8')}`);
  transcript.callgate('policy', 'import', '--output', 'out', 'usr_bin_words.linux64');
  transcript.callgate('policy', 'import', '--output', 'out', '--force', 'usr_bin_words.linux64');
  transcript.callgate('policy', 'import', 'absent');
  transcript.callgate('policy', 'import', '--program', 'words', 'template.fragment');
  transcript.callgate('policy', 'import', '--define', 'WRKDIR', 'template.fragment');
  transcript.callgate('policy', 'import', 'usr_bin_words.linux64', 'usr_bin_words.linux64');
  transcript.callgate('policy', 'import');
  transcript.compare(t, 'policy-import');
});

t.test('policy export', async (t) => {
  t.setTimeout(120_000);
  const { transcript } = prepare(t);
  transcript.callgate('policy', 'import', '--output', 'out', 'usr_bin_words.linux64');
  transcript.callgate('policy', 'export', '--format', 'systrace', 'out');
  transcript.callgate('policy', 'export', '--format', 'systrace', 'out', '--json');
  transcript.callgate('policy', 'import', '--output', 'resolved', 'usr_sbin_resolved');
  transcript.callgate('policy', 'export', '--format', 'systrace', '--strict', 'resolved');
  transcript.callgate('policy', 'export', 'out');
  transcript.callgate('policy', 'export', '--format', 'systrace', 'absent.yaml');
  transcript.compare(t, 'policy-export');
});
