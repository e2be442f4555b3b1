/** The policy follows the task: children, threads, and those of theirs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { call, open } from './calls.js';
import { type Checks, permit } from './checks.js';
import { ROOT } from './confined.js';

const DIR = `${ROOT}/tasks`;
const YES = `${DIR}/yes`;
const NO = `${DIR}/no`;
const SETSID = call(112)();

export async function tasks(t: Test, { confined, permitted, refused }: Checks): Promise<void> {
  mkdirSync(DIR);
  writeFileSync(YES, 'yes');
  writeFileSync(NO, 'no');
  const rules = [permit('read', YES)];
  const ways: Record<string, readonly string[]> = {
    'a child': ['fork'],
    'a thread': ['thread'],
    'a thread of a child': ['fork', 'thread'],
    'a child of a thread': ['thread', 'fork'],
    'a daemon': ['fork', SETSID, 'fork'],
    'a thread of a thread': ['thread', 'thread'],
  };
  for (const [name, way] of Object.entries(ways)) {
    await permitted(t, `${name}: permitted`, [...way, open(YES)], rules);
    await refused(t, `${name}: refused`, [...way, open(NO)], rules, [`read ${NO}`]);
  }
  t.equal(confined.gate.subjects(0).length, 0, 'none is left');
}
