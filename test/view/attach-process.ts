// SPDX-License-Identifier: GPL-2.0-only
/** attach-process FOLDER: the view of the session there, its clock standing still. Run in a terminal by terminal.test.ts. */
import { ask, attend } from '../../src/control/client.js';
import { view } from '../../src/view/view.js';
import { NOW } from './build.js';

const folder = process.argv[2] as string;
const door = {
  attend: (hear: Parameters<typeof attend>[2]) => attend(folder, {}, hear),
  weigh: (request: Parameters<typeof ask<'weigh'>>[1]) => ask(folder, request, 5000),
};
// A crash in the middle of it, to see what it leaves.
process.on('SIGUSR2', () => {
  throw new Error('crashed');
});
const { how, text } = await view(door, { clock: () => NOW, settle: 0 });
console.log(`${how}: ${text}`);
