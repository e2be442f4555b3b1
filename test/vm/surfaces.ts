// SPDX-License-Identifier: GPL-2.0-only
/** What of the kernel itself is used, by name, and System V IPC: each really done. Rings are in rings.ts. */
import { writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { call, keep, socket } from './calls.js';
import type { Checks } from './checks.js';
import { free, type RuleText, told } from './confined.js';
import { ALL } from './refused.js';

const LATER = { version: 2 } as const;
const kernel = (...names: readonly string[]): RuleText => ({ permit: 'kernel', kernel: names });
const capable = (...names: readonly string[]): RuleText => ({ permit: 'capable', capability: names });

interface Use {
  readonly acts: readonly string[];
  /** Permitted in any case, as the kernel asks for it besides. */
  readonly besides?: readonly RuleText[];
  /** What the last act comes to where it is permitted, and where it is not. */
  readonly done?: string;
  readonly uid?: number;
  readonly errno?: string;
  /** What the floor says of it under version 1; nothing where that lets it through. */
  readonly floor?: readonly string[];
}

const ADMIN = ['floor capability CAP_SYS_ADMIN'];
const INET: RuleText = { permit: 'socket', family: 'inet' };
/** PERF_TYPE_SOFTWARE, and of one's own process what is not the kernel's (include/uapi/linux/perf_event.h). */
export const PERF = `w:${1 + 128 * 2 ** 32}:9:0:0:0:32:0:0:0:0:0:0:0:0:0:0`;
const USES: Readonly<Record<string, Use>> = {
  hostname: { acts: [call(170)('s:callgate', 8)], floor: ADMIN },
  swap: { acts: [call(167)('s:/nonesuch', 0)], done: 'ENOENT', floor: ADMIN },
  console: { acts: [call(103)(7, 0, 0)], besides: [capable('syslog')], floor: ['floor kernel_log'] },
  autoload: {
    acts: [keep(1, socket(2, 2)), call(16)('#1', 0x8913, 's:nonesuch')],
    // The kernel asks twice, for a name with a prefix and, of who may load any, for the bare one.
    besides: [
      INET,
      { permit: 'ioctl', kind: 'socket' },
      { deny: 'capable', capability: 'sys_module', log: false },
      capable('net_admin'),
    ],
    ...{
      done: 'ENODEV',
      errno: 'ENODEV',
      floor: ['floor autoload netdev-nonesuch', 'floor capability CAP_SYS_MODULE'],
    },
  },
  keys: { acts: [call(248)('s:user', 's:name', 's:value', 5, -2)] },
  // Of root the kernel asks for perfmon, and goes on without.
  perf: { acts: [call(298)(PERF, 0, -1, -1, 0)], uid: 1000 },
  quota: { acts: [call(179)(0x80000100, 0, 0, 0)] },
  syslog: { acts: [call(103)(10, 0, 0)], besides: [capable('syslog')] },
  userfaultfd: { acts: [call(323)(1)] },
};

export async function surfaces(t: Test, checks: Checks): Promise<void> {
  // Debian asks for perfmon of one's own, too, unless it is told not to.
  writeFileSync('/proc/sys/kernel/perf_event_paranoid', '2');
  for (const [name, { acts, besides = [], done = 'ok', errno = 'EPERM', floor, uid }] of Object.entries(USES)) {
    const came = async (rules: readonly RuleText[], rest = {}) => {
      const { results, events } = await checks.confined.run(acts, {
        ...LATER,
        ...(uid === undefined ? {} : { uid }),
        ...rest,
        rules,
      });
      return { last: results.at(-1), events: told(events) };
    };
    const refused = { last: errno, events: [`kernel kernel:${name}`] };
    t.same(await came(besides), refused, `${name}: refused`);
    t.same(await came([...besides, kernel(name)]), { last: done, events: [] }, `${name}: permitted`);
    const wide = await came([...ALL, ...besides], { default: 'permit' });
    t.same(wide, floor === undefined ? { last: done, events: [] } : refused, `${name}: under default: permit`);
    const first = await came([...ALL], { version: 1, default: 'permit' });
    t.same(first, { last: floor === undefined ? done : errno, events: floor ?? [] }, `${name}: under version 1`);
    if (floor !== undefined) {
      const complaining = await came([...ALL, ...besides], { mode: 'complain' });
      t.same(complaining.events.slice(0, 1), refused.events, `${name}: complaining opens it not`);
    }
    const learnt = await came([], { mode: 'learn' });
    t.ok(learnt.events.includes(`kernel kernel:${name}`), `${name}: learned`);
  }
  // 6.1 asks for the capabilities first.
  const rules = [capable('bpf', 'sys_admin')];
  const programs = await checks.confined.run([call(321)(0, 'b:128', 128)], { ...LATER, rules });
  t.same([programs.results, told(programs.events)], [['EPERM'], ['floor bpf']], 'programs of BPF');
  // By another's entry, the same numbers name other calls.
  const old = ['old,74,0,8'];
  t.same(
    told((await checks.confined.run(old, { ...LATER, rules: [capable('sys_admin')] })).events),
    ['kernel kernel:hostname'],
    'by an i386 call',
  );
}

const shmget = (key: number, flags: number): string => call(29)(key, key === 0 ? 4096 : 0, flags);
const msgget = (key: number, flags: number): string => call(68)(key, flags);
const semget = (key: number, flags: number): string => call(64)(key, key === 0 ? 1 : 0, flags);
const KINDS = {
  shm: {
    ...{ get: shmget, remove: call(31)('#1', 0, 0), old: 395 },
    use: [keep(2, call(30)('#1', 0, 0)), call(67)('#2')],
  },
  msg: {
    ...{ get: msgget, remove: call(71)('#1', 0, 0), old: 399 },
    use: [call(69)('#1', 'w:1:0', 8, 0), call(70)('#1', 'b:16', 8, 0, 0)],
  },
  sem: { get: semget, remove: call(66)('#1', 0, 0, 0), old: 393, use: [call(65)('#1', 'x:000001000000', 1)] },
} as const;
const CREAT = 0o1000;
const KEY = 4711;

export async function ipc(t: Test, checks: Checks): Promise<void> {
  const user = { ...LATER, uid: 1000 };
  for (const [name, { get, remove, use, old }] of Object.entries(KINDS)) {
    const event = `ipc ipc:${name}`;
    const rule: RuleText = { permit: 'ipc', ipc: name };
    const own: RuleText = { ...rule, if: { owner: 'self' } };
    const all = [keep(1, get(0, 0o600)), ...use, remove];
    const wide = Object.keys(KINDS).filter((kind) => kind !== name);
    await checks.refused(t, `${name}: refused`, [get(0, 0o600)], [{ permit: 'ipc', ipc: wide }], [event], user);
    await checks.permitted(t, `${name}: permitted`, all, [rule], user);
    await checks.permitted(t, `${name}: one's own`, all, [own], user);
    await checks.permitted(t, `${name}: under version 1`, all, [], { uid: 1000 });
    await checks.refused(t, `${name}: by an i386 call`, [`old,${old},0,4096,384`], [], [event], user);
    await checks.refused(
      t,
      `${name}: by ipc(2)`,
      [`old,117,${{ sem: 2, msg: 13, shm: 23 }[name]},0,4096,384`],
      [],
      [event],
      user,
    );
    // Another's, that all may use, and that is found by its key or by its number.
    const size = name === 'msg' ? [KEY, CREAT | 0o666] : [KEY, name === 'shm' ? 4096 : 1, CREAT | 0o666];
    const made = keep(1, ['call', { shm: 29, msg: 68, sem: 64 }[name], ...size].join(','));
    t.same(await free([made]), ['ok'], `${name}: another's is made`);
    await checks.permitted(t, `${name}: another's`, [keep(1, get(KEY, 0)), ...use], [rule], user);
    const by = await checks.confined.run([keep(1, get(KEY, 0))], { ...user, rules: [own] });
    // ipcget() says so, whatever a hook says.
    t.same(
      { results: by.results, events: told(by.events), denied: by.counts.denied },
      { results: ['EACCES'], events: [event], denied: 1 },
      `${name}: no other's`,
    );
    t.same(await free([keep(1, get(KEY, 0)), remove]), ['ok', 'ok'], `${name}: another's is removed`);
  }
  const learnt = await checks.confined.run([keep(1, shmget(0, 0o600)), KINDS.shm.remove], {
    ...{ version: 2, rules: [], mode: 'learn' },
  });
  t.same(
    { results: learnt.results, events: told(learnt.events).filter((event) => event.startsWith('ipc')) },
    { results: ['ok', 'ok'], events: ['ipc ipc:shm'] },
    'learned',
  );
}
