// SPDX-License-Identifier: GPL-2.0-only
/** Files by which the kernel is made to act: what is permitted there, and by which rules. */
import { KERNEL_OPERATIONS, KERNEL_PATHS } from '../policy/kernel-acts.js';
import type { AccessObject, Rule } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';
import { pathMatches } from './match.js';

/** Would the operation let the kernel be made to run or load something? */
export function makesKernelAct(operation: Operation, object: AccessObject): boolean {
  return (
    object.type === 'path' &&
    KERNEL_OPERATIONS.includes(operation) &&
    KERNEL_PATHS.some((pattern) => pathMatches(pattern, object.path))
  );
}

/** Does the rule spell this path out, without a glob and without a variable? */
export function namesInFull({ objects }: Rule, object: AccessObject): boolean {
  return objects.some(
    (named) =>
      named.type === 'path' &&
      object.type === 'path' &&
      named.pattern.variable !== true &&
      !named.pattern.self &&
      named.pattern.components.every(({ kind }) => kind === 'literal') &&
      pathMatches(named.pattern, object.path),
  );
}
