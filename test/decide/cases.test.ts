// SPDX-License-Identifier: GPL-2.0-only
/** The corpus, decided by the reference. */
import t from 'tap';
import { decide } from '../../src/decide/decide.js';
import type { Decision } from '../../src/policy/model.js';
import { OPERATIONS } from '../../src/policy/operations.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { around, type Case, loadCases } from '../cases.js';

const files = loadCases();
const cases = files.flatMap((file) => file.cases);

function ruleOf({ rule }: Decision): Case['rule'] {
  if (rule === null) return 'default';
  return rule.number === 0 ? 'interpreter' : rule.number;
}

let agreed = 0;
for (const { name, file, policyText, cases } of files)
  t.test(name, async (t) => {
    const policy = parsePolicy(policyText, file, around);
    for (const one of cases) {
      const { verdict, errno, deciding } = decide(policy, one.access);
      const same = t.strictSame(
        { verdict, errno, rule: ruleOf(deciding) },
        { verdict: one.verdict, errno: one.errno, rule: one.rule },
        one.where,
      );
      const logged = one.log === undefined || t.equal(deciding.log, one.log, `${one.where} log`);
      const led =
        one.transition === undefined || t.equal(deciding.transition, one.transition, `${one.where} transition`);
      if (same && logged && led) agreed++;
    }
  });

t.test('the corpus leaves no operation out', async (t) => {
  for (const operation of OPERATIONS)
    for (const verdict of ['permit', 'deny'] as const)
      t.ok(
        cases.some((one) => one.verdict === verdict && one.access.operations.includes(operation)),
        `${operation}: ${verdict}`,
      );
  for (const type of ['path', 'kind', 'inet', 'unix', 'abstract', 'unnamed', 'family', 'number', 'target'] as const)
    t.ok(
      cases.some(({ access }) => access.object.type === type),
      type,
    );
});

t.teardown(() => t.comment(`cases: ${cases.length}, reference ${agreed}`));
