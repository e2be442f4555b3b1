// SPDX-License-Identifier: GPL-2.0-only
/** The policy follows the task: children, threads, and those of theirs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';
import { writeNumber } from '../../src/abi/struct.js';
import { addon } from '../../src/kernel/addon.js';
import { encodeArmedSubject, u32 } from '../../src/kernel/records.js';
import { call, open } from './calls.js';
import { type Checks, permit } from './checks.js';
import { ACT, type Confined, ROOT, SESSION } from './confined.js';

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
  await armed(t, confined);
  t.equal(confined.gate.subjects(0).length, 0, 'none is left');
}

/** Between its mark and its exec a launched process may do that exec, of that file, and nothing else. */
async function armed(t: Test, confined: Confined): Promise<void> {
  const native = addon();
  for (const wrong of [true, false]) {
    confined.swap({ rules: [] });
    const child = native.hold({ file: ACT, argv: ['act'], env: [], cwd: '/', stdio: [0, 1, 2], detached: false });
    native.mark(
      confined.gate.native,
      child.pidfd,
      encodeArmedSubject(1, SESSION, confined.cookie, child.device, child.inode),
    );
    // The mark says which file the kernel knows the launcher's by; here it is said to be another.
    const subject = confined.gate.native.lookup('subjects', u32(child.pidfd)) as Buffer;
    writeNumber(subject, 'subject', 'armed_inode', child.inode + 1n);
    if (wrong) confined.gate.native.update('subjects', u32(child.pidfd), subject);
    const ended = child.wait();
    if (!wrong) await child.release();
    else await t.rejects(child.release(), { code: 'EPERM' }, 'a launch of another file than the one named is refused');
    const { code } = await ended;
    t.equal(code === 0, !wrong, 'and of the one named it is not');
  }
}
