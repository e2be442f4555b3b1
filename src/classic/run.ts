// SPDX-License-Identifier: GPL-2.0-only
/** Which part of systrace does what was asked for. */
import type { Ended } from '../supervise/foreground.js';
import { enforce } from './enforce.js';
import { interactive } from './interactive.js';
import { learn } from './learn.js';
import type { Called } from './setting.js';

/**
 * Does the work of one command line.
 *
 * @returns how the program ended, as far as that is known here
 * @throws Failure before anything is started
 */
export async function runClassic(called: Called): Promise<Ended> {
  const { automatic, learn: learns } = called.flags;
  if (automatic) return enforce(called);
  if (learns) return learn(called);
  return interactive(called);
}
