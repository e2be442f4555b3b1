// SPDX-License-Identifier: GPL-2.0-only
/** Of what programs are run with only what they then use is known; and what the learner makes of it. */
import t, { type Test } from 'tap';
import { decide } from '../../src/decide/decide.js';
import type { KernelArguments } from '../../src/events/decode.js';
import type { EventRecord } from '../../src/events/record.js';
import type { LearntPolicy } from '../../src/learn/input.js';
import { Passed } from '../../src/learn/passed.js';
import type { RunHeader } from '../../src/learn/run.js';
import type { Bytes } from '../../src/policy/bytes.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { aroundOf, learnRuns, PROGRAM, runOf, seen } from './build.js';

const CP = '/usr/bin/cp';

function told(folder: string | null, ...words: string[]): KernelArguments {
  return {
    policy: 1,
    exe: 1,
    folder: folder as Bytes | null,
    words: words as Bytes[],
    count: words.length,
    unread: false,
  };
}

const used = (passed: Passed, path: string, program = CP): string[] => passed.used(program, path as Bytes);

t.test('a word is known once the program uses what it names', async (t) => {
  const passed = new Passed();
  t.equal(passed.waits, false);
  passed.take(CP, told('/srv/week', 'cp', '--password=hunter2', '-t', '/srv/out', 'a.txt', '../b.txt', 'of=/srv/disk'));
  t.equal(passed.waits, true);
  t.same(used(passed, '/srv/week/a.txt', '/usr/bin/mv'), [], 'by another program it is not used');
  t.same(used(passed, '/srv/week/a.txt'), ['/srv/week/a.txt'], 'from the current folder');
  t.same(used(passed, '/srv/week/a.txt'), [], 'and told once');
  t.same(used(passed, '/srv/b.txt'), ['/srv/b.txt']);
  t.same(used(passed, '/srv/out/sub/a.txt'), ['/srv/out'], 'a folder above');
  t.same(used(passed, '/srv/disk'), ['/srv/disk'], 'a part of a word');
  t.same(used(passed, '/srv/outside'), [], 'a name that begins alike is another');
  t.same(used(passed, '/srv/week/cp'), [], 'the first word is the name');
  passed.take(CP, told('/srv/week', 'cp', '/srv/out'));
  t.same(used(passed, '/srv/out'), [], 'nor when it is run so again');
  passed.take(CP, told(null, 'cp', 'relative', '/absolute'));
  t.same(used(passed, '/relative'), [], 'from where a relative one is meant is not guessed');
  t.same(used(passed, '/absolute'), ['/absolute']);
  passed.take(null, told('/', 'cp', '/srv/nobody'));
  t.same(used(passed, '/srv/nobody'), []);
});

t.test('what is missing is counted', async (t) => {
  const passed = new Passed();
  passed.take(CP, { ...told('/', 'cp', '/srv/a'), count: 900 });
  passed.take(null, { ...told('/', 'cp'), count: 3, unread: true });
  t.same(used(passed, '/srv/a'), ['/srv/a'], 'what came whole counts');
  t.same(passed.takeMissing(), { unread: 1, cut: 1 });
  t.same(passed.takeMissing(), { unread: 0, cut: 0 });
});

t.test('within bounds', async (t) => {
  const few = new Passed(2);
  few.take(CP, told('/', 'cp', '/srv/a', '/srv/b', '/srv/c'));
  t.same(
    ['/srv/a', '/srv/b', '/srv/c'].flatMap((path) => used(few, path)),
    ['/srv/b', '/srv/c'],
    'those that came last',
  );
  const passed = new Passed();
  const paths = Array.from({ length: 300 }, (_, index) => `/srv/in/${index}`);
  passed.take(CP, told('/', 'cp', ...paths, '/srv/other/a'));
  t.equal(paths.flatMap((path) => used(passed, path)).length, 256, 'of one folder');
  t.same(used(passed, '/srv/other/a'), ['/srv/other/a'], 'others are told all the same');
  const folders = Array.from({ length: 5000 }, (_, index) => `/srv/${index}/a`);
  passed.take(CP, told('/', 'cp', ...folders));
  t.equal(folders.flatMap((path) => used(passed, path)).length, 4096 - 257, 'and in all');
});

const CHILD = '/srv/bin/zchild';
const by = (program: string, records: readonly EventRecord[]): EventRecord[] =>
  records.map((record) => ({ ...record, policy: program, exe: program }));
const reads = (...objects: string[]): EventRecord[] => objects.map((object) => seen('read', object));

function verdicts({ text }: LearntPolicy, ...paths: string[]): string[] {
  const policy = parsePolicy(text, 'x.yaml', aroundOf());
  return paths.map((path) => {
    const object = { type: 'path', path: path as Bytes } as const;
    return decide(policy, { operations: ['read'], object, uid: 0, gid: 0 }).verdict;
  });
}

/** What is learned of the child that somebody ran with words. */
function ofChild(
  given: RunHeader['given'],
  records: readonly EventRecord[],
  more: Partial<RunHeader> = {},
): LearntPolicy {
  const header = { ...(given === undefined ? {} : { given }), ...more };
  return learnRuns([runOf([...reads('/srv/Makefile'), ...by(CHILD, records)], header)])[1] as LearntPolicy;
}

t.test('files that a child was run with are data, and those that nobody named are not', async (t) => {
  const two = ['/srv/in/harbour.c', '/srv/in/lantern.c'];
  const policy = ofChild({ [CHILD]: two }, reads(...two));
  t.same(verdicts(policy, '/srv/in/meadow.c', '/srv/in/meadow', '/srv/in/password.c', '/srv/in/sub/meadow.c'), [
    ...['permit', 'deny', 'deny', 'deny'],
  ]);
  t.match(
    policy.text,
    /"data folder": 2 names in 1 run, they stood among the arguments that another program ran it with, and were used alike\n/,
  );
  const exact = (t: Test, one: LearntPolicy, why: string): void => {
    t.same(verdicts(one, ...two, '/srv/in/meadow.c'), ['permit', 'permit', 'deny'], why);
  };
  exact(t, ofChild(undefined, reads(...two)), 'the like that no argument named stays exact');
  exact(t, ofChild({ [PROGRAM]: two }, reads(...two)), "another program's arguments are not its own");
  exact(t, ofChild({ [CHILD]: two.slice(1) }, reads(...two)), 'one file says nothing about its neighbours');
  const made = by(PROGRAM, [...two.map((path) => seen(['write', 'create'], path))]);
  exact(
    t,
    learnRuns([runOf([...made, ...by(CHILD, reads(...two))], { given: { [CHILD]: two } })])[1] as LearntPolicy,
    "what the application made itself was nobody's choice",
  );
});

t.test('a folder that a child was run with', async (t) => {
  const two = ['/srv/in/harbour.c', '/srv/in/lantern.c'];
  const policy = ofChild({ [CHILD]: ['/srv/in'] }, reads(...two));
  t.same(verdicts(policy, '/srv/in/meadow.c', '/srv/in/host1.key'), ['permit', 'deny']);
  t.match(
    policy.text,
    /the folder stood among the arguments that another program ran it with, and they were used alike\n/,
  );
  t.same(
    verdicts(ofChild({ [CHILD]: ['/srv'] }, reads(...two)), '/srv/in/meadow.c'),
    ['deny'],
    "nor everybody's folder",
  );
  const keys = ['/etc/shadow', '/etc/gshadow'];
  t.same(
    verdicts(ofChild({ [CHILD]: ['/etc', ...keys] }, reads(...keys)), '/etc/shadow-', '/etc/passwd'),
    ['deny', 'deny'],
    'whatever a caller wrote into it, what is sensitive is named by its name',
  );
});

t.test('the file of a day, and what is made of the names of a child', async (t) => {
  const day = ofChild({ [CHILD]: ['/srv/in/week-20261103.patch'] }, reads('/srv/in/week-20261103.patch'));
  t.same(verdicts(day, '/srv/in/week-20271110.patch', '/srv/in/week-2.patch'), ['permit', 'deny']);
  const given = ['/srv/in/harbour.c', '/srv/src/lantern.c'];
  const out = given.map((path) => path.replace(/^.*\/(.*)c$/, '/srv/out/$1o'));
  const records = [...reads(...given), ...out.flatMap((path) => [seen('create', path), seen('write', path)])];
  t.same(verdicts(ofChild({ [CHILD]: given }, records), '/srv/out/meadow.o', '/srv/in/meadow.c'), ['permit', 'deny']);
  t.same(verdicts(ofChild(undefined, records), '/srv/out/meadow.o'), ['deny']);
});
