// SPDX-License-Identifier: GPL-2.0-only
/** Places that each user has: one home for another, where several users or --user were seen. */
import t from 'tap';
import type { LearntPolicy } from '../../src/learn/input.js';
import { NOWHERE } from '../../src/learn/places.js';
import { replay } from '../../src/learn/replay.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { aroundOf, learnRuns, PROGRAM, runOf, seen } from './build.js';

const machine = { ...NOWHERE, homes: ['/root', '/home/ann', '/home/bob'] };
const inHome = (home: string | null) => ({ ...aroundOf(), variable: () => home });

function run(home: string, user: string | null, uid: number) {
  const records = [
    seen('read', `${home}/.apprc`, { uid }),
    seen('create', `${home}/.cache/app/new`, { uid, from: `${home}/.cache/app/old` }),
    seen('connect', `unix:${home}/.app/socket`, { uid }),
    seen('read', '/srv/shared', { uid }),
  ];
  return runOf(records, { session: `worker-${uid}`, user, home, named: [`${home}/.apprc`] });
}

const learnt = (runs: ReturnType<typeof run>[], home: string | null): string =>
  (learnRuns(runs, { machine, around: inHome(home) })[0] as LearntPolicy).text;

t.test('of two users each home is ${HOME}', async (t) => {
  const text = learnt([run('/home/ann', null, 1000), run('/home/bob', null, 1001)], '/home/bob');
  t.match(text, /"\$\{HOME\}\/\.apprc"/);
  t.match(text, /"\$\{HOME\}\/\.cache\/app\/new"/);
  t.match(text, /"unix:\$\{HOME\}\/\.app\/socket"/);
  t.notMatch(text, /^[^#]*\/home\/(ann|bob)/m);
  t.match(text, /- permit: read\n {4}path:\n {6}- "\$\{HOME\}\/\.apprc"\n {6}- \/srv\/shared\n/);
  for (const [home, uid] of [
    ['/home/ann', 1000],
    ['/home/bob', 1001],
    ['/home/cid', 1002],
  ] as const) {
    const policy = parsePolicy(text, PROGRAM, inHome(home));
    t.same(replay(policy, run(home, null, uid).observations.all()).refused, [], `${home} holds`);
    t.not(
      replay(policy, run('/home/eve', null, uid).observations.all()).refused.length,
      0,
      "another's home is not theirs",
    );
  }
});

t.test('of one user only where --user said so', async (t) => {
  t.match(learnt([run('/home/ann', 'ann', 1000)], '/home/ann'), /"\$\{HOME\}\/\.apprc"/);
  t.match(learnt([run('/home/ann', null, 1000)], '/home/ann'), /- \/home\/ann\/\.apprc\n/);
  t.match(learnt([run('/root', null, 0)], '/root'), /- \/root\/\.apprc\n/);
});

t.test("a home that is nobody's, and one without a value, stay as they are", async (t) => {
  t.match(learnt([run('/var/lib/app', 'app', 33)], '/var/lib/app'), /- \/var\/lib\/app\/\.apprc\n/);
  t.match(learnt([run('/home/ann', 'ann', 1000)], null), /- \/home\/ann\/\.apprc\n/);
});
