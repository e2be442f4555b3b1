// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ownFolder, readSecure, secureFolder, TEXT_MAX } from '../../src/host/secure.js';

function folder(test: Test): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'callgate-secure-')));
  test.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

t.test('a policy file that only its owner can write is read', async (t) => {
  const file = join(folder(t), 'a.yaml');
  writeFileSync(file, 'text\n', { mode: 0o644 });
  t.equal(readSecure(file), 'text\n');
});

t.test('what others could have written is refused, with the command that mends it', async (t) => {
  const dir = folder(t);
  const file = join(dir, 'a.yaml');
  writeFileSync(file, 'text\n');
  for (const mode of [0o664, 0o646]) {
    chmodSync(file, mode);
    t.throws(() => readSecure(file), { message: /can be written by others/, remedy: `chmod go-w ${file}` });
  }
  chmodSync(dir, 0o777);
  t.throws(() => secureFolder(dir), { message: /folder can be written by others/ });
  // /tmp is everybody's, and is not to be taken from them.
  chmodSync(dir, 0o1777);
  t.throws(() => secureFolder(dir), {
    message: /folder can be written by others/,
    remedy: 'name one that root alone can write',
  });
  const link = join(dir, 'link.yaml');
  for (const [target, remedy] of [
    [file, `cp --remove-destination "$(readlink -f ${link})" ${link}`],
    ['/dev/zero', 'name a file'],
    [join(dir, 'missing'), 'name a file'],
  ] as const) {
    symlinkSync(target, link);
    t.throws(() => readSecure(link), { message: /a symbolic link/, remedy }, target);
    rmSync(link);
  }
  t.throws(() => readSecure('/dev/stdin'), { message: /a symbolic link/, remedy: 'name a file' });
  chmodSync(dir, 0o755);
  t.equal(secureFolder(dir), dir);
});

t.test('a folder below one that all can write is refused, unless names there are safe', async (t) => {
  const dir = folder(t);
  const inner = join(dir, 'inner');
  mkdirSync(inner);
  chmodSync(dir, 0o777);
  t.throws(() => secureFolder(inner), { message: /anyone can replace it/ });
  chmodSync(dir, 0o1777);
  t.equal(secureFolder(inner), inner);
});

t.test('a file of another user is refused', { skip: process.geteuid?.() !== 0 && 'takes root' }, async (t) => {
  const file = join(folder(t), 'a.yaml');
  writeFileSync(file, 'text\n');
  chownSync(file, 1234, 1234);
  t.throws(() => readSecure(file), { message: /belongs to user 1234/ });
});

t.test('links, fifos, folders and giants are no policies', async (t) => {
  const dir = folder(t);
  const file = join(dir, 'a.yaml');
  writeFileSync(file, 'text\n');
  symlinkSync(file, join(dir, 'link.yaml'));
  t.throws(() => readSecure(join(dir, 'link.yaml')), { message: /symbolic link/ });
  execFileSync('mkfifo', [join(dir, 'fifo.yaml')]);
  t.throws(() => readSecure(join(dir, 'fifo.yaml')), { message: /not a regular file/ });
  t.throws(() => readSecure(dir), { message: /not a regular file/ });
  truncateSync(file, TEXT_MAX + 1);
  t.throws(() => readSecure(file), { message: /at most/ });
  t.throws(() => readSecure(join(dir, 'none.yaml')), { code: 'ENOENT' });
});

t.test('bytes that are no UTF-8', async (t) => {
  const file = join(folder(t), 'a.yaml');
  writeFileSync(file, Buffer.from([0x61, 0xff]));
  t.throws(() => readSecure(file), { message: /not UTF-8/, remedy: /\\xHH/ });
});

t.test('callgate’s own folders are made for it alone', async (t) => {
  const dir = join(folder(t), 'run/a');
  t.equal(ownFolder(dir), dir);
  chmodSync(dir, 0o777);
  t.throws(() => ownFolder(dir), { message: /written by others/ });
});
