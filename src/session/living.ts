// SPDX-License-Identifier: GPL-2.0-only
/**
 * Whether anybody of a session is left. No walk over the tasks there are can tell: who moves may be where the walk has been.
 * The kernel half counts its subjects where they are born and where they are freed (bpf/life.bpf.c), and two things prove an
 * end: a count of 0; or a walk in which nobody was born, that met as many as are counted, all of them dead. (A zombie, which
 * somebody may hold for ever, is counted but can do nothing any more; a dead one stays dead, and only who lives can fork.)
 */

import type { Gate } from '../kernel/gate.js';
import type { Living, SubjectTask } from '../kernel/records.js';

export interface Look {
  /** Those that were met and lived, one record for each thread. */
  readonly tasks: readonly SubjectTask[];
  /** Nobody is left, and nobody can come. */
  readonly over: boolean;
  /** Counted, and not met: they moved, or are being freed. 0: the tasks are all there were. */
  readonly missed: number;
}

const NOBODY: Living = { living: 0, born: 0 };

/** One look at a session (0: at all of the gate, those included whose session is over). */
export function look(gate: Gate, session: number): Look {
  const before = count(gate, session);
  const met = new Map<bigint, SubjectTask>();
  const tasks: SubjectTask[] = [];
  for (const task of gate.subjects(session)) {
    // An exec by a thread exchanges two tasks' numbers, and the walk meets the dead one under both.
    const known = met.get(task.serial);
    if (known === undefined || (task.dead && !known.dead)) met.set(task.serial, task);
    if (!task.dead) tasks.push(task);
  }
  const after = count(gate, session);
  const still = before.born === after.born && before.living === met.size;
  const living = [...met.values()].some(({ dead }) => !dead);
  return {
    tasks,
    over: after.living === 0 || (still && !living),
    missed: still ? 0 : Math.max(after.living - met.size, after.born - before.born, 0),
  };
}

/**
 * Looks until nobody is missed, so often at most. What remains missed then is told.
 */
export function lookWell(gate: Gate, session: number, most = 20): Look {
  let best = look(gate, session);
  for (let again = 1; again < most && best.missed > 0 && !best.over; again++) {
    const next = look(gate, session);
    if (next.over || next.missed < best.missed) best = next;
  }
  return best;
}

function count(gate: Gate, session: number): Living {
  return session === 0 ? gate.whole() : (gate.life(session) ?? NOBODY);
}
