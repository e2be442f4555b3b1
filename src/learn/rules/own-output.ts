// SPDX-License-Identifier: GPL-2.0-only
import type { Bytes } from '../../policy/bytes.js';
import type { Operation } from '../../policy/operations.js';
import type { Move, Observation } from '../observation.js';

const WHY = 'by the rule "own output": the program made it, and will find it there';

/** What is done to a file that is there already: read, written over, replaced, taken away. */
const DONE_NEXT_TIME: readonly Operation[] = ['read', 'write', 'create', 'delete'];

/**
 * Own output: what a program made and left behind it will find there next time, and write over or replace; that this run had
 * nothing to replace says only that it was the first. Of files, written or moved into their place; a folder that is there is not
 * made again, and a device, a socket or a link is what it is. What it took away again is not there next time.
 *
 * @returns observations that nobody made, of the same users; what was seen anyway is not among them
 */
export function ownOutput(observations: readonly Observation[], moves: readonly Move[]): Observation[] {
  const known = new Map<Bytes, Map<Operation, Observation>>();
  const folders = new Set<Bytes>();
  const placed = new Set<Bytes>();
  for (const { to, folder } of moves) if (to.type === 'path') (folder ? folders : placed).add(to.path);
  for (const observation of observations) {
    const { operation, object, folder } = observation;
    if (object.type !== 'path') continue;
    const operations = known.get(object.path) ?? new Map<Operation, Observation>();
    known.set(object.path, operations.set(operation, observation));
    if (folder === true || operation === 'list') folders.add(object.path);
  }
  return observations.flatMap((made): Observation[] => {
    const { object, operation } = made;
    if (operation !== 'create' || object.type !== 'path' || folders.has(object.path)) return [];
    const operations = known.get(object.path) as Map<Operation, Observation>;
    if (!operations.has('write') && !placed.has(object.path)) return [];
    const taken = operations.get('delete');
    if (taken !== undefined && taken.last >= made.last) return [];
    return DONE_NEXT_TIME.filter((one) => !operations.has(one)).map((one) => ({
      ...made,
      ...{ operation: one, count: 0, first: '', last: '', pids: new Set<number>(), moved: [WHY] },
    }));
  });
}
