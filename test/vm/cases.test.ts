// SPDX-License-Identifier: GPL-2.0-only
/**
 * The corpus by real processes, and random policies with random attempts: what the hooks do, held against what a person
 * wrote down and what the reference says. One subject does all of it, in a root folder of its own, its policy replaced
 * before each attempt. CALLGATE_OPENS sets how many random attempts are made, CALLGATE_SEED which.
 */
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { Confined } from './confined.js';
import { corpus } from './corpus.js';
import { needsLsm } from './machine.js';
import { ownAllAddresses, ownRoot, runInOwnRoot } from './own-root.js';
import { randomly } from './randomly.js';

t.setTimeout(1_500_000);

const own = ownRoot();
const skip = needsLsm();
if (own === null && skip === false) process.exit(await runInOwnRoot(fileURLToPath(import.meta.url)));

t.test('attempts by a real process', { skip, timeout: 1_500_000 }, async (t) => {
  if (own === null) return;
  ownAllAddresses();
  const confined = Confined.open();
  t.teardown(() => confined.close());
  await t.test('the corpus', (t) => corpus(t, confined, own));
  await t.test('random attempts', (t) => randomly(t, confined, own));
});
