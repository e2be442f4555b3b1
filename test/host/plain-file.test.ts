// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readPlain } from '../../src/host/plain-file.js';
import { TEXT_MAX } from '../../src/host/secure.js';

t.test('a regular file is read, whatever leads to it, and nothing else', async (t) => {
  const at = mkdtempSync(join(tmpdir(), 'callgate-plain-'));
  t.teardown(() => rmSync(at, { recursive: true }));
  const [file, fifo, link, large] = ['file', 'fifo', 'link', 'large'].map((name) => join(at, name)) as [
    string,
    string,
    string,
    string,
  ];
  writeFileSync(file, 'x'.repeat(100_000));
  symlinkSync('file', link);
  for (const path of [file, link]) t.equal(readPlain(path).toString(), 'x'.repeat(100_000));
  t.same(readPlain('/proc/self/limits'), readFileSync('/proc/self/limits'), 'one that says it has no size');
  execFileSync('mkfifo', [fifo]);
  for (const path of [fifo, '/dev/zero', at])
    t.throws(() => readPlain(path), new RegExp(`^${path}: not a regular file$`));
  writeFileSync(large, '');
  truncateSync(large, TEXT_MAX);
  t.equal(readPlain(large).length, TEXT_MAX);
  truncateSync(large, TEXT_MAX + 1);
  t.throws(() => readPlain(large), /16777217 bytes; at most 16777216 are read/);
  t.throws(() => readPlain(join(at, 'none')), { code: 'ENOENT' });
});
