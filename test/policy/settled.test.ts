// SPDX-License-Identifier: GPL-2.0-only
/** Places that the floor keeps: where they stand, and how a walk over all paths tells them apart. */
import t from 'tap';
import { FOLDERS, GROUP_FOLDERS } from '../../src/host/host.js';
import { type Bytes, bytesOf } from '../../src/policy/bytes.js';
import { KERNEL_PATHS } from '../../src/policy/kernel-acts.js';
import { keptPlace, namesSettled, OWN_FOLDERS, stretchBelow } from '../../src/policy/settled.js';

t.test('the folders are those that a host has', async (t) => {
  t.same([...OWN_FOLDERS.keys()].sort(), [...Object.values(FOLDERS), GROUP_FOLDERS[0]].sort());
});

t.test('a walk by stretches keeps what is kept', async (t) => {
  const names = [
    ...KERNEL_PATHS.flatMap(({ text }) => text.split('/')),
    ...[...OWN_FOLDERS.keys()].join('/').split('/'),
  ];
  const paths = [
    '/proc',
    '/sys',
    '/sys/fs',
    '/sys/kernel/debug',
    '/run',
    '/etc/callgate',
    ...OWN_FOLDERS.keys(),
    '/mnt',
  ];
  const tried = [
    ...paths,
    ...paths.flatMap((path) => names.filter(Boolean).flatMap((name) => [`${path}/${name}`, `${path}/${name}/a/b`])),
  ];
  const known = new Map<string, boolean>();
  const wrong = tried.filter((path) => {
    const parts = path.slice(1).split('/').map(bytesOf);
    const stretch = parts.reduce((one, name) => stretchBelow('mount', one, name), '/');
    const kept = keptPlace(bytesOf(path)) !== null;
    const before = known.get(stretch) ?? kept;
    known.set(stretch, kept);
    return before !== kept;
  });
  t.same(wrong, [], 'all paths of a stretch are alike');
  t.same(namesSettled('mount', '/' as Bytes), ['proc', 'sys', 'run', 'var', 'etc']);
  t.same(namesSettled('signal', '/' as Bytes), []);
});
