// SPDX-License-Identifier: GPL-2.0-only
/** The floor: what no policy permits, not even one that permits everything; and each act as it goes for no subject. */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import type { Test } from 'tap';
import { AT_FDCWD, call, chmod, chroot, keep, mkdir, mount, O, open, rmdir, umount, unshare } from './calls.js';
import type { Checks } from './checks.js';
import { beside, free, ROOT, told } from './confined.js';
import { ALL, EVERYTHING, type Item, refusedByFloor, refusedItems } from './refused.js';

const DIR = `${ROOT}/floor`;
const PINS = '/sys/fs/bpf/callgate';
const MS_REMOUNT = 32;
const NEWUSER = 0x10000000;
const SEIZE = 0x4206;
const ADMIN = 'floor capability CAP_SYS_ADMIN';

const array = 'w:0x400000002:0x100000004:0:0:0:0:0:0:0:0:0:0:0:0:0:0';
const ITEMS: Readonly<Record<string, Item>> = {
  mount: { floor: 'floor mount', acts: [mount('none', `${DIR}/m`, 'tmpfs')], undo: umount(`${DIR}/m`) },
  'a bind mount': { floor: 'floor mount', acts: [mount(ROOT, `${DIR}/m`, 'none', 4096)], undo: umount(`${DIR}/m`) },
  'a mount made private': { floor: 'floor mount', acts: [mount('none', `${DIR}/mounted`, 'none', 1 << 18)] },
  remount: { floor: 'floor mount', acts: [mount('none', `${DIR}/mounted`, 'tmpfs', MS_REMOUNT)] },
  umount: { floor: ADMIN, acts: [umount(`${DIR}/gone`)] },
  move_mount: {
    floor: ADMIN,
    acts: [keep(1, open(`${ROOT}/bin`, O.PATH)), call(429)('#1', 's:', AT_FDCWD, `s:${DIR}/m`, 4)],
    free: 'EINVAL',
  },
  pivot_root: { floor: ADMIN, acts: [call(155)(`s:${DIR}/mounted`, `s:${DIR}/mounted`)], apart: true },
  chroot: { floor: 'floor chroot', acts: [chroot(DIR)] },
  'a user namespace': { floor: 'floor namespace', acts: [unshare(NEWUSER)] },
  'a look at the gate’s pins': { floor: 'floor gate', acts: [open(PINS, O.DIRECTORY)] },
  'a new name among them': { floor: 'floor gate', acts: [mkdir(`${PINS}/new`)], undo: rmdir(`${PINS}/new`) },
  'a pin’s mode': { floor: 'floor gate', acts: [chmod(PINS)] },
  'their file system unmounted': { floor: ADMIN, acts: [umount('/sys/fs/bpf', 2)], apart: true },
  io_uring_setup: { floor: 'floor io_uring', acts: [call(425)(8, 'b:120')] },
};

export async function floor(t: Test, checks: Checks): Promise<void> {
  for (const name of ['m', 'mounted', 'gone']) mkdirSync(`${DIR}/${name}`, { recursive: true });
  for (const name of ['mounted', 'gone']) await free([mount('none', `${DIR}/${name}`, 'tmpfs')]);
  await refusedItems(t, checks, ITEMS);
  for (const mode of ['complain', 'learn'] as const)
    await refusedByFloor(t, checks, `mount, in ${mode} mode`, ['floor mount'], [mount('none', `${DIR}/m`, 'tmpfs')], {
      mode,
    });
  await bpf(t, checks);
  await otherTasks(t, checks);
  await namespaces(t, checks);
  await free([umount(`${DIR}/mounted`)]);
}

/** Where users may not call bpf(2) at all (Debian's 6.1) the kernel asks for capabilities before it asks the hook. */
async function bpf(t: Test, checks: Checks): Promise<void> {
  const acts = [call(321)(0, array, 72)];
  const { results, events } = await checks.confined.run(acts, EVERYTHING);
  t.same(results, ['EPERM'], 'bpf: refused');
  const said = told(events).join();
  t.ok(['floor bpf', `floor capability CAP_BPF,${ADMIN}`].includes(said), `bpf: told (${said})`);
  t.same(await free(acts), ['ok'], 'bpf: done by others');
}

/** Memory, descriptors and fate of a task that is under no policy. */
async function otherTasks(t: Test, checks: Checks): Promise<void> {
  await beside([call(39)(), 'wait'], 1, async (pid) => {
    const ways: Record<string, readonly string[]> = {
      ptrace: [call(101)(SEIZE, pid, 0, 0)],
      process_vm_readv: [call(310)(pid, 'w:0:1', 1, 'w:4096:1', 1, 0)],
      pidfd_getfd: [keep(1, call(434)(pid, 0)), call(438)('#1', 1, 0)],
      'setns to a pidfd': [keep(1, call(434)(pid, 0)), call(308)('#1', 0x4000000)],
    };
    for (const [name, acts] of Object.entries(ways)) {
      await refusedByFloor(t, checks, name, ['floor ptrace'], acts);
      t.not((await free(acts)).at(-1), 'EPERM', `${name}: done by others`);
    }
    const { results, events } = await checks.confined.run([open(`/proc/${pid}/mem`, O.RDWR)], EVERYTHING);
    t.same(
      { refused: results[0] !== 'ok', events: told(events) },
      { refused: true, events: ['floor ptrace'] },
      '/proc/PID/mem: refused',
    );
    t.same(await free([open(`/proc/${pid}/mem`, O.RDWR)]), ['ok'], '/proc/PID/mem: done by others');
    const own = [keep(1, call(39)()), 'fork', call(101)(SEIZE, '#1', 0, 0)];
    await checks.permitted(t, 'ptrace of a task under the same policy', own, ALL, EVERYTHING);
    await checks.permitted(t, 'its own memory', [open('/proc/self/mem', O.RDWR)], ALL, EVERYTHING);
    await checks.permitted(
      t,
      'a signal to a task that is no supervisor',
      [call(62)(pid, 0), call(62)(pid, 18)],
      ALL,
      EVERYTHING,
    );
  });
}

async function namespaces(t: Test, checks: Checks): Promise<void> {
  const UTS = 0x4000000;
  await checks.refused(
    t,
    'a namespace by its file',
    [open('/proc/self/ns/uts')],
    ALL,
    ['read unreachable'],
    EVERYTHING,
  );
  const stdin = openSync('/proc/self/ns/uts', 'r');
  for (const [name, number] of [
    ['', 308],
    [' by a number with its upper half set', 2 ** 32 + 308],
  ] as const)
    await refusedByFloor(t, checks, `setns to a descriptor from before${name}`, [ADMIN], [call(number)(0, UTS)], {
      stdin,
    });
  await refusedByFloor(t, checks, 'the same as a 32-bit program', [ADMIN], [`call32,346,0,${UTS}`], { stdin });
  closeSync(stdin);
  t.same(await free([keep(1, open('/proc/self/ns/uts')), call(308)('#1', UTS)]), ['ok', 'ok'], 'setns: done by others');
}
