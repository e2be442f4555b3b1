// SPDX-License-Identifier: GPL-2.0-only
/**
 * A program of its own (deep.test.ts), so that its memory is its own: 5,000 files 60 folders deep, in folders that part from each other
 * again and again on the way, kept three times and learned from. Prints what came of it.
 *
 *   deep.js FOLDER
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { surroundingsOf } from '../../src/application/surroundings.js';
import { Observations } from '../../src/learn/observations.js';
import { derive } from '../../src/training/conclude.js';
import { keepRun } from '../../src/training/runs.js';
import { runOf, seen } from '../learn/build.js';

const FILES = 5_000;
const [DEEP, COMMON] = [60, 50];

/** The folders that are common, then those that half of the files share with another half. */
export function fileAt(number: number): string {
  const folders = Array.from({ length: DEEP - 1 }, (_, at) =>
    at < COMMON ? `part${at}` : `half${number >> (DEEP - 1 - at)}`,
  );
  return `/srv/${folders.join('/')}/file${number}`;
}

if (process.argv[2] !== undefined) {
  const [, , place] = process.argv as [string, string, string];
  const host = { journals: join(place, 'state'), policies: join(place, 'policies') };
  const folder = join(host.policies, 'worker');
  for (const one of [host.journals, folder]) mkdirSync(one, { recursive: true, mode: 0o700 });
  const observations = new Observations();
  const plain = seen('read', '/');
  for (let number = 0; number < FILES; number++) observations.add({ ...plain, object: fileAt(number) }, 'learnt');
  for (const session of ['worker-1', 'worker-2', 'worker-3'])
    keepRun(host as never, { ...runOf([], { session, folder }), observations });
  const around = surroundingsOf({ name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh' }, '/', []);
  const { policies } = derive(host as never, folder, around, null);
  console.log(
    JSON.stringify({
      kept: observations.all().length,
      mebibytes: Math.ceil(process.resourceUsage().maxRSS / 1024),
      unfolded: policies[0]?.unfolded,
      text: readFileSync(policies[0]?.file ?? '', 'utf8'),
    }),
  );
}
