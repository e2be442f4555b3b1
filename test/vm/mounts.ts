// SPDX-License-Identifier: GPL-2.0-only
/** A path is told from the root of the subject's mount namespace; what is not below it has none. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import {
  call,
  chmod,
  creat,
  keep,
  link,
  mkdir,
  mknod,
  mount,
  O,
  open,
  openat,
  readlink,
  rename,
  rmdir,
  setxattr,
  truncate,
  umount,
  unlink,
  unshare,
} from './calls.js';
import { type Checks, permit } from './checks.js';
import { beside, free, ROOT, type RuleText } from './confined.js';

const DIR = `${ROOT}/mounts`;
const BIND = 4096;
const DETACH = 2;
const NEWNS = 0x20000;
const _CLONE = 1;

/** Every path there is: what has none is not among them. */
const EVERYTHING = permit(['read', 'list', 'write', 'create', 'delete', 'stat'], '/***');
const openBelow = openat('#1', 'file');

export async function mounts(t: Test, checks: Checks): Promise<void> {
  mkdirSync(DIR);
  await bound(t, checks);
  await covered(t, checks);
  await detached(t, checks);
  await foreign(t, checks);
  await unreachable(t, checks);
  await links(t, checks);
  await overlay(t, checks);
  await kernelFirst(t, checks);
}

function kind(name: string): RuleText {
  return { permit: 'read', kind: name };
}

/** Folders of a check, the last of them with a file. */
function folders(...names: string[]): string[] {
  const paths = names.map((name) => `${DIR}/${name}`);
  for (const path of paths) mkdirSync(path, { recursive: true });
  writeFileSync(`${paths.at(-1)}/file`, 'text');
  return paths;
}

async function bound(t: Test, { both }: Checks): Promise<void> {
  const [there = '', here = ''] = folders('there', 'here');
  t.same(await free([mount(here, there, 'none', BIND)]), ['ok']);
  const [a, b] = [permit('read', `${there}/file`), permit('read', `${here}/file`)];
  await both(t, 'a bind mount: by the one name', [open(`${there}/file`)], [b], a);
  await both(t, 'a bind mount: by the other', [open(`${here}/file`)], [a], b);
  await both(t, 'a bind mount: its root', [open(there, O.DIRECTORY)], [permit('list', here)], permit('list', there));
}

async function covered(t: Test, { both }: Checks): Promise<void> {
  const [over = ''] = folders('over');
  const file = `${over}/deep/file`;
  for (let layer = 0; layer < 2; layer++)
    await free([mount('none', over, 'tmpfs'), mkdir(`${over}/deep`), creat(file)]);
  await both(t, 'mounts on mounts', [open(file)], [permit('read', `${over}/file`)], permit('read', file));
  await both(t, 'their root', [open(over, O.DIRECTORY)], [permit('list', '/')], permit('list', over));
  await both(
    t,
    'a file made there',
    [creat(`${over}/new`)],
    [permit('write', `${over}/new`)],
    permit('create', `${over}/new`),
    undefined,
    [unlink(`${over}/new`)],
  );
}

async function detached(t: Test, { refused, permitted }: Checks): Promise<void> {
  const [lazy = ''] = folders('lazy');
  const set = (): Promise<string[]> => free([mount('none', lazy, 'tmpfs'), creat(`${lazy}/file`)]);
  const acts = [keep(1, open(lazy, O.PATH)), 'wait', openBelow];
  const midway = async (): Promise<void> => {
    await free([umount(lazy, DETACH)]);
  };
  await set();
  await refused(t, 'an unmounted mount has no path', acts, [EVERYTHING, permit('read', '/file')], ['read detached'], {
    midway,
  });
  await set();
  await refused(t, 'which no default opens', acts, [EVERYTHING], ['read detached'], { midway, default: 'permit' });
  await set();
  await permitted(t, 'and a rule names', acts, [kind('detached')], { midway });
  await set();
  await permitted(t, 'before, it has one', acts, [permit('read', `${lazy}/file`)], { midway: () => undefined });
  await free([umount(lazy)]);
}

async function foreign(t: Test, { permitted, refused }: Checks): Promise<void> {
  const [tree = ''] = folders('tree');
  const rest = { default: 'permit' } as const;
  // A subject makes no namespace, no copy of a mount and no file system of its own (the floor); it can meet another's.
  await beside([call(39)(), unshare(NEWNS), 'wait'], 2, async (pid) => {
    const theirs = [open(`/proc/${pid}/root${tree}/file`)];
    await refused(t, 'through another’s root', theirs, [EVERYTHING], ['read foreign'], rest);
    await permitted(t, 'through another’s root, named', theirs, [kind('foreign')]);
  });
  await beside([call(39)(), 'wait'], 1, async (pid) => {
    const theirs = [open(`/proc/${pid}/root${tree}/file`)];
    await permitted(t, 'through a root that is the same', theirs, [permit('read', `${tree}/file`)]);
    await refused(
      t,
      'and no other path',
      theirs,
      [permit('read', `/proc/${pid}/root${tree}/file`)],
      [`read ${tree}/file`],
    );
  });
}

async function unreachable(t: Test, { refused, permitted }: Checks): Promise<void> {
  const [target = '', , deep = ''] = folders('window', 'house', 'house/room');
  await free([mount(`${DIR}/house`, target, 'none', BIND)]);
  const acts = [keep(1, open(`${target}/room`, O.PATH)), 'wait', openBelow];
  const out = (): void => renameSync(deep, `${DIR}/room`);
  const back = (): void => renameSync(`${DIR}/room`, deep);
  await refused(t, 'what was moved out of its mount', acts, [EVERYTHING], ['read unreachable'], {
    midway: out,
    default: 'permit',
  });
  back();
  await permitted(t, 'what was moved out of its mount, named', acts, [kind('unreachable')], { midway: out });
  back();
  await permitted(t, 'what was not', acts, [permit('read', `${target}/room/file`)], { midway: () => undefined });
}

/** readlink(2) has a hook without a mount: every place where the link can be seen must permit. */
async function links(t: Test, { both }: Checks): Promise<void> {
  const [seen = '', real = ''] = folders('seen', 'real');
  symlinkSync('target', `${real}/link`);
  const rules = [permit('read', `${real}/link`)];
  await both(
    t,
    'a link at one place',
    [readlink(`${real}/link`)],
    [permit('read', `${seen}/link`)],
    permit('read', `${real}/link`),
  );
  await free([mount(real, seen, 'none', BIND)]);
  await both(t, 'a link at two places', [readlink(`${real}/link`)], rules, permit('read', `${seen}/link`));
  await both(
    t,
    'whichever is asked for',
    [readlink(`${seen}/link`)],
    [permit('read', `${seen}/link`)],
    permit('read', `${real}/link`),
  );
}

/** What a stacking file system opens, copies and sets for itself was judged where it was asked for. */
async function overlay(t: Test, { both, permitted }: Checks): Promise<void> {
  const [lower = '', upper = '', work = '', at = ''] = folders('lower', 'upper', 'work', 'overlay');
  for (const name of ['read', 'written', 'cut', 'moded', 'moved', 'linked', 'gone', 'acl'])
    writeFileSync(`${lower}/${name}`, name);
  mkdirSync(`${lower}/folder`);
  writeFileSync(`${lower}/folder/file`, 'text');
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${work}`, at]);
  const each: Record<string, [string, string]> = {
    read: ['read', open(`${at}/read`)],
    written: ['write', open(`${at}/written`, O.WRONLY)],
    cut: ['write', truncate(`${at}/cut`)],
    moded: ['chmod', chmod(`${at}/moded`)],
    gone: ['delete', unlink(`${at}/gone`)],
    folder: ['list', open(`${at}/folder`, O.DIRECTORY)],
    made: ['create', mknod(`${at}/made`, 0o100644)],
    acl: ['chmod', setxattr(`${at}/acl`, 'security.capability', 'w:33554433:0:0', 20)],
    'made-folder': ['create', mkdir(`${at}/made-folder`)],
  };
  for (const [name, [operation, act]] of Object.entries(each))
    await both(
      t,
      `overlayfs: ${operation} ${name}`,
      [act],
      [permit(['read', 'write', 'create', 'delete', 'chmod', 'list'], [`${lower}/***`, `${upper}/***`, `${work}/***`])],
      permit(operation, `${at}/${name}`),
    );
  const names = permit(['delete', 'create', 'link'], `${at}/*`);
  await permitted(t, 'overlayfs: rename, with a copy up', [rename(`${at}/moved`, `${at}/new`)], [names]);
  await permitted(t, 'overlayfs: link, with a copy up', [link(`${at}/linked`, `${at}/other`)], [names]);
  await permitted(t, 'overlayfs: a folder of layers', [rmdir(`${at}/made-folder`)], [names]);
  const listed = [keep(1, open(`${at}/folder`, O.DIRECTORY)), call(217)('#1', 'b:4096', 4096)];
  await permitted(t, 'overlayfs: reading a folder', listed, [permit('list', `${at}/folder`)]);
}

/** File systems that the kernel mounts for itself before anybody does: what is seen at a path has that path. */
async function kernelFirst(t: Test, { both, refused, permitted }: Checks): Promise<void> {
  const debug = '/sys/kernel/debug';
  await free([mount('debugfs', debug, 'debugfs')]);
  const anon = { permit: ['read', 'list', 'write', 'stat'], kind: 'anon' };
  const files = ['/sys/kernel/tracing/trace_clock', `${debug}/devices_deferred`, '/sys/kernel/security/lsm'];
  for (const file of files) {
    await both(t, `${file}`, [open(file)], [anon], permit('read', file));
    const folder = file.slice(0, file.lastIndexOf('/'));
    await both(t, folder, [open(folder, O.DIRECTORY)], [anon], permit('list', folder));
    const denied = { deny: 'read', path: `${folder}/**` };
    await refused(t, `${file}: denied`, [open(file)], [denied, anon, permit('read', '/**')], [`read ${file}`]);
    await refused(t, `${file}: stat`, [call(4)(`s:${file}`, 'b:256')], [anon], [`stat ${file}`]);
  }
  const clock = files[0] as string;
  // Out of the tree it is no anonymous file either.
  const away = [keep(1, open(debug, O.PATH)), 'wait', openat('#1', 'devices_deferred')];
  const midway = async (): Promise<void> => {
    await free([umount(debug, DETACH)]);
  };
  await refused(t, 'unmounted, it is in no tree', away, [anon, EVERYTHING], ['read detached'], { midway });
  await free([mount('debugfs', debug, 'debugfs')]);
  await permitted(t, 'unmounted and named', away, [kind('detached')], { midway });
  const [second = ''] = folders('second');
  await free([mount('tracefs', second, 'tracefs')]);
  await both(
    t,
    'mounted again',
    [open(`${second}/trace_clock`)],
    [permit('read', clock)],
    permit('read', `${second}/trace_clock`),
  );
}
