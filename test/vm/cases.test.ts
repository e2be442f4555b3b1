// SPDX-License-Identifier: GPL-2.0-only
/**
 * The corpus by real processes, and random policies with random attempts: what the hooks do, held against what a person
 * wrote down and what the reference says. One subject does all of it, in a root folder of its own, its policy replaced
 * before each attempt. CALLGATE_OPENS sets how many random attempts are made, CALLGATE_SEED which. CALLGATE_CASES says what is done
 * alone, with commas between: `first` (the corpus but for version 2), `random`, `later` (version 2), `later-random`, or files of version 2
 * (`later-signals`).
 */
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { Confined } from './confined.js';
import { type Agreement, corpus } from './corpus.js';
import { laterCorpus, laterFiles } from './later-corpus.js';
import { laterRandomly } from './later-randomly.js';
import { kernelSeries, needsLsm } from './machine.js';
import { ownAllAddresses, ownRoot, runInOwnRoot } from './own-root.js';
import { randomly } from './randomly.js';

const MINUTES_40 = 2_400_000;

t.setTimeout(MINUTES_40);

const own = ownRoot();
const skip = needsLsm();
const wanted = process.env.CALLGATE_CASES?.split(',');
const files = laterFiles().filter((name) => name !== 'later');
const known = ['first', 'random', 'later', 'later-random', ...files];
const unknown = wanted?.find((word) => !known.includes(word));
if (unknown !== undefined) throw new Error(`CALLGATE_CASES has ${unknown}, which is none of ${known.join(', ')}`);
if (own === null && skip === false) process.exit(await runInOwnRoot(fileURLToPath(import.meta.url)));

t.test('attempts by a real process', { skip, timeout: MINUTES_40 }, async (t) => {
  if (own === null) return;
  ownAllAddresses();
  const confined = Confined.open();
  t.teardown(() => confined.close());
  const does = (what: string): boolean => wanted === undefined || wanted.includes(what);
  const agreements: Agreement[] = [];
  if (does('first')) await t.test('the corpus', async (t) => void agreements.push(await corpus(t, confined, own)));
  if (does('random')) await t.test('random attempts', (t) => randomly(t, confined, own));
  // Last: a gate that has once had a policy of version 2 asks of everything whether that governs it.
  const some = does('later') ? null : files.filter((name) => wanted?.includes(name));
  if (some === null || some.length > 0)
    await t.test(
      'the corpus of version 2',
      async (t) => void agreements.push(await laterCorpus(t, confined, own, some)),
    );
  if (does('later-random')) await t.test('random attempts of version 2', (t) => laterRandomly(t, confined, own));
  const [total, agreed] = (['total', 'agreed'] as const).map((one) =>
    agreements.reduce((sum, agreement) => sum + agreement[one], 0),
  );
  if (wanted === undefined) t.comment(`cases: ${total}, ${kernelSeries()} ${agreed}`);
});
