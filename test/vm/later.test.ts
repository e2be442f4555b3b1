// SPDX-License-Identifier: GPL-2.0-only
/** What version 2 of the language governs besides version 1, by programs that really do it. One gate for all checks of this file. */
import t from 'tap';
import { checksOf } from './checks.js';
import { Confined } from './confined.js';
import { capable, ids, roots } from './credentials.js';
import { needsLsm } from './machine.js';
import { namespaces } from './namespaces.js';
import { inside, limits, owners, priorities } from './others.js';
import { signals } from './signals.js';

t.setTimeout(900_000);

t.test('version 2', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  const confined = Confined.open();
  t.teardown(() => confined.close());
  const checks = checksOf(confined);
  for (const part of [roots, capable, ids, signals, limits, priorities, owners, inside, namespaces])
    await t.test(part.name, (t) => part(t, checks));
});
