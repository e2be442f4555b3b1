// SPDX-License-Identifier: GPL-2.0-only
/** File systems mounted and unmounted by programs that really do it. One gate for all checks of this file. */
import t from 'tap';
import { checksOf } from './checks.js';
import { needsLsm } from './machine.js';
import { mounting } from './mounting.js';
import { sharedGate } from './shared.js';

t.setTimeout(900_000);

t.test('mounts', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  const confined = sharedGate();
  await mounting(t, checksOf(confined));
});
