// SPDX-License-Identifier: GPL-2.0-only
/** What takes a capability that rules the machine, and what asks for one and is harmless. */
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { AT_FDCWD, call, keep, mknod, mount, O, open, umount, unshare } from './calls.js';
import type { Checks } from './checks.js';
import { free, ROOT, told } from './confined.js';
import { kernelSeries } from './machine.js';
import { EVERYTHING, type Item, letThrough, refusedByFloor, refusedItems } from './refused.js';

const DIR = `${ROOT}/capabilities`;
const SIGCHLD = 17;
const cap = (name: string): string => `floor capability CAP_${name}`;
const ADMIN = cap('SYS_ADMIN');
const clone3 = (flags: number): string => call(435)(`w:${flags}:0:0:0:${SIGCHLD}:0:0:0`, 64);

const NAMESPACES = {
  mount: 0x20000,
  cgroup: 0x2000000,
  uts: 0x4000000,
  ipc: 0x8000000,
  pid: 0x20000000,
  net: 0x40000000,
  time: 0x80,
} as const;

const ITEMS: Readonly<Record<string, Item>> = {
  mount_setattr: { floor: ADMIN, acts: [call(442)(AT_FDCWD, `s:${DIR}/m`, 0, 'w:1:0:0:0', 32)] },
  fsopen: { floor: ADMIN, acts: [call(430)('s:tmpfs', 0)] },
  'fsopen of what would be loaded': { floor: ADMIN, acts: [call(430)('s:nonesuch', 0)], free: 'ENODEV' },
  fspick: { floor: ADMIN, acts: [call(433)(AT_FDCWD, `s:${DIR}/m`, 0)] },
  fsmount: { floor: ADMIN, acts: [call(432)(0, 0, 0)], free: 'EINVAL' },
  'open_tree with a clone': { floor: ADMIN, acts: [call(428)(AT_FDCWD, `s:${DIR}/m`, 1)] },
  iopl: { floor: cap('SYS_RAWIO'), acts: [call(172)(3)] },
  ioperm: { floor: cap('SYS_RAWIO'), acts: [call(173)(0x80, 1, 1)] },
  '/dev/mem': { floor: cap('SYS_RAWIO'), acts: [open(`${DIR}/mem`)] },
  'perf_event_open of a processor': {
    floor: ADMIN,
    acts: [call(298)('w:0x7000000001:0:0:0:0:0:0:0:0:0:0:0:0:0', -1, 0, -1, 0)],
    errno: 'EACCES',
  },
  'fanotify’s permission events': { floor: ADMIN, acts: [call(300)(4, 0)] },
  reboot: { floor: cap('SYS_BOOT'), acts: [call(169)(0xfee1dead, 672274793, 0)] },
  swapon: { floor: ADMIN, acts: [call(167)(`s:${DIR}/file`, 0)], free: 'EINVAL' },
  swapoff: { floor: ADMIN, acts: [call(168)(`s:${DIR}/file`)], free: 'EINVAL' },
  acct: { floor: cap('SYS_PACCT'), acts: [call(163)(0)], free: ['ok', 'ENOSYS'] },
  kexec_load: { floor: cap('SYS_BOOT'), acts: [call(246)(0, 0, 0, 0)] },
  init_module: { floor: cap('SYS_MODULE'), acts: [call(175)('b:64', 64, 's:')], free: 'ENOEXEC' },
  finit_module: {
    floor: cap('SYS_MODULE'),
    acts: [keep(1, open(`${ROOT}/bin/act`)), call(313)('#1', 's:', 0)],
    free: 'ENOEXEC',
  },
  delete_module: { floor: cap('SYS_MODULE'), acts: [call(176)('s:nonesuch', 0)], free: 'ENOENT' },
  sethostname: { floor: ADMIN, acts: [call(170)('s:other', 5)] },
  setdomainname: { floor: ADMIN, acts: [call(171)('s:other', 5)] },
  'a trusted attribute set': {
    floor: ADMIN,
    acts: [call(188)(`s:${DIR}/file`, 's:trusted.more', 's:v', 1, 0)],
  },
  'the kernel’s log cleared': { floor: 'floor kernel_log', acts: [call(103)(5, 0, 0)] },
  'the console’s level': { floor: 'floor kernel_log', acts: [call(103)(8, 0, 7)] },
  'a network interface’s module': {
    floor: ['floor autoload netdev-nonesuch', cap('SYS_MODULE')],
    acts: [keep(1, call(41)(2, 2, 0)), call(16)('#1', 0x8913, 's:nonesuch')],
    errno: 'ENODEV',
    free: 'ENODEV',
  },
};

export async function capabilities(t: Test, checks: Checks): Promise<void> {
  mkdirSync(`${DIR}/m`, { recursive: true });
  writeFileSync(`${DIR}/file`, Buffer.alloc(8192));
  await free([mount('none', `${DIR}/m`, 'tmpfs'), mknod(`${DIR}/mem`, 0o20600, 0x101)]);
  await free([call(188)(`s:${DIR}/file`, 's:trusted.name', 's:v', 1, 0)]);
  await refusedItems(t, checks, ITEMS);
  for (const [name, flag] of Object.entries(NAMESPACES)) {
    const ways: Record<string, readonly string[]> = {
      unshare: [unshare(flag)],
      // CLONE_NEWTIME is within clone's signal: clone3 and unshare alone have it.
      ...(name === 'time' ? {} : { clone: [call(56)(flag + SIGCHLD, 0, 0, 0, 0)] }),
      clone3: [clone3(flag)],
    };
    for (const [way, acts] of Object.entries(ways)) {
      await refusedByFloor(t, checks, `a ${name} namespace by ${way}`, [ADMIN], acts);
      t.equal((await free(acts)).at(-1), 'ok', `a ${name} namespace by ${way}: done by others`);
    }
    await refusedByFloor(t, checks, `a ${name} namespace as a 32-bit program`, [ADMIN], [`call32,310,${flag}`]);
  }
  await harmless(t, checks);
  await free([umount(`${DIR}/m`)]);
}

async function harmless(t: Test, checks: Checks): Promise<void> {
  await letThrough(t, checks, 'a child without namespaces', ['fork']);
  // Refused for want of the capability it would be EACCES, and EPERM; so the kernel looks at what it was given.
  await letThrough(t, checks, 'a seccomp filter', [call(317)(1, 0, 'w:1:1')], 'EFAULT');
  await letThrough(t, checks, 'the same by prctl', [call(157)(22, 2, 'w:1:1', 0, 0)], 'EFAULT');
  await letThrough(t, checks, 'Landlock', [call(446)(-1, 0)], 'EBADF');
  await letThrough(t, checks, 'a trusted attribute read', [call(191)(`s:${DIR}/file`, 's:trusted.name', 'b:16', 16)]);
  await letThrough(t, checks, 'attributes listed', [call(194)(`s:${DIR}/file`, 'b:256', 256)]);
  await letThrough(t, checks, 'attributes of an overlay listed', [call(194)('s:/usr/bin/true', 'b:256', 256)]);
  await letThrough(t, checks, 'a new file in an overlay', [open('/var/tmp/floor-new', O.CREAT | O.RDWR)]);
  await letThrough(t, checks, 'the kernel’s log read', [call(103)(3, 'b:4096', 4096)]);
  // As an ordinary user's: only files are told about, nobody waits. 7.2 does not ask whether it could be more.
  const { results, events } = await checks.confined.run([call(300)(0x200, 0)], EVERYTHING);
  t.same(
    { results, events: told(events) },
    { results: ['ok'], events: kernelSeries() === '7.2' ? [] : [ADMIN] },
    'fanotify as a user has it',
  );
  const module = await checks.confined.run([call(41)(31, 5, 0)], EVERYTHING);
  t.same(told(module.events), [], 'a socket’s family, which the policy permitted, may be loaded');
}
