// SPDX-License-Identifier: GPL-2.0-only
/** Files that no subject may change by any name; and the like beside them, changed. */
import { closeSync, fstatSync, linkSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { NUMBERS } from '../../src/abi/abi.gen.js';
import { ROOT as INSTALLATION } from '../../src/host/host.js';
import type { Gate } from '../../src/kernel/gate.js';
import { installedPaths } from '../../src/session/protect.js';
import {
  call,
  chmod,
  chown,
  keep,
  link,
  mkdir,
  mknod,
  mount,
  O,
  open,
  rename,
  renameat2,
  rmdir,
  stat,
  symlink,
  truncate,
  umount,
  unlink,
} from './calls.js';
import type { Checks } from './checks.js';
import { free, ROOT } from './confined.js';
import { letThrough, refusedByFloor } from './refused.js';

const O_PATH = 0o10000000;
const { PROTECT_ENTRIES, PROTECT_FIXED, PROTECT_SEALED } = NUMBERS;
const FOLDER = PROTECT_ENTRIES | PROTECT_FIXED | PROTECT_SEALED;

/** Protects paths, as src/session/protect.ts does; what it returns undoes it. */
export function protect(gate: Gate, paths: Readonly<Record<string, number>>): () => void {
  const descriptors = Object.keys(paths).map((path) => openSync(path, O_PATH));
  gate.protection.protect(
    Object.values(paths).map((flags, at) => {
      const fd = descriptors[at] ?? -1;
      return { ...gate.native.identify(fd), directory: fstatSync(fd).isDirectory(), flags };
    }),
  );
  return () => {
    gate.protection.protect([]);
    for (const fd of descriptors) closeSync(fd);
  };
}

/** Each changes a file or its name in `from`; the second folder is for what goes to and fro. */
const changes = (from: string, free: string): Readonly<Record<string, readonly string[]>> => ({
  'opened for writing': [open(`${from}/file`, O.WRONLY)],
  'opened for both': [open(`${from}/file`, O.RDWR)],
  'opened for nothing but ioctl': [open(`${from}/file`, O.ACCESS)],
  'truncated as it is opened': [open(`${from}/file`, O.TRUNC)],
  truncated: [truncate(`${from}/file`)],
  'a new file': [open(`${from}/new`, O.CREAT | O.WRONLY)],
  'a new folder': [mkdir(`${from}/new`)],
  'a new link': [symlink('x', `${from}/new`)],
  'a new fifo': [mknod(`${from}/new`, 0o10600)],
  'a new device': [mknod(`${from}/new`, 0o20600, 0x103)],
  removed: [unlink(`${from}/file`)],
  'a folder removed': [rmdir(`${from}/folder`)],
  'renamed away': [rename(`${from}/file`, `${free}/gone`)],
  'renamed within': [rename(`${from}/file`, `${from}/gone`)],
  'another put in its place': [rename(`${free}/other`, `${from}/file`)],
  exchanged: [renameat2(`${free}/other`, `${from}/file`, 2)],
  'another name for it': [link(`${from}/file`, `${free}/name`)],
  'a name in it': [link(`${free}/other`, `${from}/name`)],
  chmod: [chmod(`${from}/file`)],
  chown: [chown(`${from}/file`)],
  locked: [keep(1, open(`${from}/file`)), call(73)('#1', 2)],
  'locked for reading': [keep(1, open(`${from}/file`)), call(72)('#1', 37, 'w:0:0:0:0')],
  leased: [keep(1, open(`${from}/file`)), call(72)('#1', 1024, 0)],
  'made immutable': [keep(1, open(`${from}/file`)), call(16)('#1', 0x40086602, 'w:16')],
  'the folder’s mode': [chmod(from)],
  'the folder moved': [rename(from, `${from}-moved`)],
});

export async function files(t: Test, checks: Checks): Promise<void> {
  const top = `${ROOT}/files`;
  const [ours, theirs, bound] = [`${top}/above/ours`, `${top}/theirs`, `${top}/bound`];
  const fresh = (): void => {
    for (const path of [`${ours}/folder`, theirs, bound]) mkdirSync(path, { recursive: true });
    for (const path of [`${ours}/file`, `${theirs}/other`]) writeFileSync(path, 'text');
  };
  for (const name of Object.keys(changes('', ''))) {
    fresh();
    await free([mount(ours, bound, 'none', 4096)]);
    const undo = protect(checks.confined.gate, { [ours]: FOLDER, [`${top}/above`]: PROTECT_FIXED });
    for (const from of [ours, bound]) {
      const acts = changes(from, theirs)[name] ?? [];
      // A mount point cannot be moved by anybody, and nothing goes from one mount to another.
      if (from === bound && /moved|renamed away|another|exchanged|a name in it/.test(name)) continue;
      await refusedByFloor(t, checks, `${name}${from === bound ? ', by a bind mount' : ''}`, ['floor files'], acts);
    }
    undo();
    await free([umount(bound)]);
    const last = name === 'made immutable' ? undefined : 'ok';
    if (last !== undefined)
      await letThrough(t, checks, `${name}, where nothing is protected`, changes(ours, theirs)[name] ?? []);
    rmSync(top, { recursive: true, force: true });
  }
  fresh();
  const undo = protect(checks.confined.gate, { [ours]: FOLDER, [`${top}/above`]: PROTECT_FIXED });
  await letThrough(t, checks, 'read and looked at', [
    open(`${ours}/file`),
    stat(`${ours}/file`),
    open(ours, O.DIRECTORY),
  ]);
  await refusedByFloor(t, checks, 'a folder above, moved', ['floor files'], [rename(`${top}/above`, `${top}/away`)]);
  await refusedByFloor(t, checks, 'a folder above, exchanged', ['floor files'], [renameat2(theirs, `${top}/above`, 2)]);
  await letThrough(t, checks, 'beside it in the folder above', [mkdir(`${top}/above/beside`), chmod(`${top}/above`)]);
  undo();
  linkSync(`${ours}/file`, `${theirs}/name`);
  const sealed = protect(checks.confined.gate, { [`${ours}/file`]: PROTECT_SEALED });
  await refusedByFloor(
    t,
    checks,
    'a sealed file by a name from before',
    ['floor files'],
    [open(`${theirs}/name`, O.RDWR)],
  );
  await letThrough(t, checks, 'another of the folder', [open(`${theirs}/other`, O.RDWR)]);
  sealed();
  await letThrough(t, checks, 'the file, no longer sealed', [open(`${theirs}/name`, O.RDWR)]);
  await overlay(t, checks);
  await installation(t, checks);
}

/** callgate itself, as it stands in this machine: what runs of it as root is changed by nobody who is confined. */
async function installation(t: Test, checks: Checks): Promise<void> {
  const root = INSTALLATION.slice(0, -1);
  const beside = `${root}/outside`;
  mkdirSync(beside, { recursive: true });
  for (const name of ['one', 'other']) writeFileSync(`${beside}/${name}`, 'text');
  const acts: Readonly<Record<string, (folder: string, file: string) => readonly string[]>> = {
    written: (folder, file) => [open(`${folder}/${file}`, O.RDWR)],
    'another put in its place': (folder, file) => [rename(`${beside}/other`, `${folder}/${file}`)],
    'a new file': (folder) => [open(`${folder}/planted`, O.CREAT | O.WRONLY)],
    removed: (folder, file) => [unlink(`${folder}/${file}`)],
    'the folder’s mode': (folder) => [chmod(folder)],
  };
  const undo = protect(checks.confined.gate, Object.fromEntries(installedPaths(root)));
  for (const [folder, file] of [
    [`${root}/dist/src/cli`, 'start.cjs'],
    [`${root}/dist/src/light`, 'run.cjs'],
    [`${root}/build/Release`, 'callgate'],
    [`${root}/build/Release`, 'callgate.node'],
    [`${root}/bin`, 'callgate'],
    [`${root}/policies/groups`, 'libc.yaml'],
    [`${root}/node_modules/node-gyp-build`, 'index.js'],
  ] as const)
    for (const [name, act] of Object.entries(acts))
      await refusedByFloor(t, checks, `${folder}/${file}, ${name}`, ['floor files'], act(folder, file));
  for (const [name, act] of [
    ['package.json, written', [open(`${root}/package.json`, O.RDWR)]],
    ['dist, moved', [rename(`${root}/dist`, `${root}/gone`)]],
    ['node_modules, moved', [rename(`${root}/node_modules`, `${beside}/node_modules`)]],
  ] as const)
    await refusedByFloor(t, checks, name, ['floor files'], act);
  await letThrough(t, checks, 'read', [open(`${root}/dist/src/cli/start.cjs`)]);
  await letThrough(t, checks, 'beside it, in the folder of the installation', [
    ...(acts.written?.(beside, 'one') ?? []),
    ...(acts['another put in its place']?.(beside, 'one') ?? []),
    ...(acts['a new file']?.(beside, '') ?? []),
    ...(acts.removed?.(beside, 'planted') ?? []),
    ...(acts['the folder’s mode']?.(beside, '') ?? []),
    open(`${root}/planted`, O.CREAT | O.WRONLY),
  ]);
  undo();
  await letThrough(t, checks, 'the same where nothing is protected', [open(`${root}/dist/src/cli/start.cjs`, O.RDWR)]);
}

/** This machine's root is an overlay, whose folders stat(2) tells by those of a layer. */
async function overlay(t: Test, checks: Checks): Promise<void> {
  const folder = '/var/tmp/floor-overlay';
  mkdirSync(folder, { recursive: true });
  const undo = protect(checks.confined.gate, { [folder]: FOLDER });
  await refusedByFloor(
    t,
    checks,
    'a new file in an overlay’s folder',
    ['floor files'],
    [open(`${folder}/x`, O.CREAT | O.RDWR)],
  );
  undo();
  await letThrough(t, checks, 'the same where nothing is protected', [open(`${folder}/x`, O.CREAT | O.RDWR)]);
}
