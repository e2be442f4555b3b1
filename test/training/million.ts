// SPDX-License-Identifier: GPL-2.0-only
/**
 * A program of its own (million.test.ts), so that its memory is its own: a run of a backup that touches a million files, talks to very
 * many addresses and is refused very much, kept three times and learned from. Prints what came of it.
 *
 *   million.js FOLDER
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { surroundingsOf } from '../../src/application/surroundings.js';
import type { EventRecord } from '../../src/events/record.js';
import { Observations } from '../../src/learn/observations.js';
import type { Operation } from '../../src/policy/operations.js';
import { derive } from '../../src/training/conclude.js';
import { keepRun } from '../../src/training/runs.js';
import { runOf, seen } from '../learn/build.js';

const FILES = 1_000_000;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Six letters as mkstemp(3) makes them up, the same in every run of the test. */
function madeUp(seed: number): string {
  let [text, state] = ['', seed];
  for (let at = 0; at < 6; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += LETTERS[(state >>> 16) % LETTERS.length];
  }
  return text;
}

/** Nine of ten files are looked at, one is copied; every tenth folder is that of a package, where nothing may be folded. */
function* records(): Generator<EventRecord> {
  const plain = seen('read', '/');
  const did = (operation: Operation, object: string, more: Partial<EventRecord> = {}): EventRecord => ({
    ...plain,
    operation: [operation],
    object,
    ...more,
  });
  for (let file = 0; file < FILES; file++) {
    const folder = `week${Math.floor(file / 50_000)}/day${Math.floor(file / 400) % 125}`;
    const [from, to] = [`/srv/data/${folder}`, `/srv/backup/${folder}`];
    if (file % 400 === 0) yield did('list', from, { directory: true });
    const name = `letter${file}.txt`;
    yield file % 10 === 1 ? did('read', `/usr/share/words${file % 5_000}/${name}`) : did('read', `${from}/${name}`);
    if (file % 10 !== 0) continue;
    const made = `${to}/.${name}.${madeUp(file)}`;
    yield did('create', made, { pid: file });
    yield did('write', made, { pid: file });
    yield did('delete', made, { pid: file });
    yield did('create', `${to}/${name}`, { from: made, pid: file });
    yield did('connect', `tcp:10.${file >> 16}.${(file >> 8) & 255}.${file & 255}:443`);
    yield { ...did('read', `/srv/secret/${name}`, { verdict: 'deny', enforced: true }), learnt: undefined as never };
  }
}

const [place = ''] = process.argv.slice(2);
const host = { journals: join(place, 'state'), policies: join(place, 'policies') };
const folder = join(host.policies, 'worker');
for (const one of [host.journals, folder]) mkdirSync(one, { recursive: true, mode: 0o700 });
const observations = new Observations();
for (const record of records()) observations.add(record, 'learnt');
const counted = {
  ...{ kept: observations.all().length, moves: observations.moves().length, folds: observations.folds().length },
  ...{ refused: observations.refused().length, refusedMore: observations.refusedMore },
};
for (const session of ['worker-1', 'worker-2', 'worker-3'])
  keepRun(host as never, { ...runOf([], { session, folder }), observations });
const around = surroundingsOf({ name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh' }, '/', []);
const { policies } = derive(host as never, folder, around, null);
const file = policies[0]?.file ?? '';
console.log(
  JSON.stringify({
    ...counted,
    mebibytes: Math.ceil(process.resourceUsage().maxRSS / 1024),
    unfolded: policies[0]?.unfolded,
    text: readFileSync(file, 'utf8'),
  }),
);
