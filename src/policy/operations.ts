// SPDX-License-Identifier: GPL-2.0-only
import type { Act } from './model.js';

/**
 * The operations, in the order of the table in the language reference: those of version 1, then those that a policy of
 * version 2 governs besides. The order is part of the meaning: of several operations in one attempt, the errno is that of
 * the first denied one in this order. The position is also the number of the operation in the kernel half (`enum cg_operation`
 * in bpf/abi/operation.h; a test compares the two).
 */
export const OPERATIONS = [
  'read',
  'list',
  'write',
  'create',
  'delete',
  'link',
  'mknod',
  'chmod',
  'chown',
  'stat',
  'exec',
  'load',
  'receive',
  'socket',
  'bind',
  'listen',
  'accept',
  'connect',
  'send',
  'chroot',
  'capable',
  'setuid',
  'setgid',
  'signal',
  'limit',
  'priority',
  'ptrace',
  'namespace',
  'kernel',
  'ipc',
  'mount',
  'unmount',
  'attribute',
  'ioctl',
] as const;

export type Operation = (typeof OPERATIONS)[number];

/** Operations on files: their objects are `path` and `kind`. */
export const FILE_OPERATIONS: readonly Operation[] = OPERATIONS.slice(0, 13);

/** Operations on sockets: their objects are `address` and `family`. */
export const SOCKET_OPERATIONS: readonly Operation[] = OPERATIONS.slice(13, 19);

/** Operations of version 2 on paths. */
const PLACE_OPERATIONS: readonly Operation[] = ['chroot'];

/** What a policy of version 1 governs. */
export const FIRST_OPERATIONS: readonly Operation[] = OPERATIONS.slice(0, 19);

/** What only a policy of version 2 governs. Each is an attempt by itself. */
export const LATER_OPERATIONS: readonly Operation[] = OPERATIONS.slice(19);

/** Versions of the language, by the operations that they govern. */
export type Version = 1 | 2;
export const VERSIONS: readonly Version[] = [1, 2];

/** What an operation is about; the operations of one rule are about one thing. */
export type Sort = 'file' | 'socket' | 'place' | 'capability' | 'user' | 'group' | 'namespace' | 'kernel' | 'ipc' | Act;

/** What each sort is called where a mistake is told. */
export const SORT_TEXTS: Readonly<Record<Sort, string>> = {
  file: 'files',
  socket: 'sockets',
  place: 'places',
  capability: 'capabilities',
  user: 'users',
  group: 'groups',
  namespace: 'namespaces',
  kernel: 'the kernel itself',
  ipc: 'System V IPC',
  signal: 'signals to processes',
  limit: 'limits of processes',
  priority: 'priorities of processes',
  ptrace: 'the inside of processes',
  mount: 'places where something is mounted',
  unmount: 'places where something is unmounted',
  attribute: 'attributes of files',
  ioctl: 'requests to files',
};

/** What belongs to nobody: addresses, and what of the kernel is named by a number, but for System V IPC. */
export const OWNERLESS: readonly Sort[] = ['socket', 'capability', 'user', 'group', 'namespace', 'kernel'];

const LATER_SORTS: Readonly<Partial<Record<Operation, Sort>>> = {
  chroot: 'place',
  capable: 'capability',
  setuid: 'user',
  setgid: 'group',
  signal: 'signal',
  limit: 'limit',
  priority: 'priority',
  ptrace: 'ptrace',
  namespace: 'namespace',
  kernel: 'kernel',
  ipc: 'ipc',
  mount: 'mount',
  unmount: 'unmount',
  attribute: 'attribute',
  ioctl: 'ioctl',
};

/** What the operation is about. */
export function sortOf(operation: Operation): Sort {
  return LATER_SORTS[operation] ?? (FILE_OPERATIONS.includes(operation) ? 'file' : 'socket');
}

/** The first version of the language that has the operation. */
export function versionOf(operation: Operation): Version {
  return operation in LATER_SORTS ? 2 : 1;
}

/** Those of them that are about the same sort of thing. */
export function operationsOn(sort: Sort): readonly Operation[] {
  return OPERATIONS.filter((operation) => sortOf(operation) === sort);
}

/**
 * What each operation grants besides itself when it is permitted (never when it is denied or asked):
 * `stat` of the object and of the folders above is granted by a permit of any file operation and is not listed here,
 * because it reaches other objects than the rule's own; decide/ and compile/ each implement it.
 */
export const IMPLIED: Readonly<Partial<Record<Operation, readonly Operation[]>>> = {
  load: ['read'],
  connect: ['socket'],
  bind: ['socket'],
};

/**
 * The capability (by name) without which the kernel does not even begin: permitted, to whom the rule permits, with the
 * operation (fs/open.c: chroot; kernel/sys.c: setuid and its like; kernel/groups.c: setgroups).
 */
export const IMPLIED_CAPABILITY: Readonly<Partial<Record<Operation, string>>> = {
  chroot: 'sys_chroot',
  setuid: 'setuid',
  setgid: 'setgid',
};

const positions = new Map<string, number>(OPERATIONS.map((operation, position) => [operation, position]));

/** Behind those of version 1: what is no path, then paths. */
const bits = new Map(
  OPERATIONS.map((operation, position) => [
    operation,
    position < FIRST_OPERATIONS.length ? position : FIRST_OPERATIONS.length + 1 + PLACE_OPERATIONS.indexOf(operation),
  ]),
);

/** Bits of a mask: all numbers from 0 on. */
export const MASK_BITS = FIRST_OPERATIONS.length + 1 + PLACE_OPERATIONS.length;

/** The operation's place in the order of the table. */
export function operationNumber(operation: Operation): number {
  return positions.get(operation) as number;
}

/**
 * The operation's bit in a mask. Objects of version 2's operations are apart from those of version 1, and what is no path is
 * about one sort of thing, which its pattern begins with: all operations on such things share one bit, for no object has two of them.
 */
export function operationBit(operation: Operation): number {
  return bits.get(operation) as number;
}

/** Is this word an operation? */
export function isOperation(word: string): word is Operation {
  return positions.has(word);
}

/** Those of the operations that are in a bit mask, in their order. */
export function operationsIn(mask: number, operations: readonly Operation[]): Operation[] {
  return operations.filter((operation) => (mask & (1 << operationBit(operation))) !== 0);
}

/** The bit mask of some operations. */
export function operationMask(operations: Iterable<Operation>): number {
  let mask = 0;
  for (const operation of operations) mask |= 1 << operationBit(operation);
  return mask;
}

/** Judged when a thing gets its name, and so not compared where it is moved itself. */
export const NAMING: readonly Operation[] = ['create', 'delete', 'mknod', 'bind', 'socket'];

/** Below a folder that is moved names come along unjudged, so these must be granted alike at both places. */
export const ALIKE: readonly Operation[] = ['create', 'mknod', 'bind'];
