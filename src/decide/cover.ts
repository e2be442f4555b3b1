// SPDX-License-Identifier: GPL-2.0-only
/** What a rule covers: the operations it lists on the objects it names, and what a permit of those implies. */
import type { AccessObject, ObjectPattern, Rule } from '../policy/model.js';
import { CAPABILITIES, isOfSort } from '../policy/numbers.js';
import { FILE_OPERATIONS, IMPLIED, IMPLIED_CAPABILITY, type Operation, sortOf } from '../policy/operations.js';
import { objectMatches, pathLeadsTo, pathMatches, socketMatches } from './match.js';

/** `listed`: the rule says so itself. `implied`: a permit brings it along. */
export type Cover = 'listed' | 'implied';

/**
 * Does the rule cover this operation on this object, its conditions aside? Null: no.
 *
 * Only permits imply: `stat` of what a path pattern of any file operation matches and of every folder above such a
 * match, `read` of what may be loaded, the `socket` that connect and bind need, and the capability without which the kernel
 * refuses before anything of the operation is asked.
 */
export function covers(rule: Rule, operation: Operation, object: AccessObject): Cover | null {
  if (rule.operations.includes(operation) && rule.objects.some((pattern) => names(pattern, operation, object)))
    return 'listed';
  if (rule.verdict === 'permit' && rule.objects.some((pattern) => implies(rule, pattern, operation, object)))
    return 'implied';
  return null;
}

/** Does the pattern name this object for this operation? A `unix:` path is no file, and a file is no address. */
export function names(pattern: ObjectPattern, operation: Operation, object: AccessObject): boolean {
  if (operation === 'socket') return socketMatches(pattern, object);
  return isOfSort(pattern, sortOf(operation)) && objectMatches(pattern, object);
}

function implies(rule: Rule, pattern: ObjectPattern, operation: Operation, object: AccessObject): boolean {
  if (operation === 'stat' && pattern.type === 'path' && object.type === 'path')
    return (
      rule.operations.some((listed) => FILE_OPERATIONS.includes(listed)) &&
      (pathMatches(pattern.pattern, object.path) || pathLeadsTo(pattern.pattern, object.path))
    );
  if (operation === 'capable') {
    if (object.type !== 'number' || object.table !== 'capability') return false;
    const name = CAPABILITIES[object.value];
    return name !== undefined && rule.operations.some((listed) => IMPLIED_CAPABILITY[listed] === name);
  }
  return (
    rule.operations.some((listed) => IMPLIED[listed]?.includes(operation) === true) && names(pattern, operation, object)
  );
}
