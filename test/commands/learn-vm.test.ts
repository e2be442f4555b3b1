// SPDX-License-Identifier: GPL-2.0-only
/** `learn --vm` where it cannot begin, as a user is told. What is said stands in golden/. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Transcript } from './transcript.js';

t.setTimeout(120_000);
const work = mkdtempSync(join(tmpdir(), 'callgate-commands-'));
t.teardown(() => rmSync(work, { recursive: true }));

t.test('learn --vm', { skip: process.getuid?.() === 0 ? false : 'learning wants root' }, async (t) => {
  process.env.VAGRANT_CWD = work;
  const transcript = new Transcript(work, [[work, 'WORK']]);
  transcript.callgate('learn', '--vm', '6.12,vagrnat', '--', 'true');
  transcript.callgate('learn', '--vm', '6.12', '--vm-copy', 'file', '--', 'true');
  transcript.callgate('learn', '--vm-copy', 'file', '--', 'true');
  transcript.callgate('learn', '--vm', '6.12,vagrant', '--', './not-here');
  // In the machine it may be.
  transcript.callgate('learn', '--vm', 'vagrant', '--vm-copy', 'one', '--vm-copy', 'two', '--', './not-here');
  transcript.compare(t, 'learn-vm');
});
