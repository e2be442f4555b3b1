// SPDX-License-Identifier: GPL-2.0-only
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { makeFolder } from '../../src/host/make-folder.js';

const at = mkdtempSync(join(tmpdir(), 'callgate-'));
t.teardown(() => rmSync(at, { recursive: true }));

t.test('with what is above it, and one that is there', async (t) => {
  makeFolder(join(at, 'a/b/c'), 0o700);
  t.equal(statSync(join(at, 'a/b')).mode & 0o777, 0o700);
  makeFolder(join(at, 'a/b/c'), 0o755);
  t.equal(statSync(join(at, 'a/b/c')).mode & 0o777, 0o700, 'which stays as it is');
});

t.test('where none can be made', async (t) => {
  writeFileSync(join(at, 'file'), '');
  t.throws(() => makeFolder(join(at, 'file'), 0o755), { code: 'EEXIST' });
  t.throws(() => makeFolder(join(at, 'file/below'), 0o755), { code: 'ENOTDIR' });
  t.throws(() => makeFolder('/proc/there-is-none/below', 0o755), { code: 'ENOENT' }, 'it ends');
});
