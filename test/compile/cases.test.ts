// SPDX-License-Identifier: GPL-2.0-only
/** The corpus, decided by the bytes of images. */
import t from 'tap';
import { compilePolicy } from '../../src/compile/compile.js';
import { walkImage } from '../../src/compile/walk.js';
import { errnoName } from '../../src/policy/errno.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { around, type Case, loadCases } from '../cases.js';

const files = loadCases();
let agreed = 0;

for (const { name, file, policyText, cases } of files)
  t.test(name, async (t) => {
    const policy = parsePolicy(policyText, file, around);
    const image = compilePolicy(policy, { programs: [policy.program] }, 1n, new Uint8Array(32));
    const ruleOf = (number: number): Case['rule'] => {
      if (number === 0) return 'default';
      const written = image.rules[number - 1]?.number;
      return written === undefined || written === 0 ? 'interpreter' : written;
    };
    for (const one of cases) {
      const { verdict, deciding } = walkImage(image.bytes, one.access);
      const same = t.strictSame(
        { verdict, errno: verdict === 'deny' ? errnoName(deciding.errnum) : undefined, rule: ruleOf(deciding.rule) },
        { verdict: one.verdict, errno: one.errno, rule: one.rule },
        one.where,
      );
      const logged = one.log === undefined || t.equal(deciding.log, one.log, `${one.where} log`);
      const led =
        one.transition === undefined || t.equal(deciding.transition, one.transition, `${one.where} transition`);
      if (same && logged && led) agreed++;
    }
  });

t.teardown(() => t.comment(`cases: ${files.flatMap(({ cases }) => cases).length}, image ${agreed}`));
