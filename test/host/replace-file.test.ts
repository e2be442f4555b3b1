// SPDX-License-Identifier: GPL-2.0-only
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Failure } from '../../src/host/failure.js';
import { replaceFile } from '../../src/host/replace-file.js';

function folder(t: Test): string {
  const made = mkdtempSync(join(tmpdir(), 'callgate-replace-'));
  t.teardown(() => rmSync(made, { recursive: true }));
  return made;
}

t.test('a file is made, then replaced, and nothing else is left', async (t) => {
  const work = folder(t);
  const file = join(work, 'policy.yaml');
  replaceFile(file, 'one\n');
  t.equal(readFileSync(file, 'utf8'), 'one\n');
  t.equal(lstatSync(file).mode & 0o7777, 0o644);
  chmodSync(file, 0o600);
  const before = lstatSync(file).ino;
  replaceFile(file, 'two\n');
  t.equal(readFileSync(file, 'utf8'), 'two\n');
  t.equal(lstatSync(file).mode & 0o7777, 0o600, 'its mode stays');
  t.not(lstatSync(file).ino, before, 'it is another file: who had the old one open has it whole');
  t.same(readdirSync(work), ['policy.yaml']);
});

t.test('what cannot be written stays what it was', async (t) => {
  const work = folder(t);
  mkdirSync(join(work, 'folder'));
  for (const file of ['folder', 'absent/file']) {
    t.throws(() => replaceFile(join(work, file), 'text'), Failure, file);
    t.same(readdirSync(work), ['folder'], 'nothing is left behind');
    t.same(readdirSync(join(work, 'folder')), []);
  }
  try {
    replaceFile(join(work, 'absent/file'), 'text');
  } catch (error) {
    t.equal((error as Failure).message, `${work}/absent/file: cannot be written (ENOENT)`);
  }
});

t.test('a symbolic link is replaced, not followed', async (t) => {
  const work = folder(t);
  replaceFile(join(work, 'target'), 'target');
  symlinkSync('target', join(work, 'link'));
  replaceFile(join(work, 'link'), 'text');
  t.equal(readFileSync(join(work, 'target'), 'utf8'), 'target');
  t.equal(readFileSync(join(work, 'link'), 'utf8'), 'text');
});
