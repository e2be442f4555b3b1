// SPDX-License-Identifier: GPL-2.0-only
/** A suggested statement, put where it says, is a policy that answers otherwise: over the whole corpus, as text. */
import t from 'tap';
import { decide } from '../../src/decide/decide.js';
import { explain } from '../../src/decide/explain.js';
import { formatPolicy } from '../../src/policy/format.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { writeStatement } from '../../src/policy/statement.js';
import { around, loadCases } from '../cases.js';

let flipped = 0;

for (const { name, file, policyText, cases } of loadCases())
  t.test(name, async (t) => {
    const policy = parsePolicy(policyText, file, around);
    for (const { access, where } of cases) {
      const { change, verdict } = explain(policy, access);
      if (change === null) continue;
      const lines = policyText.trimEnd().split('\n');
      const statement = writeStatement(change.statement).trimEnd();
      if (change.position.at === 'end') lines.push(statement);
      else lines.splice(change.position.place.line - 1, 0, statement);
      const mended = parsePolicy(`${lines.join('\n')}\n`, file, around);
      const after = decide(mended, access);
      t.equal(after.verdict, verdict === 'permit' ? 'deny' : 'permit', `${where}: ${statement}`);
      if (after.verdict !== verdict) flipped++;
    }
  });

t.test('formatting keeps the meaning, and is done once', async (t) => {
  for (const { name, file, policyText, cases } of loadCases()) {
    const formatted = formatPolicy(policyText);
    const policy = parsePolicy(formatted, file, around);
    const before = parsePolicy(policyText, file, around);
    for (const { access, where } of cases)
      t.equal(decide(policy, access).verdict, decide(before, access).verdict, `${where} formatted`);
    t.equal(formatPolicy(formatted), formatted, `${name} is formatted once`);
  }
});

t.teardown(() => t.comment(`flipped: ${flipped}`));
