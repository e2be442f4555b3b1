// SPDX-License-Identifier: GPL-2.0-only
/** Learning a program of deep paths ends, in bounded memory. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { decide } from '../../src/decide/decide.js';
import { readObject } from '../../src/events/object.js';
import type { AccessObject } from '../../src/policy/model.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { aroundOf } from '../learn/build.js';
import { fileAt } from './deep.js';

const PROGRAM = fileURLToPath(new URL('./deep.js', import.meta.url));
const MEBIBYTES = 512;

t.setTimeout(300_000);

t.test('5,000 files 60 folders deep', { timeout: 300_000 }, async (t) => {
  // Node takes what it may before it collects: what it is given is what is needed at most.
  const words = ['--max-old-space-size=256', PROGRAM, t.testdir()];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  const { mebibytes, text, ...told } = JSON.parse(stdout) as { mebibytes: number; text: string };
  t.ok(mebibytes < MEBIBYTES, `${mebibytes} MiB`);
  t.same(told, { kept: 5_000, unfolded: [] });
  const policy = parsePolicy(text, 'deep.yaml', aroundOf());
  const verdict = (path: string): string =>
    decide(policy, { operations: ['read'], object: readObject(path) as AccessObject, uid: 0, gid: 0 }).verdict;
  for (const number of [0, 1, 777, 4_999]) t.equal(verdict(fileAt(number)), 'permit', fileAt(number));
  t.equal(verdict(`${fileAt(7)}.key`), 'deny', 'another name there');
  t.equal(verdict(fileAt(7).replace('/part30/', '/other/')), 'deny', 'another folder half-way');
});
