// SPDX-License-Identifier: GPL-2.0-only
/** What of the kernel itself version 2 governs: rings of io_uring, all else by name, System V IPC. One gate for all checks of this file. */
import t from 'tap';
import { checksOf } from './checks.js';
import { needsLsm } from './machine.js';
import { believed, rings, served } from './rings.js';
import { sharedGate } from './shared.js';
import { ipc, surfaces } from './surfaces.js';

t.setTimeout(900_000);

t.test('the kernel itself', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  const confined = sharedGate();
  const checks = checksOf(confined);
  for (const part of [rings, served, believed, surfaces, ipc]) await t.test(part.name, (t) => part(t, checks));
});
