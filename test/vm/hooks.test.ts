// SPDX-License-Identifier: GPL-2.0-only
/** The hooks, by programs under policies: every refusal with the like permitted. */
import t from 'tap';
import { checksOf } from './checks.js';
import { crossing } from './crossing.js';
import { depth } from './depth.js';
import { destinations } from './destinations.js';
import { doors } from './doors.js';
import { execs } from './exec.js';
import { kinds } from './kinds.js';
import { needsLsm } from './machine.js';
import { modes } from './modes.js';
import { mounts } from './mounts.js';
import { moves } from './moves.js';
import { names } from './names.js';
import { opens } from './opens.js';
import { present } from './present.js';
import { refusal } from './refusal.js';
import { scripts } from './scripts.js';
import { sharedGate } from './shared.js';
import { sockets } from './sockets.js';
import { tasks } from './tasks.js';

t.setTimeout(900_000);

const only = process.env.ONLY?.split(',');

t.test('hooks', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  const confined = sharedGate();
  const checks = checksOf(confined);
  const parts = [
    present,
    refusal,
    opens,
    names,
    moves,
    kinds,
    doors,
    execs,
    crossing,
    scripts,
    tasks,
    sockets,
    destinations,
    mounts,
    depth,
    modes,
  ];
  for (const part of parts.filter(({ name }) => only?.includes(name) ?? true))
    await t.test(part.name, (t) => part(t, checks));
});
