// SPDX-License-Identifier: GPL-2.0-only
/**
 * Objects of version 2 that the kernel knows by a number: capabilities, kinds of namespaces and of System V IPC, and what there is of the
 * kernel itself, by their names; users and groups by their ids.
 */
import { Fault, quoted } from './errors.js';
import { type AccessObject, NUMBER_TABLES, type NumberPattern, type NumberTable, type ObjectPattern } from './model.js';
import { type Operation, OWNERLESS, type Sort, sortOf } from './operations.js';
import { nearest } from './suggest.js';

/** By number (include/uapi/linux/capability.h; none was added since 5.9), in small letters without CAP_. */
export const CAPABILITIES: readonly string[] = [
  ...['chown', 'dac_override', 'dac_read_search', 'fowner', 'fsetid', 'kill', 'setgid', 'setuid', 'setpcap'],
  ...['linux_immutable', 'net_bind_service', 'net_broadcast', 'net_admin', 'net_raw', 'ipc_lock', 'ipc_owner'],
  ...['sys_module', 'sys_rawio', 'sys_chroot', 'sys_ptrace', 'sys_pacct', 'sys_admin', 'sys_boot', 'sys_nice'],
  ...['sys_resource', 'sys_time', 'sys_tty_config', 'mknod', 'lease', 'audit_write', 'audit_control', 'setfcap'],
  ...['mac_override', 'mac_admin', 'syslog', 'wake_alarm', 'block_suspend', 'audit_read', 'perfmon', 'bpf'],
  'checkpoint_restore',
];

/** Those that rule the machine: the floor, so that no default opens them (bpf/capable.bpf.c). */
export const RULING: readonly string[] = [
  ...['sys_module', 'sys_rawio', 'sys_pacct', 'sys_admin', 'sys_boot', 'perfmon', 'bpf'],
];

/**
 * Those that no policy permits, for nothing would hold a program that has one: with it goes code of its own in the kernel
 * (ports and memory of the machine: iopl(2), /dev/mem). What these would load or run is refused by hooks of their own.
 */
const NEVER: readonly string[] = ['sys_rawio'];

/** Kinds of namespaces, in the order of enum cg_namespace (bpf/abi/object.h). */
export const NAMESPACES: readonly string[] = ['mount', 'uts', 'ipc', 'user', 'pid', 'net', 'cgroup', 'time'];

/**
 * What of the kernel itself a program may use, in the order of enum cg_surface (bpf/abi/object.h): first what no default opens, then
 * what version 1 lets through.
 */
export const SURFACES: readonly string[] = [
  ...['io_uring', 'sqpoll', 'uring_cmd', 'autoload', 'console', 'hostname', 'swap'],
  ...['keys', 'perf', 'quota', 'syslog', 'userfaultfd'],
];
/** How many of them no default opens. */
const SURFACES_CLOSED = SURFACES.indexOf('keys');
/** Those of them. */
export const CLOSED_SURFACES: readonly string[] = SURFACES.slice(0, SURFACES_CLOSED);

/** System V IPC, in the order of enum cg_ipc (bpf/abi/object.h). */
export const IPC_KINDS: readonly string[] = ['shm', 'msg', 'sem'];

/** Tables whose numbers have names. */
const NAMES: Readonly<Partial<Record<NumberTable, readonly string[]>>> = {
  capability: CAPABILITIES,
  namespace: NAMESPACES,
  kernel: SURFACES,
  ipc: IPC_KINDS,
};

/** What operations on numbers of a table are about. */
export const SORT_OF_TABLE: Readonly<Record<NumberTable, Sort>> = {
  capability: 'capability',
  uid: 'user',
  gid: 'group',
  namespace: 'namespace',
  kernel: 'kernel',
  ipc: 'ipc',
};

/** The largest number of each. */
const LAST: Readonly<Record<NumberTable, number>> = {
  capability: CAPABILITIES.length - 1,
  uid: 0xfffffffe,
  gid: 0xfffffffe,
  namespace: NAMESPACES.length - 1,
  kernel: SURFACES.length - 1,
  ipc: IPC_KINDS.length - 1,
};

/**
 * Reads a capability's name.
 *
 * @param permitted it stands in a rule that permits
 * @throws Fault
 */
export function parseCapability(name: string, permitted: boolean): NumberPattern {
  const number = CAPABILITIES.indexOf(name);
  if (number < 0) {
    const bare = name.toLowerCase().replace(/^cap_/, '');
    const hint = CAPABILITIES.includes(bare) ? bare : nearest(bare, CAPABILITIES);
    throw new Fault('unknown-capability', { name: quoted(name), hint });
  }
  if (permitted && NEVER.includes(name)) throw new Fault('capability-never', { name });
  return numberPattern('capability', number, number);
}

/**
 * Reads the name of a kind of namespaces.
 *
 * @throws Fault
 */
export function parseNamespace(name: string): NumberPattern {
  const number = NAMESPACES.indexOf(name);
  if (number < 0) {
    const bare = name
      .toLowerCase()
      .replace(/^(clone_)?new/, '')
      .replace(/^(ns|mnt)$/, 'mount');
    const hint = NAMESPACES.includes(bare) ? bare : nearest(bare, NAMESPACES);
    throw new Fault('unknown-namespace', { name: quoted(name), hint });
  }
  return numberPattern('namespace', number, number);
}

/** What people write for a name of the kernel's surface that is another. */
const SURFACE_TWINS: Readonly<Record<string, string>> = {
  ...{ uring: 'io_uring', iouring: 'io_uring', io_uring_setup: 'io_uring', keyring: 'keys', keyctl: 'keys' },
  ...{
    modprobe: 'autoload',
    dmesg: 'syslog',
    log: 'syslog',
    kmsg: 'syslog',
    perf_event_open: 'perf',
    quotactl: 'quota',
  },
  ...{ swapon: 'swap', swapoff: 'swap', sethostname: 'hostname', setdomainname: 'hostname', domainname: 'hostname' },
};

/** What the kernel has besides, which has no name here: the message says where it stands. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  ...{ bpf: 'never', module: 'never', kexec: 'never', firmware: 'never' },
  ...{ clock: 'sys_time', time: 'sys_time', reboot: 'sys_boot', acct: 'sys_pacct', audit: 'audit_control' },
};

/**
 * Reads the name of something of the kernel itself.
 *
 * @throws Fault
 */
export function parseSurface(name: string): NumberPattern {
  const number = SURFACES.indexOf(name);
  if (number >= 0) return numberPattern('kernel', number, number);
  const bare = name.toLowerCase();
  const elsewhere = ELSEWHERE[bare];
  if (elsewhere === 'never') throw new Fault('kernel-never', { name: bare });
  if (elsewhere !== undefined) throw new Fault('kernel-capability', { name: bare, capability: elsewhere });
  throw new Fault('unknown-kernel', { name: quoted(name), hint: SURFACE_TWINS[bare] ?? nearest(bare, SURFACES) });
}

/**
 * Reads the name of a kind of System V IPC.
 *
 * @throws Fault
 */
export function parseIpc(name: string): NumberPattern {
  const number = IPC_KINDS.indexOf(name);
  if (number >= 0) return numberPattern('ipc', number, number);
  const bare = name.toLowerCase().slice(0, 3);
  throw new Fault('unknown-ipc', {
    name: quoted(name),
    hint: IPC_KINDS.includes(bare) ? bare : nearest(name.toLowerCase(), IPC_KINDS),
  });
}

/** A pattern of the numbers `first` to `last`. */
export function numberPattern(table: NumberTable, first: number, last: number): NumberPattern {
  return { type: 'number', table, first, last };
}

/** What stands behind the pattern's key in a policy. */
export function numberText({ table, first, last }: Pick<NumberPattern, 'table' | 'first' | 'last'>): string {
  const names = NAMES[table];
  if (names !== undefined) return names[first] ?? String(first);
  return first === last ? String(first) : `${first}-${last}`;
}

/** The number as an object: `capability:net_raw`, `uid:1000`. */
export function numberObjectText({ table, value }: Extract<AccessObject, { type: 'number' }>): string {
  return `${table}:${numberText({ table, first: value, last: value })}`;
}

/** Reads it back; undefined where it is none. */
export function readNumberObject(word: string): Extract<AccessObject, { type: 'number' }> | undefined {
  const [, key, name = ''] = /^([a-z]+):([a-z0-9_]+)$/.exec(word) ?? [];
  const table = NUMBER_TABLES.find((one) => one === key);
  if (table === undefined) return undefined;
  const named = NAMES[table]?.indexOf(name) ?? -1;
  const value = named >= 0 ? named : /^(0|[1-9]\d{0,9})$/.test(name) ? Number(name) : Number.NaN;
  if (!(value <= (table === 'capability' ? 0xff : LAST[table]))) return undefined;
  return { type: 'number', table, value };
}

/** Does the kernel have such a number? */
export function isNumberOf(table: NumberTable, value: number): boolean {
  return value <= LAST[table];
}

/** Is it what no policy permits? */
export function isNever(operation: Operation, object: AccessObject): boolean {
  return (
    operation === 'capable' &&
    object.type === 'number' &&
    object.table === 'capability' &&
    NEVER.includes(CAPABILITIES[object.value] ?? '')
  );
}

/** Is it the floor: what no default opens, only a rule that names it? */
export function isFloor(operation: Operation, object: AccessObject): boolean {
  if (['chroot', 'ptrace', 'namespace', 'mount', 'unmount'].includes(operation)) return true;
  if (operation === 'kernel')
    return object.type !== 'number' || object.table !== 'kernel' || object.value < SURFACES_CLOSED;
  return (
    operation === 'capable' &&
    (object.type !== 'number' || object.table !== 'capability' || RULING.includes(CAPABILITIES[object.value] ?? ''))
  );
}

/** Can an operation be attempted on such an object at all? */
export function isAbout(operation: Operation, object: AccessObject): boolean {
  return isOfSort(object, sortOf(operation));
}

/** Do such objects, or patterns of them, go with operations about this sort of thing? */
export function isOfSort(object: AccessObject | ObjectPattern, sort: Sort): boolean {
  switch (object.type) {
    case 'path':
    case 'kind':
      return sort === 'file' || sort === 'place';
    case 'target':
      return sort === object.act;
    case 'number':
      return sort === SORT_OF_TABLE[object.table];
    case 'inet':
    case 'unix':
    case 'abstract':
    case 'unnamed':
    case 'family':
      return sort === 'socket';
  }
}

/** May it have an owner? */
export function hasOwner(object: AccessObject): boolean {
  return !OWNERLESS.some((sort) => isOfSort(object, sort));
}

/** What objects of the operation look like, for whoever wrote another. */
export function objectExample(operation: Operation): string {
  return {
    file: 'an absolute path, or a kind such as memfd',
    place: 'an absolute path',
    socket:
      'an address, or family, kind and protocol: tcp:192.0.2.1:80, unix:/path, unix:@name, unix:, netlink:raw:route',
    capability: 'a capability: capability:net_raw',
    user: 'a user: uid:1000',
    group: 'a group: gid:1000',
    namespace: 'a kind of namespaces: namespace:net',
    kernel: 'something of the kernel itself: kernel:io_uring',
    ipc: 'a kind of System V IPC: ipc:shm',
    signal: 'a signal and who gets it: signal:TERM:child, signal:HUP:/usr/sbin/nginx',
    limit: 'a limit and whose it is: limit:nofile:child, limit:cpu:/usr/sbin/nginx',
    priority: 'a priority and whose it is: priority:nice:child, priority:io:/usr/sbin/nginx',
    ptrace: 'how far it goes and into whom: ptrace:read:child, ptrace:attach:/usr/sbin/nginx',
    mount: 'what is mounted, and where: mount:tmpfs:/mnt/x',
    unmount: 'what is unmounted, and where: unmount:tmpfs:/mnt/x, unmount:other:/mnt/y',
    attribute: 'an attribute and whose it is: attribute:times:/srv/file, attribute:user:tmpfile',
    ioctl: 'a request and what it is made to: ioctl:TCSETSW:/dev/tty, ioctl:0x8912:socket',
  }[sortOf(operation)];
}
