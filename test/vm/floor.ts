/** The floor: what no policy permits, not even one that permits everything; and each act as it goes for no subject. */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import type { Test } from 'tap';
import { AT_FDCWD, call, chmod, chroot, keep, mkdir, mount, O, open, rmdir, umount, unshare } from './calls.js';
import type { Checks } from './checks.js';
import { beside, free, ROOT, type RuleText, told } from './confined.js';

const DIR = `${ROOT}/floor`;
const PINS = '/sys/fs/bpf/callgate';
const MS_REMOUNT = 32;
const NEWNS = 0x20000;
const NEWUSER = 0x10000000;
const SEIZE = 0x4206;
const KILL = 9;
const F_SETOWN = 8;
const F_SETSIG = 10;
const F_SETFL = 4;
const O_ASYNC = 0o20000;

/** Everything the language can permit. */
const ALL: readonly RuleText[] = [
  { permit: ['read', 'list', 'write', 'create', 'delete', 'stat', 'exec', 'load', 'receive'], path: '/***' },
];
const EVERYTHING = { default: 'permit', rules: ALL } as const;

interface Item {
  readonly floor: string;
  readonly acts: readonly string[];
  /** What the last act comes to for no subject; `ok` where absent. */
  readonly free?: string;
  /** Undoes it for no subject. */
  readonly undo?: string;
}

const array = 'w:0x400000002:0x100000004:0:0:0:0:0:0:0:0:0:0:0:0:0:0';
const ITEMS: Readonly<Record<string, Item>> = {
  mount: { floor: 'mount', acts: [mount('none', `${DIR}/m`, 'tmpfs')], undo: umount(`${DIR}/m`) },
  'a bind mount': { floor: 'mount', acts: [mount(ROOT, `${DIR}/m`, 'none', 4096)], undo: umount(`${DIR}/m`) },
  'a mount made private': { floor: 'mount', acts: [mount('none', `${DIR}/mounted`, 'none', 1 << 18)] },
  remount: { floor: 'mount', acts: [mount('none', `${DIR}/mounted`, 'tmpfs', MS_REMOUNT)] },
  umount: { floor: 'umount', acts: [umount(`${DIR}/gone`)] },
  move_mount: {
    floor: 'move_mount',
    acts: [keep(1, call(428)(AT_FDCWD, `s:${ROOT}/bin`, 1)), call(429)('#1', 's:', AT_FDCWD, `s:${DIR}/m`, 4)],
    undo: umount(`${DIR}/m`),
  },
  pivot_root: { floor: 'pivot_root', acts: [call(155)(`s:${DIR}/mounted`, `s:${DIR}/mounted`)] },
  chroot: { floor: 'chroot', acts: [chroot(DIR)] },
  'a user namespace': { floor: 'namespace', acts: [unshare(NEWUSER)] },
  bpf: { floor: 'bpf', acts: [call(321)(0, array, 72)] },
  init_module: { floor: 'module', acts: [call(175)('b:64', 64, 's:')], free: 'ENOEXEC' },
  finit_module: {
    floor: 'module',
    acts: [keep(1, open(`${ROOT}/bin/act`)), call(313)('#1', 's:', 0)],
    free: 'ENOEXEC',
  },
  kexec_load: { floor: 'module', acts: [call(246)(0, 0, 0, 0)] },
  'a look at the gate’s pins': { floor: 'gate', acts: [open(PINS, O.DIRECTORY)] },
  'a new name among them': { floor: 'gate', acts: [mkdir(`${PINS}/new`)], undo: rmdir(`${PINS}/new`) },
  'a pin’s mode': { floor: 'gate', acts: [chmod(PINS)] },
  'their file system unmounted': { floor: 'umount', acts: [umount('/sys/fs/bpf', 2)] },
  io_uring_setup: { floor: 'io_uring', acts: [call(425)(8, 'b:120')] },
};

export async function floor(t: Test, checks: Checks): Promise<void> {
  for (const name of ['m', 'mounted', 'gone']) mkdirSync(`${DIR}/${name}`, { recursive: true });
  for (const name of ['mounted', 'gone']) await free([mount('none', `${DIR}/${name}`, 'tmpfs')]);
  for (const [name, { floor, acts, free: outcome = 'ok', undo }] of Object.entries(ITEMS)) {
    await refusedByFloor(t, checks, name, floor, acts);
    // In a namespace of their own, so that the machine keeps its root.
    const others = name === 'pivot_root' || name.startsWith('their') ? [unshare(NEWNS), ...acts] : acts;
    t.equal((await free(others)).at(-1), outcome, `${name}: done by others`);
    if (undo !== undefined) await free([undo]);
  }
  await otherTasks(t, checks);
  await namespaces(t, checks);
  await supervisor(t, checks);
  await free([umount(`${DIR}/mounted`)]);
}

/** The last act is refused by this part of the floor, in every mode, counted and told. */
async function refusedByFloor(
  t: Test,
  { confined }: Checks,
  name: string,
  part: string,
  acts: readonly string[],
  rest: { stdin?: number } = {},
): Promise<void> {
  const { results, events, counts } = await confined.run(acts, { ...EVERYTHING, ...rest });
  t.same(
    {
      results,
      events: told(events),
      counted: counts.floor.reduce((sum, count) => sum + count, 0),
      denied: counts.denied,
      enforced: events.every((event) => event.enforced),
    },
    {
      results: [...acts.slice(0, -1).map(() => 'ok'), 'EPERM'],
      events: [`floor ${part}`],
      counted: 1,
      denied: 0,
      enforced: true,
    },
    `${name}: refused`,
  );
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
      await refusedByFloor(t, checks, name, 'ptrace', acts);
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
  await refusedByFloor(t, checks, 'setns to a descriptor from before', 'namespace', [call(308)(0, UTS)], { stdin });
  closeSync(stdin);
  t.same(await free([keep(1, open('/proc/self/ns/uts')), call(308)('#1', UTS)]), ['ok', 'ok'], 'setns: done by others');
}

async function supervisor(t: Test, checks: Checks): Promise<void> {
  const { gate } = checks.confined;
  const ways = (pid: number): Record<string, readonly string[]> => ({
    kill: [call(62)(pid, KILL)],
    tgkill: [call(234)(pid, pid, KILL)],
    pidfd_send_signal: [keep(1, call(434)(pid, 0)), call(424)('#1', KILL, 0, 0)],
  });
  for (const name of Object.keys(ways(0)))
    await beside([call(39)(), 'wait'], 1, async (pid) => {
      gate.guard(pid);
      await refusedByFloor(t, checks, `${name} of the supervisor`, 'signal', ways(pid)[name] ?? []);
      await checks.permitted(t, `${name}: whether it is there`, [call(62)(pid, 0)], ALL, EVERYTHING);
      gate.unguard(pid);
      await checks.permitted(t, `${name} of another`, ways(pid)[name] ?? [], ALL, EVERYTHING);
    });
  // A signal that the kernel sends by itself, when a descriptor is ready.
  const ready = (pid: number): readonly string[] => [
    keep(1, 'socketpair'),
    call(72)('#1', F_SETOWN, pid),
    call(72)('#1', F_SETSIG, KILL),
    call(72)('#1', F_SETFL, O_ASYNC),
    call(1)(4, 's:x', 1),
  ];
  for (const guarded of [true, false]) {
    const results = await beside([call(39)(), 'wait', call(39)()], 1, async (pid) => {
      if (guarded) gate.guard(pid);
      await checks.permitted(t, 'a descriptor’s owner is set', ready(pid), ALL, EVERYTHING);
      gate.unguard(pid);
    });
    t.equal(
      results.length,
      guarded ? 3 : 1,
      `a signal of a descriptor ${guarded ? 'spares the supervisor' : 'ends another'}`,
    );
  }
}
