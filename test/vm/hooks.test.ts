/** The hooks, by programs under policies: every refusal with the like permitted. One gate for all checks of this file. */
import t from 'tap';
import { checksOf } from './checks.js';
import { Confined } from './confined.js';
import { depth } from './depth.js';
import { execs } from './exec.js';
import { kinds } from './kinds.js';
import { needsLsm } from './machine.js';
import { modes } from './modes.js';
import { mounts } from './mounts.js';
import { names } from './names.js';
import { opens } from './opens.js';
import { sockets } from './sockets.js';
import { tasks } from './tasks.js';

t.setTimeout(900_000);

t.test('hooks', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  const confined = Confined.open();
  t.teardown(() => confined.close());
  const checks = checksOf(confined);
  for (const part of [opens, names, kinds, execs, tasks, sockets, mounts, depth, modes])
    await t.test(part.name, (t) => part(t, checks));
});
