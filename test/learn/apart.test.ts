// SPDX-License-Identifier: GPL-2.0-only
/**
 * No pattern that was made up reaches what is sensitive, told from whole policies as languages: one that was learned differs from the
 * same behind a denial of all of policies/sensitive.txt by names alone that the runs showed. Looking at metadata is no part of it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { compare } from '../../src/difference/difference.js';
import { type Run, readRun } from '../../src/learn/run.js';
import { STRENGTHS, type Strength } from '../../src/learn/strength.js';
import type { Operation } from '../../src/policy/operations.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { aroundOf, learnRuns, ROOT, runOf, seen } from './build.js';

t.setTimeout(300_000);

const FOLDER = `${ROOT}test/learn/recordings/`;
const OPERATIONS: readonly Operation[] = ['read', 'list', 'write', 'create', 'delete', 'link', 'chmod', 'chown'];
const LIST = readFileSync(`${ROOT}policies/sensitive.txt`, 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const DENIAL = `  - deny: [${OPERATIONS.join(', ')}]\n    path: ${JSON.stringify(LIST)}\n`;

/** What policies of these runs permit of the list, by the pattern that does. */
function reached(text: string, program: string): string[] {
  const behind = text.replace(/^rules:\n/m, `rules:\n${DENIAL}`);
  const [first, second] = [behind, text].map((one) => parsePolicy(one, program, aroundOf())) as [never, never];
  return compare(first, second).differences.flatMap(({ second: { verdict, rule } }) =>
    verdict === 'permit' && rule !== null ? [rule.pattern] : [],
  );
}

function holds(t: Test, runs: readonly Run[], strength: Strength): string[] {
  return learnRuns(runs, { strength }).flatMap(({ text, program }) => {
    const patterns = [...new Set(reached(text, program))];
    const shown = new Set(runs.flatMap(({ observations }) => observations.all().map((one) => one.text)));
    t.same(
      patterns.filter((pattern) => !shown.has(pattern)),
      [],
      `${program}, ${strength}`,
    );
    return patterns;
  });
}

t.test('what real programs showed', async (t) => {
  for (const name of new Set(readdirSync(FOLDER).map((file) => file.replace(/-[^-]*\.run$/, '')))) {
    const runs = ['1', '2', '3'].map((which) => {
      const read = readRun(readFileSync(`${FOLDER}${name}-${which}.run`, 'utf8').split('\n'));
      return read?.run as Run;
    });
    for (const strength of ['balanced', 'broad'] as const) holds(t, runs, strength);
  }
});

t.test('names that invite it', async (t) => {
  const folders = [
    '/srv/in',
    '/srv/.ssh',
    '/home/somebody/data',
    '/var/lib/app',
    '/etc/app',
    '/etc/ssh/app',
    '/etc/pam.d',
    '/proc/77',
  ];
  const names = [
    'host1',
    'host2',
    'host3',
    'host1.key',
    'a.txt',
    'b.txt',
    'id_rsa',
    'tmpab12_x9z',
    'week-20261103.pem',
    'environ',
  ];
  const more = (run: number): string[] => [`new${run}`, `${run}.key`, `deep/${run}`, `deep${run}/er/x`];
  const runs = [1, 2, 3].map((run) =>
    runOf(
      folders.flatMap((folder) => [
        seen('list', folder, { directory: true }),
        ...[...names, ...more(run)].flatMap((name) =>
          (['read', 'create', 'write', 'chmod'] as const).map((operation) => seen(operation, `${folder}/${name}`)),
        ),
      ]),
      { session: `worker-${run}`, named: ['/srv/in', '/srv/in/week-20261103.pem'] },
    ),
  );
  for (const strength of STRENGTHS) {
    const patterns = holds(t, runs, strength);
    t.ok(patterns.includes('/srv/in/host1.key'), 'what was seen is permitted by its name');
  }
});
