// SPDX-License-Identifier: GPL-2.0-only
/** The corpus, decided by the kernel half's own matcher under prog-run, in an image of each class. */
import t from 'tap';
import { compilePolicy } from '../../src/compile/compile.js';
import { bytesOf } from '../../src/policy/bytes.js';
import type { Policy } from '../../src/policy/model.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { around, type Case, loadCases } from '../cases.js';
import { needsProgRun, Trials } from './trial.js';

const DIGEST = new Uint8Array(32);
/** Unrelated rules behind the policy's own, so many that the image is of the next class. */
const PADDING = [0, 400, 6_000, 40_000];

function padded(policy: Policy, rules: number): Policy {
  const place = { file: policy.file, line: 1_000_000, column: 1 };
  const padding = Array.from({ length: rules }, (_, index) => {
    const names = [bytesOf('padding'), bytesOf(String(index % 97)), bytesOf(`p${index}`)];
    const components = names.map((name) => ({ kind: 'literal', name }) as const);
    return { type: 'path', pattern: { text: '', components, self: false } } as const;
  });
  if (rules === 0) return policy;
  const rule = { verdict: 'permit', operations: ['chown'], objects: padding, place, number: 9999 } as const;
  return { ...policy, rules: [...policy.rules, rule] };
}

t.setTimeout(300_000);
t.test('the corpus under prog-run', { skip: needsProgRun() }, async (t) => {
  const trials = new Trials();
  const files = loadCases();
  const classes = new Set<number>();
  let agreed = 0;
  for (const { name, file, policyText, cases } of files)
    await t.test(name, async (t) => {
      const policy = parsePolicy(policyText, file, around);
      // The largest classes for a few files: filling 100 MiB for each would prove nothing more.
      const paddings = name === 'globs' || name === 'everything' ? PADDING : PADDING.slice(0, 1);
      for (const rules of paddings) {
        const image = compilePolicy(padded(policy, rules), { programs: [policy.program] }, 1n, DIGEST);
        classes.add(image.class);
        trials.load(image);
        const ruleOf = (number: number): Case['rule'] => {
          if (number === 0) return 'default';
          const written = image.rules[number - 1]?.number;
          return written === undefined || written === 0 ? 'interpreter' : written;
        };
        const outcomes = trials.judge(cases.map(({ access }) => access));
        cases.forEach((one, index) => {
          const { verdict, deciding, transition } = outcomes[index] as (typeof outcomes)[number];
          const told = { verdict, errno: verdict === 'deny' ? deciding.errno : undefined, rule: ruleOf(deciding.rule) };
          const where = `${one.where} class ${image.class}`;
          const same = t.strictSame(told, { verdict: one.verdict, errno: one.errno, rule: one.rule }, where);
          const logged = one.log === undefined || t.equal(deciding.log, one.log, `${where} log`);
          const led = one.transition === undefined || t.equal(transition, one.transition, `${where} transition`);
          if (same && logged && led && rules === 0) agreed++;
        });
      }
    });
  trials.close();
  t.strictSame([...classes].sort(), [0, 1, 2, 3], 'images of every class');
  t.comment(`cases: ${files.flatMap(({ cases }) => cases).length}, prog-run ${agreed}`);
});
