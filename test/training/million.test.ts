// SPDX-License-Identifier: GPL-2.0-only
/** Learning a program that touches a million files ends, in bounded memory, and says what it folded. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { decide } from '../../src/decide/decide.js';
import { readObject } from '../../src/events/object.js';
import type { AccessObject } from '../../src/policy/model.js';
import type { Operation } from '../../src/policy/operations.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { aroundOf } from '../learn/build.js';

const PROGRAM = fileURLToPath(new URL('./million.js', import.meta.url));
/** What the issue of learning grants it. */
const MEBIBYTES = 512;

// So many events take a quarter of a minute where nothing else runs.
t.setTimeout(300_000);

t.test('a million files', { timeout: 300_000 }, async (t) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, t.testdir()], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  const { mebibytes, text, ...counted } = JSON.parse(stdout) as { mebibytes: number; text: string };
  t.ok(mebibytes < MEBIBYTES, `${mebibytes} MiB`);
  t.same(counted, {
    ...{ kept: 10_000, moves: 5_000, folds: 4_024, refused: 1_000, refusedMore: 99_000 },
    unfolded: [
      ...Array.from({ length: 20 }, (_, at) => `read of 597 more names below /usr/share/words${1661 + 10 * at}`),
      'names below 480 more folders',
      'connect of 298002 more addresses',
    ],
  });
  for (const line of ['connect of 298002 more addresses', '285000 more moves were not kept, and not held'])
    t.ok(text.includes(`\n# not learned: ${line}`), line);
  const policy = parsePolicy(text, 'million.yaml', aroundOf());
  const verdict = (operation: Operation, object: string): string =>
    decide(policy, { operations: [operation], object: readObject(object) as AccessObject, uid: 0, gid: 0 }).verdict;
  for (const [operation, object] of [
    ['read', '/srv/data/week19/day124/letter999999.txt'],
    ['create', '/srv/backup/week19/day124/.letter999990.txt.Ab12Cd'],
    ['delete', '/srv/backup/week19/day124/.letter999990.txt.Ab12Cd'],
    ['create', '/srv/backup/week19/day124/letter999990.txt'],
  ] as const)
    t.equal(verdict(operation, object), 'permit', `${operation} ${object}`);
  for (const [operation, object] of [
    ['write', '/srv/data/week19/day124/letter999999.txt'],
    ['read', '/srv/data/week19/day124/host1.key'],
    ['read', '/usr/share/words4991/other.txt'],
    ['connect', 'tcp:10.15.66.54:443'],
    ['read', '/srv/secret/letter10.txt'],
  ] as const)
    t.equal(verdict(operation, object), 'deny', `${operation} ${object}`);
});
