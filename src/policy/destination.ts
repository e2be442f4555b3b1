// SPDX-License-Identifier: GPL-2.0-only
/**
 * What the kernel takes an address for that is no destination: 0.0.0.0 and ::, as the address of a connect or a send, are
 * this machine's loopback (ip(7), ipv6(7); the kernel half judges what they become).
 */
import type { Bytes } from './bytes.js';
import { ipv4Bytes } from './ip.js';
import type { AccessObject } from './model.js';
import type { Operation } from './operations.js';

const OUTWARD: readonly Operation[] = ['connect', 'send'];
const TAKEN_FOR: readonly (readonly [Bytes, Bytes])[] = [
  [ipv4Bytes(0, 0, 0, 0), ipv4Bytes(127, 0, 0, 1)],
  // :: and ::1
  ['\0'.repeat(16) as Bytes, `${'\0'.repeat(15)}\x01` as Bytes],
];

/** Are these operations, all of them, about an address that something goes to? */
export function goesOut(operations: readonly Operation[]): boolean {
  return operations.length > 0 && operations.every((operation) => OUTWARD.includes(operation));
}

/** The address that the kernel takes this one for as a destination; null: for itself. */
export function loopbackFor(address: Bytes): Bytes | null {
  return TAKEN_FOR.find(([from]) => from === address)?.[1] ?? null;
}

/** The object that is judged where these operations are attempted on one: another where it is no destination. */
export function destinationOf(object: AccessObject, operations: readonly Operation[]): AccessObject {
  if (object.type !== 'inet' || !goesOut(operations)) return object;
  const address = loopbackFor(object.address);
  return address === null ? object : { ...object, address };
}
