// SPDX-License-Identifier: GPL-2.0-only
/** Every stage as text, for a policy small enough to work out by hand. */
import t from 'tap';
import { stagesOf } from '../../src/compile/compile.js';
import { describe, STAGES, type Stage } from '../../src/compile/describe.js';
import { policy, rule } from './build.js';

const source = policy([
  rule(['load'], ['/lib/x*'], { log: true }),
  rule(['read'], ['/lib/xy'], { if: { uids: [{ first: 0, last: 9 }], owner: 'self' } }),
  rule(['write'], ['/s/**'], { verdict: 'deny', errno: 'ENOENT' }),
]);
const stages = stagesOf(source, { programs: ['/p'] });

const EXPECTED: Readonly<Record<Stage, string>> = {
  grants: `# rule: where its pattern enters, the pattern; operations decided there, and on the folders above
rule 1: path /lib/x*: read stat load; above: stat
rule 2: path /lib/xy: read stat; above: stat
rule 3: path /s/**: write
`,
  tree: `# place [**: any further name stays here] [program]: who decides here; then what leads on
0 [entry path]: rule 1 stat
  lib -> 6
  s -> 9
  p -> 11
1 [entry inet]: nobody
2 [entry abstract]: nobody
3 [entry family]: nobody
4 [entry place]: nobody
5 [entry head]: nobody
6: rule 1 stat
  xy -> 8
  glob 0 of /lib/x* -> 7
7: rule 1 read stat load
8: rule 2 read stat
9: nobody
  any name, then any more -> 10
10 [**]: rule 3 write
11 [program 1]: nobody
`,
  states: `# starts: path 1, inet 2, abstract 3, family 4, place 5, head 6
# state {places}: answer; names; globs by which of them match
0 {}: default
  any other -> 0
1 {0}: stat by rule 1
  lib -> 7
  p -> 8
  s -> 9
  any other -> 0
2 {1}: default
  any other -> 0
3 {2}: default
  any other -> 0
4 {3}: default
  any other -> 0
5 {4}: default
  any other -> 0
6 {5}: default
  any other -> 0
7 {6}: stat by rule 1
  xy -> 11
  globs 0 -> 10
  any other -> 0
8 {11}: program 1
  any other -> 0
9 {9}: default
  any other -> 12
10 {7}: read stat load by rule 1
  any other -> 0
11 {7 8}: read stat load by rule 1
  any other -> 0
12 {10}: write by rule 3
  any other -> 12
`,
  least: `# starts: path 1, inet 0, abstract 0, family 0, place 0, head 0
# state: answer; names; byte automaton; fallback
0: default
  any other -> 0
1: stat by rule 1
  lib -> 2
  p -> 3
  s -> 4
  any other -> 0
2: stat by rule 1
  bytes: 
    row 1, at the end 0: [x] -> row 2
    row 2, at the end 5: [\\x01-\\xff] -> row 2
  any other -> 0
3: program 1
  any other -> 0
4: default
  any other -> 6
5: read stat load by rule 1
  any other -> 0
6: write by rule 3
  any other -> 6
`,
  tables: '',
};

for (const stage of STAGES.filter((name) => name !== 'tables'))
  t.test(stage, async (t) => {
    t.equal(describe(stages, stage), EXPECTED[stage]);
    t.equal(describe(stagesOf(source, { programs: ['/p'] }), stage), EXPECTED[stage], 'the same again');
  });

t.test('tables', async (t) => {
  const text = describe(stages, 'tables');
  for (const line of [
    'used: states 7, literals 3, cells 6, answers 10, decisions 3, conditions 1, ranges 0, moves 38',
    'starts: path 1, inet 0, abstract 0, family 0, place 0, head 0',
    'decision 0: deny EPERM, default, logged, no rule',
    'decision 1: permit, rule 1 (test.yaml:10), logged',
    'decision 2: deny ENOENT, rule 3 (test.yaml:12), logged',
    'answer 3: program 1, grants 3 as a file, 4 as a folder',
    'answer 5: read 1, stat 1, load 1, grants 5 as a file, 6 as a folder',
  ])
    t.ok(text.split('\n').includes(line), `${line}\n${text}`);
});

t.test('conditions are shown where a chain of rules is left', async (t) => {
  const chained = policy([rule(['exec'], ['/x'], { if: { uids: [{ first: 3, last: 4 }] }, transition: 'inherit' })]);
  const text = describe(stagesOf(chained, { programs: [] }), 'tables');
  t.match(text, /permit, rule 1 \(test\.yaml:10\), then inherit, if condition 1, otherwise decision 0/);
  t.match(text, /condition 1: user in ranges 0 to 0/);
  t.match(text, /range 0: 3-4/);
});
