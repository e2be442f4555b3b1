// SPDX-License-Identifier: GPL-2.0-only
/** System calls that were made become a list, and a person's list stays a person's. */
import t from 'tap';
import { type Called, callsFor, togetherCalled } from '../../src/learn/calls.js';
import type { Existing, LearntPolicy } from '../../src/learn/input.js';
import { readRun, runLines } from '../../src/learn/run.js';
import { formatPolicy } from '../../src/policy/format.js';
import { parsePolicy } from '../../src/policy/parse.js';
import { permittedCalls } from '../../src/policy/syscalls.js';
import { aroundOf, learnRuns, PROGRAM, runOf, seen } from './build.js';

const around = aroundOf();
const run = (calls: readonly string[], i386: readonly string[] = []): Called => ({
  [PROGRAM]: { x86_64: calls, ...(i386.length === 0 ? {} : { i386 }) },
});

function learn(called: readonly (Called | undefined)[], existing: readonly Existing[] = []): LearntPolicy {
  const runs = called.map((one, index) =>
    runOf([seen('read', '/srv/data/one')], {
      session: `worker-${index}`,
      ...(one === undefined ? {} : { called: one }),
    }),
  );
  return learnRuns(runs, { existing })[0] as LearntPolicy;
}

/** As what was written stands there the next time. */
function again({ text, written }: LearntPolicy): Existing[] {
  return [{ file: 'worker.yaml', text, policy: parsePolicy(text, 'worker.yaml', around), written }];
}

const listIn = ({ text }: LearntPolicy): readonly string[] | undefined =>
  parsePolicy(text, 'worker.yaml', around).syscalls?.permit;

t.test('what several runs say is put together', async (t) => {
  t.same(togetherCalled([run(['read']), undefined, run(['bind', 'read'], ['exit']), { '/x': { x32: ['7'] } }]), {
    [PROGRAM]: { x86_64: ['bind', 'read'], i386: ['exit'] },
    '/x': { x32: ['7'] },
  });
});

t.test('a list: what the C library needs, what was called, and its families', async (t) => {
  const first = learn([run(['uname', 'openat', 'bind', 'clone', 'getsid'])]);
  t.same(listIn(first), ['@basic', 'bind', 'clone', 'fork', 'vfork', 'creat', 'getsid', 'clone3']);
  t.ok(permittedCalls(parsePolicy(first.text, 'x', around))?.includes('uname'), 'of the group');
  t.equal(formatPolicy(first.text).includes('syscalls:\n  - "@basic"\n  - bind\n'), true);
  t.equal(learn([undefined]).text.includes('syscalls'), false, 'nobody looked');
});

t.test('learned anew from all runs, at its place', async (t) => {
  const first = learn([run(['bind'])]);
  const second = learn([run(['bind']), undefined, run(['listen'])], again(first));
  t.same(listIn(second), ['@basic', 'bind', 'listen']);
  t.equal(second.beside, null);
  t.equal(second.text.match(/syscalls:/g)?.length, 1);
  const none = learn([undefined], again(second));
  t.same([listIn(none), none.written.calls], [listIn(second), listIn(second)], 'who does not look changes nothing');
  const later = learn([run(['bind'])], again(learn([undefined])));
  t.same(listIn(later), ['@basic', 'bind'], 'into a policy that had none');
});

t.test("a person's list stays, and what it lacks is told", async (t) => {
  const text = `version: 1\nprogram: ${PROGRAM}\n# mine\nsyscalls: [read, bind]\nrules:\n`;
  const policy = learn(
    [run(['bind', 'listen', 'openat'])],
    [{ file: 'w', text, policy: parsePolicy(text, 'w', around) }],
  );
  t.ok(policy.text.includes('# mine\nsyscalls: [read, bind]\n'));
  t.ok(policy.text.includes("# not learned: system calls listen: its syscalls: is a person's\n"));
  const edited = again(learn([run(['bind'])])).map((one) => {
    const text = one.text.replace('  - bind\n', '  - bind\n  - mount\n');
    return { ...one, text, policy: parsePolicy(text, 'w', around) };
  });
  t.same(listIn(learn([run(['bind', 'listen'])], edited)), ['@basic', 'bind', 'mount'], 'one that was edited too');
});

t.test('calls of another architecture: no list, and why', async (t) => {
  const policy = learn([run(['bind'], ['socketcall', 'exit'])]);
  t.equal(listIn(policy), undefined);
  t.ok(policy.text.includes('# not learned: system calls exit (i386), socketcall (i386): where syscalls: stands'));
  const after = learn([run(['bind'], ['exit'])], again(learn([run(['bind'])])));
  t.equal(listIn(after), undefined, 'one that was learned before is taken out');
});

t.test('what has no name, and what so many runs have to show', async (t) => {
  t.same(callsFor(PROGRAM, [run(['999', 'bind'])], 1, null, undefined), {
    list: ['@basic', 'bind'],
    unlearnt: ['system calls 999: this callgate has no names for them, for they are newer, or there are none'],
  });
  const runs = [run(['bind', 'listen']), run(['bind']), undefined];
  t.same(callsFor(PROGRAM, runs, 2, null, undefined).list, ['@basic', 'bind']);
});

t.test('a run keeps them', async (t) => {
  const kept = runOf([], { called: run(['bind']) });
  t.same(readRun([...runLines(kept)])?.run.header.called, run(['bind']));
});
