// SPDX-License-Identifier: GPL-2.0-only
/** Attempts at what the kernel knows by a number: capabilities, ids, namespaces, what there is of the kernel itself, System V IPC. */
import { writeFileSync } from 'node:fs';
import type { Access } from '../../src/policy/model.js';
import { type Impossible, SCRATCH } from './attempts.js';
import { call, chroot, keep, O, open, setgid, setuid, socket, unshare } from './calls.js';
import type { Acts, Ground, LaterAttempt } from './later-attempts.js';
import { FLAGS } from './namespaces.js';
import { done } from './own-root.js';
import { PERF } from './surfaces.js';

/** What no rule of the corpus is about. */
const ELSE = { uid: 2, gid: 200, nobody: 1234 } as const;
const [TCP, TCP_CONGESTION] = [6, 13] as const;
const CREAT = 0o1000;
const KEY = 4711;

const simply =
  (act: string, before: readonly string[] = []) =>
  (): Acts => ({ before, act });
/** include/uapi/linux/capability.h, read by hand. */
const IMPLIED = { setgid: 6, setuid: 7, sys_chroot: 18 } as const;

/** The capability without which the kernel does not begin. */
export const asksFor = (name: keyof typeof IMPLIED): NonNullable<LaterAttempt['asks']> => [
  { operations: ['capable'], object: { type: 'number', table: 'capability', value: IMPLIED[name] } },
];

/** A call for which the kernel asks for the capability, and for nothing else that is not permitted besides. It is told no errno. */
export function capable({ tree }: Ground, name: string): LaterAttempt | Impossible {
  const EPERM = { refused: 'EPERM', floor: `capability CAP_${name.replace(/^.*:/, '').toUpperCase()}` } as const;
  const ports = (first: number): void => writeFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', String(first));
  switch (name) {
    case 'capability:chown':
      return {
        begin: () => {
          // Of a file fsetid is asked, too.
          tree.folder(`${SCRATCH}/owned`);
          return simply(call(92)(`s:${SCRATCH}/owned`, 7, -1))();
        },
        besides: [{ permit: 'chown', path: `/${SCRATCH}/*` }],
        ...EPERM,
      };
    case 'capability:net_bind_service':
      return {
        begin: () => {
          ports(1024);
          return { before: [keep(1, socket(2, 1))], act: 'bind,#1,in,127.0.0.1,7', end: () => ports(0) };
        },
        besides: [{ permit: 'bind', address: 'tcp:*' }],
        refused: 'EACCES',
      };
    case 'capability:net_raw':
      return { begin: simply(socket(2, 3, 253)), besides: [{ permit: 'socket', family: 'inet' }], ...EPERM };
    case 'capability:setuid':
      return { begin: simply(setuid(ELSE.uid)), besides: [{ permit: 'setuid', uid: ELSE.uid }], ...EPERM };
    case 'capability:setgid':
      return { begin: simply(setgid(ELSE.gid)), besides: [{ permit: 'setgid', gid: ELSE.gid }], ...EPERM };
    case 'capability:sys_chroot':
      return {
        begin: () => {
          tree.folder(`${SCRATCH}/jail`);
          return simply(call(161)(`s:${SCRATCH}/jail`))();
        },
        besides: [{ permit: 'chroot', path: `/${SCRATCH}/*` }],
        ...EPERM,
      };
    case 'capability:sys_admin':
      return { begin: simply(call(300)(0, 0)), ...EPERM }; // fanotify_init
    case 'capability:sys_rawio':
      return { begin: simply(call(172)(3)), ...EPERM }; // iopl
    case 'capability:sys_pacct':
      return { begin: simply(call(163)(0)), ...EPERM }; // acct: off, as it is
    case 'capability:sys_boot':
      return { begin: simply(call(169)(0, 0, 0, 0)), ...EPERM }; // reboot, without its magic
    case 'capability:bpf':
      return { reason: 'what asks for the capability bpf is the floor’s' };
    default:
      return { reason: `no call is known that asks for ${name}` };
  }
}

/** An id that is taken. Who has it already takes it anew as the effective one, for which the kernel asks for no capability. */
export function id(table: 'uid' | 'gid', value: number, { uid, gid }: Access): LaterAttempt {
  const user = table === 'uid';
  // 0 is the saved one of the user.
  if (user ? value === 0 || value === uid : value === gid) {
    const as = user ? { uid: ELSE.nobody } : { uid: ELSE.nobody, gid: ELSE.nobody };
    return { begin: simply(call(user ? 117 : 119)(-1, value, -1)), as };
  }
  return { begin: simply((user ? setuid : setgid)(value)), asks: asksFor(user ? 'setuid' : 'setgid') };
}

const FLAG_OF: ReadonlyMap<string, number> = new Map(
  Object.entries(FLAGS).map(([kind, flag]) => [`namespace:${kind}`, flag]),
);

export function namespace(name: string): LaterAttempt | Impossible {
  const flag = FLAG_OF.get(name);
  if (flag === undefined) return { reason: `no flag is known for ${name}` };
  // Its root is the old one; nobody whose root is not the namespace's makes a user namespace (kernel/user_namespace.c).
  if (name === 'namespace:user') return { begin: simply(unshare(flag), [chroot('.')]), floor: 'namespace' };
  // The others have no hook of their own; of a capability the kernel takes no errno.
  return { begin: simply(unshare(flag)), refused: 'EPERM', floor: 'capability CAP_SYS_ADMIN' };
}

const ADMIN = { refused: 'EPERM', floor: 'capability CAP_SYS_ADMIN' } as const;
const SURFACES: Readonly<Record<string, LaterAttempt>> = {
  'kernel:io_uring': { begin: simply(call(425)(8, 'b:120')), floor: 'io_uring' },
  // IORING_SETUP_SQPOLL
  'kernel:sqpoll': { begin: simply(call(425)(8, 'w:0:2:0:0:0:0:0:0:0:0:0:0:0:0:0')) },
  'kernel:uring_cmd': {
    begin: simply('command,#1', [keep(1, open('.old/dev/null', O.RDWR)), 'ring']),
    idsFirst: true,
  },
  'kernel:autoload': {
    begin: simply(call(54)('#1', TCP, TCP_CONGESTION, 's:nonesuch', 8), [keep(1, socket(2, 1))]),
    refused: 'ENOENT',
  },
  'kernel:console': { begin: simply(call(103)(7, 0, 0)) },
  'kernel:hostname': { begin: simply(call(170)('s:callgate', 8)), ...ADMIN },
  'kernel:swap': { begin: simply(call(167)('s:nonesuch', 0)), ...ADMIN },
  'kernel:keys': { begin: simply(call(248)('s:user', 's:name', 's:value', 5, -2)) },
  'kernel:syslog': { begin: simply(call(103)(10, 0, 0)) },
  // Of who has it the kernel asks for the capability perfmon.
  'kernel:perf': {
    begin: () => {
      writeFileSync('/proc/sys/kernel/perf_event_paranoid', '2');
      return simply(call(298)(PERF, 0, -1, -1, 0))();
    },
    as: { uid: ELSE.nobody },
  },
  'kernel:quota': { begin: simply(call(179)(0x80000100, 0, 0, 0)) },
  'kernel:userfaultfd': { begin: simply(call(323)(1)) },
};

export function kernel(name: string): LaterAttempt | Impossible {
  return SURFACES[name] ?? { reason: `nothing is known that uses ${name}` };
}

const IPC: Readonly<Record<string, { readonly get: (key: number, flags: number) => string; readonly remove: string }>> =
  {
    'ipc:shm': { get: (key, flags) => call(29)(key, 4096, flags), remove: call(31)('#1', 0, 0) },
    'ipc:msg': { get: (key, flags) => call(68)(key, flags), remove: call(71)('#1', 0, 0) },
    'ipc:sem': { get: (key, flags) => call(64)(key, 1, flags), remove: call(66)('#1', 0, 0, 0) },
  };

/** One's own is made, another's is found by its key. */
export function ipc(name: string, uid: number, owner: number): LaterAttempt | Impossible {
  const kind = IPC[name];
  if (kind === undefined) return { reason: `no call is known that makes ${name}` };
  const { get, remove } = kind;
  if (owner === uid) return { begin: simply(get(0, 0o600)), as: { uid } };
  return {
    begin: () => {
      done([setuid(owner), get(KEY, CREAT | 0o666)]);
      return { before: [], act: get(KEY, 0), end: () => done([keep(1, get(KEY, 0)), remove]) };
    },
    // Of one that is there the kernel says so, whatever a hook says (ipc/util.c: ipc_check_perms).
    refused: 'EACCES',
    as: { uid },
  };
}
