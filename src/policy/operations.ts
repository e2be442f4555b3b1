// SPDX-License-Identifier: GPL-2.0-only
/**
 * The operations of version 1, in the order of the table in the language reference. The order is part of the meaning:
 * of several operations in one attempt, the errno is that of the first denied one in this order. The position is also
 * the bit of the operation in the kernel half (`enum cg_operation` in bpf/abi/operation.h; a test compares the two).
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
] as const;

export type Operation = (typeof OPERATIONS)[number];

/** Operations on files: their objects are `path` and `kind`. */
export const FILE_OPERATIONS: readonly Operation[] = OPERATIONS.slice(0, 13);

/** Operations on sockets: their objects are `address` and `family`. */
export const SOCKET_OPERATIONS: readonly Operation[] = OPERATIONS.slice(13);

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

const positions = new Map<string, number>(OPERATIONS.map((operation, position) => [operation, position]));

/** The operation's bit number, 0 to 18. */
export function operationBit(operation: Operation): number {
  return positions.get(operation) as number;
}

/** Is this word an operation of version 1? */
export function isOperation(word: string): word is Operation {
  return positions.has(word);
}

/** The operations of a bit mask, in table order. */
export function operationsOf(mask: number): Operation[] {
  return OPERATIONS.filter((_, position) => (mask & (1 << position)) !== 0);
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
