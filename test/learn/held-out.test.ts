// SPDX-License-Identifier: GPL-2.0-only
/**
 * The short form of `npm run learning`: runs that were recorded of real programs, of which policies are derived, and one each that
 * was held out and has other data.
 */
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { replay } from '../../src/learn/replay.js';
import { type Run, readRun } from '../../src/learn/run.js';
import { STRENGTHS, type Strength } from '../../src/learn/strength.js';
import { parseGroup, parsePolicy } from '../../src/policy/parse.js';
import { aroundOf, learnRuns, ROOT } from './build.js';

// Several programs, on a machine where others work too.
t.setTimeout(180_000);

const FOLDER = `${ROOT}test/learn/recordings/`;
const NAMES = [...new Set(readdirSync(FOLDER).map((file) => file.replace(/-[^-]*\.run$/, '')))].sort();
const groupText = (name: string): string => readFileSync(`${ROOT}policies/groups/${name}.yaml`, 'utf8');
const around = aroundOf(groupText);
const groups = ['libc', 'locale', 'names', 'tls', 'python', 'perl', 'terminals'].map((name) => ({
  name,
  rules: parseGroup(name, groupText(name), name, around),
}));

function run(name: string, which: string): Run {
  const read = readRun(readFileSync(`${FOLDER}${name}-${which}.run`, 'utf8').split('\n'));
  if (read === undefined || read.bad > 0) throw new Error(`${name}-${which}: not read whole`);
  return read.run;
}

/** What policies that were derived from some runs refuse of others. */
function refused(from: readonly Run[], of: readonly Run[], strength: Strength): string[] {
  const policies = new Map(
    learnRuns(from, { groups, around, strength }).map(({ program, text }) => [
      program,
      parsePolicy(text, program, around),
    ]),
  );
  return of.flatMap(({ observations }) =>
    observations.programs().flatMap((program) => {
      const policy = policies.get(program);
      if (policy === undefined) return [`${program} has no policy`];
      const mine = observations.all().filter((one) => one.program === program);
      return replay(policy, mine).refused.map(({ operation, object }) => `${operation} ${object}`);
    }),
  );
}

/** What one run does not tell: of one file on the command line nobody knows which others are meant. */
const AFTER_ONE: Readonly<Record<string, readonly string[]>> = {
  sqlite3: ['stat /srv/sqlite3/walnut.sql', 'read /srv/sqlite3/walnut.sql'],
};

for (const name of NAMES)
  t.test(name, async (t) => {
    const [one, two, three, held] = ['1', '2', '3', 'held'].map((which) => run(name, which)) as [Run, Run, Run, Run];
    t.same(refused([one, two, three], [held], 'balanced'), [], 'three runs hold in the fourth');
    t.same(refused([one, two], [held], 'balanced'), [], 'and so do two');
    t.same(
      refused([one], [held], 'balanced'),
      AFTER_ONE[name] ?? [],
      'one run does, but for a file that was given alone',
    );
    for (const strength of STRENGTHS)
      t.same(refused([one], [one], strength), [], `one run holds in itself, ${strength}`);
    t.not(refused([one, two, three], [held], 'exact').length, 0, 'by names alone three do not');
  });
