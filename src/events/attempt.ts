// SPDX-License-Identifier: GPL-2.0-only
/** The operations of one attempt as a mask, the way the kernel half has them (bpf/abi/operation.h). */
import { NUMBERS } from '../abi/abi.gen.js';
import {
  FIRST_OPERATIONS,
  OPERATIONS,
  type Operation,
  operationMask,
  operationNumber,
  operationsIn,
  versionOf,
} from '../policy/operations.js';

const { LATER_BIT, LATER_SHIFT, OPERATION_MOST } = NUMBERS;

/**
 * Bits of version 1's operations, or one operation of version 2 alone. Throws RangeError where one of version 2 is not
 * alone: no attempt is.
 */
export function attemptMask(operations: readonly Operation[]): number {
  const later = operations.find((operation) => versionOf(operation) > 1);
  if (later === undefined) return operationMask(operations);
  if (operations.length !== 1) throw new RangeError(`${later} is an attempt by itself`);
  return 2 ** LATER_BIT + operationNumber(later) * 2 ** LATER_SHIFT;
}

/** The operations of such a mask, in their order; bits that no operation has are passed over. */
export function attempted(mask: number): Operation[] {
  if ((mask & (1 << LATER_BIT)) === 0) return operationsIn(mask, FIRST_OPERATIONS);
  const operation = OPERATIONS[(mask >>> LATER_SHIFT) & (OPERATION_MOST - 1)];
  return operation === undefined || versionOf(operation) === 1 ? [] : [operation];
}
