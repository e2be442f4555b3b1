// SPDX-License-Identifier: GPL-2.0-only
/** In mounts of its own: what is mounted of the two, before, after `mountMissing`, and when that was taken back. */
import { spawnSync } from 'node:child_process';
import { BPFFS, mountMissing, SECURITYFS, stateOf } from '../../src/host/mounts.js';

const both = [SECURITYFS, BPFFS];
const states = (): string[] => both.map(stateOf);
for (const { folder } of both) while (spawnSync('umount', [folder]).status === 0);
const said: string[] = [];
const told = { before: states(), after: [''], again: [''], idle: [''], said };
const undo = mountMissing((line) => said.push(line));
told.after = states();
// What was there already is nobody's to take off.
mountMissing((line) => said.push(line))();
told.idle = states();
undo();
undo();
told.again = states();
process.stdout.write(JSON.stringify(told));
