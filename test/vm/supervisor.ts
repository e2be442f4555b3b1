// SPDX-License-Identifier: GPL-2.0-only
/** A supervisor cannot be ended, stopped, slowed or looked into by a subject; another process can, as the policy says. */
import { mkdirSync } from 'node:fs';
import type { Test } from 'tap';
import { NUMBERS } from '../../src/abi/abi.gen.js';
import { call, keep, mount, O, open, umount } from './calls.js';
import type { Checks } from './checks.js';
import { beside, free, ROOT } from './confined.js';
import { protect } from './files.js';
import { kernelSeries } from './machine.js';
import { ALL, EVERYTHING, letThrough, refusedByFloor } from './refused.js';

const KILL = 9;
const F_SETOWN = 8;
const F_SETSIG = 10;
const F_SETFL = 4;
const O_ASYNC = 0o20000;
const AFFECT = 'floor supervisor';
const LOOK = 'floor ptrace';

type Ways = Record<string, { readonly floor: string; readonly acts: readonly string[]; readonly errno?: string }>;

const ways = (pid: number): Ways => ({
  kill: { floor: 'floor signal', acts: [call(62)(pid, KILL)] },
  tgkill: { floor: 'floor signal', acts: [call(234)(pid, pid, KILL)] },
  pidfd_send_signal: { floor: 'floor signal', acts: [keep(1, call(434)(pid, 0)), call(424)('#1', KILL, 0, 0)] },
  prlimit: { floor: AFFECT, acts: [call(302)(pid, 0, 'w:1:1', 0)] },
  'prlimit of the size of files': { floor: AFFECT, acts: [call(302)(pid, 1, 'w:1:1', 0)] },
  sched_setaffinity: { floor: AFFECT, acts: [call(203)(pid, 8, 'w:1')] },
  sched_setscheduler: { floor: AFFECT, acts: [call(144)(pid, 3, 'w:0')] },
  sched_setattr: { floor: AFFECT, acts: [call(314)(pid, 'w:0x30:0:0:0:0:0', 0)] },
  setpriority: { floor: AFFECT, acts: [call(141)(0, pid, 5)] },
  ioprio_set: { floor: AFFECT, acts: [call(251)(1, pid, (2 << 13) | 7)] },
  move_pages: { floor: LOOK, acts: [call(279)(pid, 1, 'w:0', 0, 'b:8', 2)] },
  migrate_pages: { floor: LOOK, acts: [call(256)(pid, 64, 'w:1', 'w:1')] },
  process_madvise: {
    floor: LOOK,
    acts: [keep(1, call(434)(pid, 0)), call(440)('#1', 'w:0x10000:4096', 1, 20, 0)],
    errno: 'EACCES',
  },
  kcmp: { floor: LOOK, acts: [keep(1, call(39)()), call(312)('#1', pid, 0, 0, 0)] },
  oom_score_adj: { floor: AFFECT, acts: [open(`/proc/${pid}/oom_score_adj`, O.WRONLY)] },
  'oom_score_adj of its thread': { floor: AFFECT, acts: [open(`/proc/${pid}/task/${pid}/oom_score_adj`, O.RDWR)] },
  timerslack_ns: { floor: AFFECT, acts: [open(`/proc/${pid}/timerslack_ns`, O.WRONLY)] },
  clear_refs: { floor: AFFECT, acts: [open(`/proc/${pid}/clear_refs`, O.WRONLY)] },
  coredump_filter: { floor: AFFECT, acts: [open(`/proc/${pid}/coredump_filter`, O.WRONLY)] },
  'its environment': { floor: LOOK, acts: [open(`/proc/${pid}/environ`)], errno: 'EACCES' },
  'its memory': { floor: LOOK, acts: [open(`/proc/${pid}/mem`)], errno: 'EACCES' },
  'its descriptors': { floor: LOOK, acts: [open(`/proc/${pid}/fd/0`)], errno: 'EACCES' },
});
/** Of these 7.2 asks, once it was refused, whether the caller may look all the same. */
const BY_PERFMON: readonly string[] = ['process_madvise', 'its environment'];
const PERFMON = ['floor capability CAP_PERFMON', 'floor capability CAP_SYS_ADMIN'];
/** What nothing but the guard refuses: the same for another process that is no subject. */
const FREE_OF_GUARD = (floor: string): boolean => floor !== LOOK;

export async function supervisor(t: Test, checks: Checks): Promise<void> {
  const { gate } = checks.confined;
  for (const name of Object.keys(ways(0)))
    await beside([call(39)(), 'wait'], 1, async (pid) => {
      const way = ways(pid)[name];
      if (way === undefined) return;
      gate.protection.guard(pid);
      const asked = kernelSeries() === '7.2' && BY_PERFMON.includes(name) ? PERFMON : [];
      await refusedByFloor(t, checks, `${name} of a supervisor`, [way.floor, ...asked], way.acts, { errno: way.errno });
      gate.protection.unguard(pid);
      if (FREE_OF_GUARD(way.floor)) await letThrough(t, checks, `${name} of another`, way.acts);
      else t.not((await free(way.acts)).at(-1), way.errno ?? 'EPERM', `${name}: done by others`);
    });
  await beside([call(39)(), 'wait'], 1, async (pid) => {
    gate.protection.guard(pid);
    const looks = [
      call(62)(pid, 0),
      call(302)(pid, 0, 0, 'b:16'),
      open(`/proc/${pid}/stat`),
      call(204)(pid, 128, 'b:128'),
    ];
    await checks.permitted(t, 'whether it is there, its limits and its state', looks, ALL, EVERYTHING);
    gate.protection.unguard(pid);
  });
  await group(t, checks);
  await descriptors(t, checks);
  await cgroups(t, checks);
}

/** A signal to a group reaches the others. */
async function group(t: Test, checks: Checks): Promise<void> {
  const { gate } = checks.confined;
  const spared = await beside([call(109)(0, 0), 'wait', call(39)()], 1, async (pid) => {
    const other = await beside([call(109)(0, pid), 'wait', call(39)()], 1, async () => {
      gate.protection.guard(pid);
      await refusedByFloor(t, checks, 'a signal to its group', ['floor signal'], [call(62)(-pid, KILL)], {
        errno: 'ok',
      });
      gate.protection.unguard(pid);
    });
    t.same(other, ['ok'], 'another of the group has ended');
  });
  t.same(spared, ['ok', 'ok', 'ok'], 'the supervisor has not');
}

/** A signal that the kernel sends by itself, when a descriptor is ready. */
async function descriptors(t: Test, checks: Checks): Promise<void> {
  const { gate } = checks.confined;
  const ready = (pid: number): readonly string[] => [
    keep(1, 'socketpair'),
    call(72)('#1', F_SETOWN, pid),
    call(72)('#1', F_SETSIG, KILL),
    call(72)('#1', F_SETFL, O_ASYNC),
    call(1)(4, 's:x', 1),
  ];
  for (const guarded of [true, false]) {
    const results = await beside([call(39)(), 'wait', call(39)()], 1, async (pid) => {
      if (guarded) gate.protection.guard(pid);
      await checks.permitted(t, 'a descriptor’s owner is set', ready(pid), ALL, EVERYTHING);
      gate.protection.unguard(pid);
    });
    t.equal(
      results.length,
      guarded ? 3 : 1,
      `a signal of a descriptor ${guarded ? 'spares the supervisor' : 'ends another'}`,
    );
  }
}

/** The files of its cgroup and of those above it, and membership of any. */
async function cgroups(t: Test, checks: Checks): Promise<void> {
  const point = `${ROOT}/cgroups`;
  mkdirSync(point, { recursive: true });
  await free([mount('none', point, 'cgroup2')]);
  for (const name of ['hers', 'other']) mkdirSync(`${point}/${name}`, { recursive: true });
  const undo = protect(checks.confined.gate, { [`${point}/hers`]: NUMBERS.PROTECT_CONTROLS | NUMBERS.PROTECT_FIXED });
  const write = (path: string): string => open(`${point}/${path}`, O.WRONLY);
  for (const file of ['cgroup.kill', 'cgroup.freeze', 'cgroup.max.depth'])
    await refusedByFloor(t, checks, `${file} of its cgroup`, [AFFECT], [write(`hers/${file}`)]);
  for (const file of ['cgroup.procs', 'cgroup.threads']) {
    await refusedByFloor(t, checks, `${file} of another`, ['floor cgroup'], [write(`other/${file}`)]);
    await letThrough(t, checks, `${file} of another, read`, [open(`${point}/other/${file}`)]);
    t.same(await free([write(`other/${file}`)]), ['ok'], `${file}: by others`);
  }
  // CLONE_INTO_CGROUP and CLONE_VFORK; the child does the rest, too, and first.
  const cloned = [
    keep(1, open(`${point}/other`, O.DIRECTORY)),
    call(435)(`w:${0x200004000}:0:0:0:17:0:0:0:0:0:#1`, 88),
  ];
  await refusedByFloor(t, checks, 'a child that begins in another', ['floor cgroup'], cloned);
  t.same(await free(cloned), ['ok', 'ok', 'ok'], 'by others');
  await letThrough(t, checks, 'a limit of another', [write('other/cgroup.max.depth')]);
  await letThrough(t, checks, 'a cgroup below its own', [call(83)(`s:${point}/hers/new`, 0o755)]);
  await refusedByFloor(t, checks, 'its cgroup removed', ['floor files'], [call(84)(`s:${point}/hers`)]);
  undo();
  await letThrough(t, checks, 'the same of no supervisor’s', [write('hers/cgroup.kill')]);
  await free([umount(point, 2)]);
}
