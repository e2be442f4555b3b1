// SPDX-License-Identifier: GPL-2.0-only
/** File systems, mounted and unmounted: what a policy of version 2 permits, and what none does. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { NUMBERS } from '../../src/abi/abi.gen.js';
import { whichNames } from '../../src/policy/acts.js';
import { AT_FDCWD, call, creat, keep, mkdir, mount, O, open, umount, unshare } from './calls.js';
import { type Checks, permit } from './checks.js';
import { free, ROOT, type RuleText, told } from './confined.js';
import { protect } from './files.js';
import { loadModule } from './machine.js';
import { ALL, EVERYTHING, refusedByFloor } from './refused.js';

const DIR = `${ROOT}/mounting`;
const [HERE, THERE] = [`${DIR}/here`, `${DIR}/there`];
const MS = { RDONLY: 1, NODEV: 4, REMOUNT: 32, BIND: 4096, MOVE: 8192, REC: 16384, PRIVATE: 1 << 18 } as const;
const DETACH = 2;
const NEWNS = 0x20000;
const CLONE = 1;
const ROUNDS = 1000;
/** Opens of a round of test/vm/programs/mounting.c. */
const OPENS = 6;

/** All that version 1 has words for, and under version 2 all that a default opens. */
const WIDE = { ...EVERYTHING, version: 2 } as const;
const ADMIN: RuleText = { permit: 'capable', capability: 'sys_admin' };
const mounts = (path: string, ...type: readonly string[]): RuleText => ({ permit: 'mount', path, type });
const unmounts = (path: string, ...type: readonly string[]): RuleText => ({
  ...{ permit: 'unmount', path },
  ...(type.length === 0 ? {} : { type }),
});
/** All that a policy can permit. */
const EVERY_MOUNT: readonly RuleText[] = [mounts('/***', ...whichNames('mount')), unmounts('/***')];
const tmpfs = (path = HERE): string => mount('none', path, 'tmpfs');

export async function mounting(t: Test, checks: Checks): Promise<void> {
  for (const folder of ['here', 'there', 'proc', 'queues', 'above/ours'])
    mkdirSync(`${DIR}/${folder}`, { recursive: true });
  await t.test('mounted', (t) => mounted(t, checks));
  await t.test('unmounted', (t) => unmounted(t, checks));
  await t.test('remounted', (t) => remounted(t, checks));
  await t.test('by no policy', (t) => never(t, checks));
  await t.test('over what is kept', (t) => kept(t, checks));
  await t.test('disks', (t) => disks(t, checks));
  await t.test('what is known of directories', (t) => known(t, checks));
}

async function refused(
  t: Test,
  checks: Checks,
  name: string,
  acts: readonly string[],
  rules: readonly RuleText[],
  event: string,
) {
  await checks.refused(t, `${name}: refused`, acts, [...ALL, ADMIN, ...rules], [event], WIDE);
}

/** Permitted, and then undone by others. */
async function permitted(
  t: Test,
  checks: Checks,
  name: string,
  acts: readonly string[],
  rules: readonly RuleText[],
  undo: readonly string[] = [],
): Promise<void> {
  await checks.permitted(t, `${name}: permitted`, acts, [...ALL, ...rules], WIDE);
  if (undo.length > 0)
    t.same(
      await free(undo),
      undo.map(() => 'ok'),
      `${name}: undone`,
    );
}

async function mounted(t: Test, checks: Checks): Promise<void> {
  const event = `mount mount:tmpfs:${HERE}`;
  await refused(t, checks, 'tmpfs', [tmpfs()], [], event);
  await permitted(t, checks, 'tmpfs', [tmpfs()], [mounts(HERE, 'tmpfs')], [umount(HERE)]);
  await refused(t, checks, 'another file system', [tmpfs()], [mounts(HERE, 'ramfs', 'ext4')], event);
  await refused(t, checks, 'another place', [tmpfs()], [mounts(THERE, 'tmpfs')], event);
  await refused(t, checks, 'below the place', [tmpfs()], [mounts(DIR, 'tmpfs')], event);
  await permitted(t, checks, 'ramfs', [mount('none', HERE, 'ramfs')], [mounts(`${DIR}/*`, 'ramfs')], [umount(HERE)]);
  await permitted(
    t,
    checks,
    'two on one place',
    [tmpfs(), tmpfs()],
    [mounts(HERE, 'tmpfs')],
    [umount(HERE), umount(HERE)],
  );
  const old = [`old,21,s:none,s:${HERE},s:tmpfs,0,0`];
  await refused(t, checks, 'by an i386 call', old, [], event);
  await permitted(t, checks, 'by an i386 call', old, [mounts(HERE, 'tmpfs')], [umount(HERE)]);
  const denial = { deny: 'mount', path: '/***', errno: 'ENOSYS' };
  await checks.refused(t, 'a denial with an errno', [tmpfs()], [denial], [event], { version: 2, errno: 'ENOSYS' });
  // What is in it is judged by its path there, as all else.
  const file = `${HERE}/file`;
  const inside = [tmpfs(), creat(file), open(file)];
  const making = [mounts(HERE, 'tmpfs'), permit(['create', 'write'], file)];
  const later = { version: 2 } as const;
  await checks.refused(t, 'a file in it: refused', inside, making, [`read ${file}`], later);
  await free([umount(HERE)]);
  await checks.permitted(t, 'a file in it: permitted', inside, [...making, permit('read', file)], later);
  await free([umount(HERE)]);
  await refusedByFloor(t, checks, 'version 1 has no word for it', ['floor mount'], [tmpfs()]);
  const complain = { version: 2, mode: 'complain', default: 'permit' } as const;
  await checks.refused(t, 'complaining opens it not', [tmpfs()], ALL, [`mount mount:tmpfs:${HERE}`], complain);
  const { results, events } = await checks.confined.run([tmpfs(), umount(HERE)], {
    version: 2,
    rules: [],
    mode: 'learn',
  });
  t.same(
    { results, events: told(events), learnt: events.every((one) => one.learnt || one.type === 'exec') },
    { results: ['ok', 'ok'], events: [event, `unmount unmount:tmpfs:${HERE}`], learnt: true },
    'learned',
  );
}

async function unmounted(t: Test, checks: Checks): Promise<void> {
  const event = `unmount unmount:tmpfs:${HERE}`;
  for (const [how, act] of [
    ['umount', umount(HERE)],
    ['lazily', umount(HERE, DETACH)],
    ['by an i386 call', `old,22,s:${HERE}`],
  ] as const) {
    t.same(await free([tmpfs()]), ['ok']);
    await refused(t, checks, how, [act], [mounts('/***', 'tmpfs')], event);
    await refused(t, checks, `${how}, another`, [act], [unmounts(THERE), unmounts(HERE, 'ext4', 'other')], event);
    await permitted(t, checks, how, [act], [unmounts(HERE)]);
  }
  t.same(await free([mount('none', `${DIR}/queues`, 'mqueue')]), ['ok']);
  const queues = [umount(`${DIR}/queues`)];
  await refused(
    t,
    checks,
    'a type that is none of those',
    queues,
    [unmounts(`${DIR}/*`, 'tmpfs')],
    `unmount unmount:other:${DIR}/queues`,
  );
  await permitted(t, checks, 'a type that is none of those', queues, [unmounts(`${DIR}/*`, 'other')]);
  const deep = `${HERE}/deep`;
  t.same(await free([tmpfs(), mkdir(deep), tmpfs(deep)]), ['ok', 'ok', 'ok']);
  await byNone(t, checks, 'lazily, with what is mounted below', [umount(HERE, DETACH)], 'floor umount mounts below');
  await permitted(t, checks, 'that first', [umount(deep), umount(HERE, DETACH)], [unmounts(`${HERE}/***`)]);
  t.same(await free([tmpfs()]), ['ok']);
  await refusedByFloor(t, checks, 'version 1', ['floor capability CAP_SYS_ADMIN'], [umount(HERE)]);
  const complain = { version: 2, mode: 'complain', default: 'permit' } as const;
  await checks.refused(t, 'complaining', [umount(HERE)], ALL, [`unmount unmount:tmpfs:${HERE}`], complain);
  await free([umount(HERE)]);
}

async function remounted(t: Test, checks: Checks): Promise<void> {
  t.same(await free([tmpfs()]), ['ok']);
  for (const [name, flags] of [
    ['a file system', MS.REMOUNT | MS.RDONLY],
    ['a mount', MS.REMOUNT | MS.BIND | MS.RDONLY],
  ] as const) {
    const acts = [mount('none', HERE, 'none', flags)];
    await refused(t, checks, name, acts, [mounts(THERE, 'tmpfs'), mounts(HERE, 'ramfs')], `mount mount:tmpfs:${HERE}`);
    await permitted(t, checks, name, acts, [mounts(HERE, 'tmpfs')]);
    t.same(await free([creat(`${HERE}/x`)]), ['EROFS'], `${name}: read only`);
    await free([mount('none', HERE, 'none', flags & ~MS.RDONLY)]);
  }
  t.same(await free([umount(HERE)]), ['ok']);
}

/** Refused with this event, though all that can be permitted is. */
async function byNone(
  t: Test,
  { confined }: Checks,
  name: string,
  acts: readonly string[],
  event: string,
  more: readonly RuleText[] = [],
) {
  const { results, events, counts } = await confined.run(acts, {
    ...WIDE,
    rules: [...ALL, ADMIN, ...EVERY_MOUNT, ...more],
  });
  t.same(
    { results, events: told(events), floor: counts.floor.reduce((sum, one) => sum + one), denied: counts.denied },
    { results: acts.map((_, at) => (at === acts.length - 1 ? 'EPERM' : 'ok')), events: [event], floor: 1, denied: 0 },
    name,
  );
}

async function never(t: Test, checks: Checks): Promise<void> {
  t.same(await free([mount('none', `${DIR}/proc`, 'proc'), tmpfs(THERE)]), ['ok', 'ok']);
  const acts: Readonly<Record<string, readonly [act: string, word: string, free: string, undo?: string]>> = {
    'a bind mount': [mount(ROOT, HERE, 'none', MS.BIND), 'bind', 'ok', umount(HERE)],
    'with all below': [mount(ROOT, HERE, 'none', MS.BIND | MS.REC), 'bind', 'ok', umount(HERE, DETACH)],
    'with a type that is permitted': [mount(ROOT, HERE, 'tmpfs', MS.BIND), 'bind', 'ok', umount(HERE)],
    'made private': [mount('none', THERE, 'tmpfs', MS.PRIVATE), 'propagation', 'ok'],
    moved: [mount(THERE, HERE, 'tmpfs', MS.MOVE), 'move', 'ok', mount(HERE, THERE, 'none', MS.MOVE)],
    proc: [mount('none', HERE, 'proc'), 'proc', 'ok', umount(HERE)],
    sysfs: [mount('none', HERE, 'sysfs'), 'sysfs', 'ok', umount(HERE)],
    cgroup2: [mount('none', HERE, 'cgroup2'), 'cgroup2', 'ok', umount(HERE)],
    bpf: [mount('none', HERE, 'bpf'), 'bpf', 'ok', umount(HERE)],
    devpts: [mount('none', HERE, 'devpts'), 'devpts', 'ok', umount(HERE)],
    'overlay, which there is none of without folders': [mount('none', HERE, 'overlay'), 'overlay', 'EINVAL'],
    'a type with something behind it': [mount('none', HERE, 'tmpfs.x'), 'tmpfs.x', 'ENODEV'],
    'the beginning of a type': [mount('none', HERE, 'tmp'), 'tmp', 'ENODEV'],
    'other flags for what no policy mounts': [mount('none', `${DIR}/proc`, 'tmpfs', MS.REMOUNT), 'proc', 'ok'],
    fsopen: [call(430)('s:tmpfs', 0), 'fsopen', 'ok'],
    fspick: [call(433)(AT_FDCWD, `s:${THERE}`, 0), 'fspick', 'ok'],
    fsmount: [call(432)(0, 0, 0), 'fsmount', 'EINVAL'],
    'open_tree, a copy': [call(428)(AT_FDCWD, `s:${THERE}`, CLONE), 'open_tree', 'ok'],
    mount_setattr: [call(442)(AT_FDCWD, `s:${THERE}`, 0, 'w:0:0:0:0', 32), 'mount_setattr', 'ok'],
    move_mount: [
      call(429)(AT_FDCWD, `s:${THERE}`, AT_FDCWD, `s:${HERE}`, 0),
      'move_mount',
      'ok',
      mount(HERE, THERE, 'none', MS.MOVE),
    ],
    pivot_root: [call(155)(`s:${THERE}`, `s:${THERE}`), 'pivot_root', 'EBUSY'],
  };
  for (const [name, [act, word, outcome, undo]] of Object.entries(acts)) {
    await byNone(t, checks, name, [act], `floor mount ${word}`);
    if (name === 'pivot_root') continue;
    t.same(await free([act]), [outcome], `${name}: done by others`);
    if (undo !== undefined) t.same(await free([undo]), ['ok'], `${name}: undone`);
  }
  const apart = [unshare(NEWNS), tmpfs()];
  await byNone(t, checks, 'in a namespace of its own', apart, 'floor mount place', [
    { permit: 'namespace', namespace: 'mount' },
  ]);
  const opened = keep(1, open(`${THERE}`, O.PATH));
  await byNone(
    t,
    checks,
    'on a mount that is in no tree',
    [opened, umount(THERE, DETACH), mkdir('/proc/self/fd/#1/x'), tmpfs('/proc/self/fd/#1/x')],
    'floor mount place',
    [{ permit: 'create', kind: 'detached' }],
  );
  t.same(await free([umount(`${DIR}/proc`)]), ['ok']);
}

async function kept(t: Test, checks: Checks): Promise<void> {
  const { PROTECT_ENTRIES, PROTECT_FIXED, PROTECT_SEALED } = NUMBERS;
  const [above, ours] = [`${DIR}/above`, `${DIR}/above/ours`];
  t.same(await free([tmpfs(above), mkdir(ours)]), ['ok', 'ok']);
  const undo = protect(checks.confined.gate, {
    [ours]: PROTECT_ENTRIES | PROTECT_FIXED | PROTECT_SEALED,
    [above]: PROTECT_FIXED,
  });
  await byNone(t, checks, 'callgate’s own folder', [tmpfs(ours)], 'floor files');
  await byNone(t, checks, 'a folder above', [tmpfs(above)], 'floor files');
  await byNone(t, checks, 'what is mounted there, unmounted', [umount(above, DETACH)], 'floor files');
  undo();
  await permitted(
    t,
    checks,
    'where nothing is protected',
    [tmpfs(ours), tmpfs(above), umount(above), umount(ours), umount(above)],
    [...EVERY_MOUNT],
  );
  for (const [path, event] of [
    ['/proc', 'floor mount'],
    ['/proc/sys', 'floor mount'],
    ['/sys', 'floor mount'],
    ['/sys/fs/bpf', 'floor gate'],
    ['/', 'floor mount place'],
  ] as const)
    await byNone(t, checks, `over ${path}`, [tmpfs(path)], event);
  await byNone(t, checks, '/proc unmounted', [umount('/proc', DETACH)], 'floor umount');
  await byNone(t, checks, 'the pins unmounted', [umount('/sys/fs/bpf', DETACH)], 'floor gate');
}

async function disks(t: Test, checks: Checks): Promise<void> {
  const image = `${DIR}/image`;
  loadModule('loop');
  writeFileSync(image, Buffer.alloc(4 << 20));
  execFileSync('mkfs.ext4', ['-q', '-F', image]);
  const disk = execFileSync('losetup', ['--show', '-f', image], { encoding: 'utf8' }).trim();
  const onto = (path: string, flags: number = MS.NODEV): string => mount(disk, path, 'ext4', flags);
  const rules = [mounts(HERE, 'ext4')];
  await refused(t, checks, 'ext4', [onto(HERE)], [mounts(HERE, 'tmpfs', 'ext3')], `mount mount:ext4:${HERE}`);
  await permitted(t, checks, 'ext4', [onto(HERE)], rules, [umount(HERE)]);
  await byNone(t, checks, 'with its devices', [onto(HERE, 0)], 'floor mount nodev');
  t.same(await free([onto(THERE, 0)]), ['ok']);
  await byNone(t, checks, 'a disk that others have mounted', [onto(HERE)], 'floor mount in use');
  await byNone(t, checks, 'at the same place too', [onto(THERE)], 'floor mount in use');
  t.same(await free([umount(THERE)]), ['ok']);
  await byNone(t, checks, 'one’s own, a second time', [onto(HERE), onto(THERE)], 'floor mount in use');
  const devices = [mount(disk, HERE, 'ext4', MS.REMOUNT)];
  await byNone(t, checks, 'devices let in later', devices, 'floor mount nodev');
  await permitted(t, checks, 'read only later', [mount(disk, HERE, 'ext4', MS.REMOUNT | MS.NODEV | MS.RDONLY)], rules);
  await permitted(t, checks, 'unmounted', [umount(HERE)], [unmounts(HERE, 'ext4')]);
  await permitted(t, checks, 'and mounted elsewhere', [onto(THERE)], [mounts(THERE, 'ext4')], [umount(THERE)]);
  execFileSync('losetup', ['-d', disk]);
}

/** Inodes and mounts come and go in the same memory, under the same numbers; what was found out of a directory holds for no other. */
async function known(t: Test, { confined }: Checks): Promise<void> {
  const program = `${ROOT}/bin/mounting`;
  for (const place of [HERE, THERE]) {
    mkdirSync(`${place}/d`, { recursive: true });
    writeFileSync(`${place}/d/file`, 'covered');
  }
  const run = await confined.run([String(ROUNDS), HERE, THERE], {
    rules: [
      ...[permit('read', program), permit(['create', 'write', 'read'], `${HERE}/**`)],
      ...[permit(['create', 'write'], `${THERE}/**`), { deny: 'read', path: `${THERE}/**`, log: false }],
      ...[mounts(`${DIR}/*`, 'tmpfs'), unmounts(`${DIR}/*`)],
    ],
    ...{ version: 2, file: program, patience: 600_000 },
  });
  const each = String((ROUNDS / 2) * OPENS);
  t.same(
    { results: run.results, events: told(run.events), errors: run.errors, code: run.code },
    { results: [each, '0', '0', each], events: [], errors: '', code: 0 },
    'each verdict is of the place where it was',
  );
  t.comment(`walked: ${run.counts.walked}`);
}
