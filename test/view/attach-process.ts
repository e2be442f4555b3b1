// SPDX-License-Identifier: GPL-2.0-only
/** attach-process FOLDER: the view of the session there, its clock standing still. Run in a terminal by terminal.test.ts. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attach } from '../../src/attach/attached.js';
import { view } from '../../src/view/view.js';
import { NOW } from './build.js';

const folder = process.argv[2] as string;
// For a test that sends signals.
writeFileSync(join(folder, 'attached'), String(process.pid));
// A crash in the middle of it, to see what it leaves.
process.on('SIGUSR2', () => {
  throw new Error('crashed');
});
const { how, text } = await view(await attach(folder, {}), { clock: () => NOW, settle: 0 });
console.log(`${how}: ${text}`);
