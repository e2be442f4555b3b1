/** The hooks, by programs under policies: every refusal with the like permitted. One gate for all checks of this file. */
import t from 'tap';
import { checksOf } from './checks.js';
import { Confined } from './confined.js';
import { needsLsm } from './machine.js';
import { opens } from './opens.js';

t.setTimeout(300_000);

t.test('hooks', { skip: needsLsm(), timeout: 300_000 }, async (t) => {
  const confined = Confined.open();
  t.teardown(() => confined.close());
  const checks = checksOf(confined);
  await t.test('opens', (t) => opens(t, checks));
});
