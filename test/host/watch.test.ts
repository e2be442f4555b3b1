// SPDX-License-Identifier: GPL-2.0-only
/** A folder is watched as a path: what it leads to may change. No sleeps: the watch itself is awaited. */
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { watchFolders } from '../../src/host/watch.js';

function setUp(test: Test, path: string): { root: string; told: (act: () => void) => Promise<void> } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'callgate-watch-')));
  mkdirSync(join(root, 'one'));
  mkdirSync(join(root, 'two'));
  symlinkSync('one', join(root, 'link'));
  let wake = (): void => undefined;
  const failed = (error: unknown): void => void test.fail(String(error));
  const watch = watchFolders([join(root, path)], async () => wake(), failed);
  const alive = setInterval(() => undefined, 1000);
  test.teardown(() => {
    clearInterval(alive);
    watch.stop();
    rmSync(root, { recursive: true });
  });
  const told = (act: () => void): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      act();
    });
  return { root, told };
}

t.test('what is written into the folder', async (t) => {
  const { root, told } = setUp(t, 'one');
  await told(() => writeFileSync(join(root, 'one/a.yaml'), ''));
  await told(() => unlinkSync(join(root, 'one/a.yaml')));
  t.pass('told');
});

t.test('a link that is swapped, and what is written behind it from then on', async (t) => {
  const { root, told } = setUp(t, 'link');
  await told(() => writeFileSync(join(root, 'one/a.yaml'), ''));
  await told(() => {
    symlinkSync('two', join(root, 'new'));
    renameSync(join(root, 'new'), join(root, 'link'));
  });
  await told(() => writeFileSync(join(root, 'two/a.yaml'), ''));
  t.pass('told');
});

t.test('a folder that is renamed, replaced, and written again', async (t) => {
  const { root, told } = setUp(t, 'one');
  await told(() => renameSync(join(root, 'one'), join(root, 'old')));
  await told(() => renameSync(join(root, 'two'), join(root, 'one')));
  await told(() => writeFileSync(join(root, 'one/a.yaml'), ''));
  t.pass('told');
});

t.test('a folder far up that is renamed', async (t) => {
  const { root, told } = setUp(t, 'one/deep/er');
  await told(() => mkdirSync(join(root, 'one/deep')));
  await told(() => mkdirSync(join(root, 'one/deep/er')));
  await told(() => writeFileSync(join(root, 'one/deep/er/a.yaml'), ''));
  await told(() => renameSync(join(root, 'one'), join(root, 'old')));
  await told(() => renameSync(join(root, 'old'), join(root, 'one')));
  await told(() => writeFileSync(join(root, 'one/deep/er/a.yaml'), 'x'));
  t.pass('told');
});
