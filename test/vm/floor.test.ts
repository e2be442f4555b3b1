// SPDX-License-Identifier: GPL-2.0-only
/** The floor, by programs under policies that permit everything. */
import t from 'tap';
import { capabilities } from './capabilities.js';
import { checksOf } from './checks.js';
import { files } from './files.js';
import { floor } from './floor.js';
import { needsLsm } from './machine.js';
import { sharedGate } from './shared.js';
import { supervisor } from './supervisor.js';
import { terminal } from './terminal.js';

t.setTimeout(900_000);

t.test('floor', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  const confined = sharedGate();
  const checks = checksOf(confined);
  for (const part of [floor, capabilities, supervisor, files, terminal])
    await t.test(part.name, (t) => part(t, checks));
});
