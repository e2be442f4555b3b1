// SPDX-License-Identifier: GPL-2.0-only
/** Questions of a session whose kernel half is played: each is told once, and each answer does what it says. */
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import type { Application } from '../../src/application/application.js';
import { policyFileName } from '../../src/application/policy-name.js';
import { FolderSource } from '../../src/application/source.js';
import { CodedFailure } from '../../src/control/protocol.js';
import { imagesOf, Numbering } from '../../src/session/images.js';
import { Session } from '../../src/session/session.js';
import { around } from '../cases.js';
import { hasFields } from '../fields.js';
import { Scene } from './kernel.js';

t.setTimeout(120_000);

const RULES = `default: deny
rules:
  # What is everybody's.
  - permit: read
    path: /srv/open/**
  # Whatever else is read.
  - ask: read
    path: /srv/**
`;

const answer = (question: number, more: object = {}) =>
  ({ v: 1, do: 'answer', question, verdict: 'permit', ...more }) as const;

t.test('nobody there: denied at once; somebody there: asked, and what was said is done', async (t) => {
  const scene = await Scene.open(t, RULES);
  const task = scene.worker('cat');
  t.same(await scene.call(task, '/srv/a'), { verdict: 'deny', errnum: 1, why: 'unattended' });
  t.same(await scene.call(task, '/srv/open/a'), { verdict: 'permit', errnum: 0, why: 'policy' });
  const { client, heard } = await scene.attend();
  t.same(
    { tell: heard.notices.map(({ tell }) => tell), object: heard.of('denial')[0]?.denial.object },
    { tell: ['denial', 'ready'], object: '/srv/a' },
    'what was refused before is told first',
  );
  const call = scene.call(task, '/srv/a');
  const { question } = await heard.next('question');
  hasFields(t, question, {
    ...{ id: 1, session: 'd-1', policy: { program: '/usr/sbin/d', file: scene.file }, operations: ['read'] },
    ...{
      attempted: ['read'],
      object: '/srv/a',
      directory: false,
      asked: 1,
      threads: 1,
      pids: [task.pid],
      errno: 'EPERM',
    },
    ...{ rule: { number: 2, file: scene.file, line: 9, group: null }, fallback: 'deny', deadline: null },
  });
  t.same(
    question.suggestions.map(({ number, label, statement, whole }) => [number, label, statement, whole]),
    [
      [1, 'this object', '- permit: read\n  path: /srv/a', false],
      [2, 'its folder', '- permit: read\n  path: "/srv/*"', false],
      [3, 'all below its folder', '- permit: read\n  path: "/srv/**"', false],
      [4, 'the whole operation', '- permit: read\n  path: "/***"', true],
    ],
  );
  t.same(await client.request<'answer'>(answer(1)), {
    ...{ question: 1, verdict: 'permit', scope: 'once', threads: 1, decided: [], until: null, written: null },
    note: 'permit once: 1 call goes on',
  });
  t.same(await call, { verdict: 'permit', errnum: 0, why: 'answer' });
  t.same(scene.addon.signals, [[task.pid, 18]]);
  await t.rejects(client.request<'answer'>(answer(1)), {
    code: 'answered',
    message: `question 1: it was answered by root (pid ${process.pid}): permit once`,
  });
  await t.rejects(client.request<'answer'>(answer(7)), { code: 'answered', message: 'there is no question 7' });
  const again = scene.call(task, '/srv/a');
  await heard.next('question', ({ question }) => question.id === 2 && question.asked === 2);
  await client.request<'answer'>(answer(2, { verdict: 'deny', errno: 'ENOENT' }));
  t.same(await again, { verdict: 'deny', errnum: 2, why: 'answer' }, 'with an error of its own');
  t.same(scene.gate.questions.waiting(), []);
});

t.test('eight workers are one question, and all go on by one answer', async (t) => {
  const scene = await Scene.open(t, RULES);
  const { client, heard } = await scene.attend();
  const other = await scene.attend();
  const tasks = Array.from({ length: 8 }, () => scene.worker());
  const calls = tasks.map((task) => scene.call(task, '/srv/a'));
  const { question } = await heard.next('question', (notice) => notice.question.threads === 8);
  t.same({ id: question.id, pids: question.pids }, { id: 1, pids: tasks.map(({ pid }) => pid) });
  scene.continue(tasks[0] as (typeof tasks)[0]);
  t.equal(scene.asked, 9, 'who is continued by somebody else asks again');
  hasFields(t, await client.request<'answer'>(answer(1)), { threads: 8 });
  t.same(new Set((await Promise.all(calls)).map(({ verdict }) => verdict)), new Set(['permit']));
  const { answered } = await other.heard.next('answered');
  hasFields(t, answered, { question: 1, by: { what: 'person', name: `root (pid ${process.pid})` } });
  await t.rejects(other.client.request<'answer'>(answer(1)), { code: 'answered' }, 'the second is told');
  t.equal(heard.of('answered').length, 1);
});

t.test('who asked again a moment before it is answered is not asked about again, and once is once', async (t) => {
  const scene = await Scene.open(t, RULES);
  const { client, heard } = await scene.attend();
  const { gate, onSignal } = scene.addon;
  if (gate === null || gate.deliver === null) throw new Error('no ring is read');
  const { deliver } = gate;
  const task = scene.worker();
  for (const scope of ['once', 'process', { minutes: 1 }] as const) {
    const path = `/srv/${JSON.stringify(scope)}`;
    const call = scene.call(task, path);
    const { question } = await heard.next('question', (notice) => notice.question.object === path);
    // It is continued by somebody, asks again, and its event is not read yet; nor does it go on as soon as it is told to.
    const [late, signals] = [[] as [Buffer, number][], [] as Parameters<typeof onSignal>[]];
    gate.deliver = (batch, records) => void late.push([batch, records]);
    scene.continue(task);
    scene.addon.onSignal = (...signal) => void signals.push(signal);
    await client.request<'answer'>(answer(question.id, { scope }));
    for (const one of late) deliver(...one);
    gate.deliver = deliver;
    scene.addon.onSignal = onSignal;
    for (const signal of signals) onSignal(...signal);
    t.same(await call, { verdict: 'permit', errnum: 0, why: 'answer' });
    t.equal(late.length, 1);
    t.same(
      heard
        .of('question')
        .map((notice) => notice.question.id)
        .at(-1),
      question.id,
      'no new question',
    );
  }
  void scene.call(task, '/srv/"once"');
  await heard.next('question', ({ question }) => question.id === 4);
  t.equal(scene.gate.native.keys('replies').length, 2, 'those that stand');
  // One that has gone another way meanwhile leaves no answer behind.
  scene.gate.questions.forget(task.pid);
  await client.request<'answer'>(answer(4));
  t.equal(scene.gate.native.keys('replies').length, 2);
  scene.died(task);
});

t.test('who asks something else meanwhile waits for that alone', async (t) => {
  const scene = await Scene.open(t, RULES);
  const { client, heard } = await scene.attend();
  const [one, two] = [scene.worker(), scene.worker()];
  const calls = [one, two].map((task) => scene.call(task, '/srv/a'));
  await heard.next('question', ({ question }) => question.threads === 2);
  const told = heard.of('question').length;
  const other = scene.call(two, '/srv/b');
  const { question } = await heard.next(
    'question',
    (notice) => notice.question.id === 1 && heard.of('question').indexOf(notice) >= told,
  );
  t.same(question.pids, [one.pid], 'it is told who is left');
  hasFields(t, await client.request<'answer'>(answer(1)), { threads: 1 });
  t.equal((await calls[0])?.verdict, 'permit');
  await heard.next('question', ({ question }) => question.id === 2);
  await client.request<'answer'>(answer(2, { verdict: 'deny' }));
  t.equal((await other).verdict, 'deny');
});

t.test('for the process, for minutes, and taken back', async (t) => {
  const scene = await Scene.open(t, RULES);
  const { client, heard } = await scene.attend();
  const [one, two] = [scene.worker(), scene.worker()];
  const first = scene.call(one, '/srv/a');
  await heard.next('question');
  await client.request<'answer'>(answer(1, { scope: 'process' }));
  t.equal((await first).why, 'answer');
  t.equal((await scene.call(one, '/srv/a')).verdict, 'permit', 'not asked any more');
  const second = scene.call(two, '/srv/a');
  await heard.next('question', ({ question }) => question.id === 2);
  hasFields(t, await client.request<'answer'>(answer(2, { scope: { minutes: 10 }, verdict: 'deny' })), {
    note: 'deny for 10 minutes: 1 call goes on',
  });
  t.equal((await second).verdict, 'deny');
  t.equal((await scene.call(two, '/srv/a')).verdict, 'deny');
  hasFields(t, await client.request<'undo'>({ v: 1, do: 'undo' }), { question: 2, removed: null });
  const third = scene.call(two, '/srv/a');
  await heard.next('question', ({ question }) => question.id === 3);
  hasFields(t, await client.request<'undo'>({ v: 1, do: 'undo' }), { question: 1, scope: 'process' });
  await t.rejects(client.request<'undo'>({ v: 1, do: 'undo' }), { code: 'nothing' });
  await client.request<'answer'>(answer(3));
  await third;
  await t.rejects(client.request<'undo'>({ v: 1, do: 'undo' }), { code: 'nothing', message: /has been used/ });
});

t.test('always: written before the rule that asked, in force at once, and taken out again', async (t) => {
  const scene = await Scene.open(t, RULES);
  const { client, heard } = await scene.attend();
  const task = scene.worker('cat');
  const call = scene.call(task, '/srv/data/a');
  const other = scene.call(scene.worker('tac'), '/srv/data/b');
  const third = scene.call(scene.worker('od'), '/srv/c');
  await heard.next('question', ({ question }) => question.id === 3);
  const before = scene.text;
  await t.rejects(client.request<'answer'>(answer(1, { scope: 'always', statement: 4 })), { code: 'unsure' });
  await t.rejects(client.request<'answer'>(answer(1, { scope: 'always', statement: 9 })), /there is no suggestion 9/);
  for (const all of ['/**', '/***'])
    await t.rejects(
      client.request<'answer'>(answer(1, { scope: 'always', statement: `permit: read\npath: "${all}"` })),
      {
        code: 'unsure',
      },
    );
  await t.rejects(client.request<'answer'>(answer(1, { scope: 'always', statement: 'permit: raed\npath: /x' })), {
    code: 'bad-policy',
    message: /raed/,
  });
  await t.rejects(client.request<'answer'>(answer(1, { scope: 'always', statement: 'permit: read\npath: /srv/x' })), {
    code: 'bad-policy',
    message: /rule 3 \(line 12\) still says ask to read/,
  });
  t.equal(scene.text, before, 'nothing was written');
  const answered = await client.request<'answer'>(answer(1, { scope: 'always', statement: 2 }));
  hasFields(t, answered, {
    ...{ scope: 'always', threads: 1, decided: [2] },
    written: {
      ...{ file: scene.file, line: 9, number: 2, statement: '- permit: read\n  path: "/srv/data/*"' },
      before: { number: 3, line: 12 },
    },
    note: `written to ${scene.file}:9, before rule 3 (line 12), which asked; in force`,
  });
  t.same(await call, { verdict: 'permit', errnum: 0, why: 'policy' });
  t.same(await other, { verdict: 'permit', errnum: 0, why: 'policy' }, 'what the statement decides too is no question');
  hasFields(t, await heard.next('gone'), { question: 2, why: 'decided' });
  const lines = scene.text.split('\n');
  t.match(lines[7], /^ {2}# answered by root \(pid \d+\), .*: cat \(\d+\)$/);
  t.same([...lines.slice(0, 7), ...lines.slice(10)].join('\n'), before, 'all else is what it was');
  // A question that was told before the change is answered after it.
  await client.request<'answer'>(answer(3));
  t.equal((await third).why, 'answer');
  await t.rejects(client.request<'undo'>({ v: 1, do: 'undo' }), { code: 'nothing' });
  hasFields(t, await client.request<'undo'>({ v: 1, do: 'undo' }), { question: 1, scope: 'always' });
  t.equal(scene.text, before);
  const again = scene.call(task, '/srv/data/a');
  await heard.next('question', ({ question }) => question.object === '/srv/data/a' && question.asked === 2);
  await client.request<'answer'>(answer(4, { verdict: 'deny', scope: 'always', errno: 'ENOENT' }));
  t.equal((await again).verdict, 'deny');
  t.match(scene.text, /- deny: read\n {4}path: \/srv\/data\/a\n {4}errno: ENOENT\n/);
});

t.test('always, of a program that has no policy: one is begun beside, and taken away again', async (t) => {
  const scene = await Scene.open(t, 'default: ask\nrules: []\n');
  const { client, heard } = await scene.attend();
  const elf = realpathSync(process.execPath);
  const call = scene.call(scene.worker('callgate'), elf, ['exec']);
  const { question } = await heard.next('question');
  t.equal(question.asker.comm, 'd', 'what the first exec asks is the program’s doing');
  t.match(question.suggestions[0]?.label, /own, which begins empty/);
  const file = join(dirname(scene.file), policyFileName(elf, []));
  const { note, written } = await client.request<'answer'>(answer(1, { scope: 'always' }));
  t.equal(written?.begun, file);
  t.equal(
    note,
    `written to ${scene.file}:6, the last rule; in force; ${file} begins empty: what the program does is asked`,
  );
  t.same(await call, { verdict: 'permit', errnum: 0, why: 'policy' });
  const text = readFileSync(file, 'utf8');
  t.match(text, /^# answered by root \(pid \d+\), [-0-9]+ [:0-9]+: d \(\d+\)\nversion: 1\nprogram: /);
  t.match(scene.text, /# answered by root \(pid \d+\), [-0-9]+ [:0-9]+: d \(\d+\)\n {2}- permit: exec\n/);
  t.same(text.split('\n').slice(1), ['version: 1', `program: ${elf}`, 'default: ask', 'rules: []', '']);
  t.equal(scene.session.policyOf(elf)?.generation, 1, 'and it is in force');
  await client.request<'undo'>({ v: 1, do: 'undo' });
  t.notOk(existsSync(file));
  t.notMatch(scene.text, /permit: exec/);
  const script = join(scene.folder, 'script');
  writeFileSync(script, '#!/bin/sh\n', { mode: 0o755 });
  const other = scene.call(scene.worker(), script, ['exec']);
  const asked = await heard.next('question', ({ question }) => question.object === script);
  t.match(asked.question.suggestions[0]?.label, /under this policy/, 'what others read needs more than its own file');
  await client.request<'answer'>(answer(asked.question.id, { scope: 'always', statement: 2 }));
  t.equal((await other).verdict, 'permit');
  t.same(readdirSync(dirname(scene.file)), ['d.yaml'], 'and none is begun for it');
});

t.test('files into which no statement can be written: refused, and the question is open still', async (t) => {
  const scene = await Scene.open(t, RULES, 'the classic language of systrace');
  const before = scene.text;
  const { client, heard } = await scene.attend();
  const call = scene.call(scene.worker(), '/srv/a');
  await heard.next('question');
  const refused = {
    code: 'bad-policy',
    message: `${scene.file} is in the classic language of systrace: no statement can be written into it`,
    remedy:
      'put the line into the file, and have what waits judged anew; or answer once, for minutes or for the process',
  };
  for (const statement of [1, '- permit: read\n  path: /srv/a'])
    await t.rejects(client.request<'answer'>(answer(1, { scope: 'always', statement })), refused);
  await client.request<'answer'>(answer(1, { scope: 'process' }));
  t.same(await call, { verdict: 'permit', errnum: 0, why: 'answer' });
  await scene.call(scene.worker(), '/etc/x');
  const { denial } = await heard.next('denial');
  await t.rejects(client.request<'permit'>({ v: 1, do: 'permit', denial: denial.id }), refused);
  t.same([scene.text, heard.of('gone')], [before, []]);
});

t.test('answers that stand go on standing under a changed policy', async (t) => {
  const scene = await Scene.open(t, RULES);
  const { client, heard } = await scene.attend();
  const task = scene.worker();
  const first = scene.call(task, '/srv/a');
  await heard.next('question');
  await client.request<'answer'>(answer(1, { scope: { minutes: 5 } }));
  await first;
  const second = scene.call(task, '/srv/b');
  await heard.next('question', ({ question }) => question.id === 2);
  await client.request<'answer'>(answer(2, { scope: 'always' }));
  await second;
  t.same(await scene.call(task, '/srv/a'), { verdict: 'permit', errnum: 0, why: 'answer' });
  await client.request<'undo'>({ v: 1, do: 'undo' });
  await client.request<'undo'>({ v: 1, do: 'undo' });
  void scene.call(task, '/srv/a');
  await heard.next('question', ({ question }) => question.id === 3);
});

t.test('who asked is gone, or is ended', async (t) => {
  const scene = await Scene.open(t, RULES);
  const { client, heard } = await scene.attend();
  const [one, two] = [scene.worker(), scene.worker()];
  void scene.call(one, '/srv/a');
  void scene.call(two, '/srv/b');
  await heard.next('question', ({ question }) => question.id === 2);
  scene.died(one);
  hasFields(t, await heard.next('gone'), { question: 1, why: 'died' });
  await t.rejects(client.request<'answer'>(answer(1)), { code: 'answered', message: 'question 1: it is gone: died' });
  await t.rejects(client.request<'kill'>({ v: 1, do: 'kill', question: 2 }), {
    code: 'unsure',
    message: `this ends worker (${two.pid})`,
  });
  t.same(await client.request<'kill'>({ v: 1, do: 'kill', question: 2, sure: true }), {
    killed: [{ pid: two.pid, comm: 'worker' }],
  });
  hasFields(t, await heard.next('gone', ({ question }) => question === 2), { why: 'killed' });
  t.same(scene.gate.questions.waiting(), []);
});

t.test('the last one leaves: what waits is denied, and so is all that is asked then', async (t) => {
  const scene = await Scene.open(t, RULES);
  const { client, heard } = await scene.attend();
  const { client: other } = await scene.attend();
  const task = scene.worker();
  const call = scene.call(task, '/srv/a');
  await heard.next('question');
  other.close();
  await other.closed;
  t.equal(scene.gate.questions.waiting().length, 1, 'one is still there');
  client.close();
  t.same(await call, { verdict: 'deny', errnum: 0, why: 'answer' });
  t.equal((await scene.call(task, '/srv/a')).why, 'unattended');
});

t.test('a fallback that permits, and a deadline', async (t) => {
  const scene = await Scene.open(t, `default: ask\nasking: {fallback: permit, deadline: 1s}\nrules:\n`);
  const task = scene.worker();
  t.same(await scene.call(task, '/srv/a'), { verdict: 'permit', errnum: 0, why: 'policy' }, 'with nobody there');
  const { client, heard } = await scene.attend();
  const call = scene.call(task, '/srv/a');
  const { question } = await heard.next('question');
  t.same({ fallback: question.fallback, rule: question.rule }, { fallback: 'permit', rule: null });
  t.ok(question.deadline !== null && question.deadline > question.since);
  t.same(await call, { verdict: 'permit', errnum: 0, why: 'answer' });
  hasFields(t, (await heard.next('answered')).answered, { by: { what: 'deadline', name: 'the deadline' } });
  const last = scene.call(task, '/srv/b');
  await heard.next('question', ({ question }) => question.id === 2);
  client.close();
  t.equal((await last).verdict, 'permit');
});

t.test('a default that denies is opened for asking, and closed again', async (t) => {
  const scene = await Scene.open(t, 'default: deny\nrules:\n  - deny: read\n    path: /srv/never\n');
  const task = scene.worker();
  t.equal((await scene.call(task, '/srv/a')).why, 'policy');
  const { client, heard } = await scene.attend({ ask: true });
  t.equal(client.watching.ask, true);
  t.equal((await scene.call(task, '/srv/never')).verdict, 'deny', 'what a rule denies is not asked');
  const call = scene.call(task, '/srv/a');
  await heard.next('question');
  await client.request<'answer'>(answer(1, { scope: 'always' }));
  t.equal((await call).verdict, 'permit');
  t.match(
    scene.text,
    /path: \/srv\/never\n {2}# answered by .*\n {2}- permit: read\n {4}path: \/srv\/a\n$/,
    'at the end',
  );
  client.close();
  const before = scene.session.state.policies[0]?.generation ?? 0;
  while ((scene.session.state.policies[0]?.generation ?? 0) === before)
    await new Promise((done) => setTimeout(done, 5));
  t.same(await scene.call(task, '/srv/b'), { verdict: 'deny', errnum: 1, why: 'policy' });
  t.equal((await scene.call(task, '/srv/a')).verdict, 'permit', 'what was permitted stays');
});

t.test('the policy is edited and what waits is judged anew', async (t) => {
  const scene = await Scene.open(t, RULES);
  const { client, heard } = await scene.attend();
  const [one, two] = [scene.worker(), scene.worker()];
  const calls = [scene.call(one, '/srv/a'), scene.call(two, '/srv/b')];
  await heard.next('question', ({ question }) => question.id === 2);
  const good = scene.text;
  writeFileSync(scene.file, `${good}nonsense\n`);
  await t.rejects(client.request<'retry'>({ v: 1, do: 'retry', question: 1 }), /nonsense/);
  t.equal(scene.gate.questions.waiting().length, 2, 'and nobody goes on');
  writeFileSync(
    scene.file,
    good.replace(
      '- ask: read\n    path: /srv/**',
      '- permit: read\n    path: /srv/a\n  - ask: read\n    path: /srv/**',
    ),
  );
  const { questions } = await client.request<'retry'>({ v: 1, do: 'retry' });
  t.same(await calls[0], { verdict: 'permit', errnum: 0, why: 'policy' });
  t.same(questions, [2], 'the first was decided by the change itself');
  const { question } = await heard.next('question', ({ question }) => question.id === 3);
  t.same([question.object, question.asked], ['/srv/b', 2]);
});

t.test('what was refused is permitted from now on', async (t) => {
  const scene = await Scene.open(t, RULES);
  const { client, heard } = await scene.attend();
  const task = scene.worker();
  for (let times = 0; times < 3; times++) await scene.call(task, '/etc/x');
  const { denial } = await heard.next('denial', (notice) => notice.denial.count === 3);
  hasFields(t, denial, { id: 1, object: '/etc/x', errno: 'EPERM', reason: null, rule: null });
  const permitted = await client.request<'permit'>({ v: 1, do: 'permit', denial: 1, statement: 1 });
  hasFields(t, permitted, { denial: 1, note: `written to ${scene.file}:12, the last rule; in force` });
  t.equal((await scene.call(task, '/etc/x')).verdict, 'permit');
});

t.test('more than are kept: denied, told, and none let through', async (t) => {
  const scene = await Scene.open(t, RULES);
  const { client, heard } = await scene.attend();
  const calls: ReturnType<Scene['call']>[] = [];
  for (let at = 0; at < 1030; at++) {
    calls.push(scene.call(scene.worker(), `/srv/${at}`));
    // The supervisor has turns of its own, as it does where others run the subjects.
    if (at % 16 === 0) await new Promise((done) => setImmediate(done));
  }
  const over = await Promise.all(calls.slice(1024));
  t.same(
    over.map(({ verdict, why }) => [verdict, why]),
    Array(6).fill(['deny', 'answer']),
  );
  await heard.next('full', ({ denied }) => denied === 6);
  t.equal(scene.talk.filter((line) => /more than 1024 questions wait/.test(line)).length, 1);
  await heard.next('question', ({ question }) => question.id === 1024);
  await Promise.all(Array.from({ length: 1024 }, (_, at) => client.request<'answer'>(answer(at + 1))));
  t.same(new Set((await Promise.all(calls.slice(0, 1024))).map(({ verdict }) => verdict)), new Set(['permit']));
  t.same(scene.gate.questions.waiting(), []);
});

t.test('questions that come quicker than anybody reads are no ground for patterns', async (t) => {
  const scene = await Scene.open(t, RULES);
  const { client, heard } = await scene.attend();
  const task = scene.worker();
  const labels: string[][] = [];
  for (let id = 1; id <= 70; id++) {
    const call = scene.call(task, `/srv/lib.so.1.2.${id}`);
    const { question } = await heard.next('question', (notice) => notice.question.id === id);
    labels.push(question.suggestions.map(({ label }) => label));
    await client.request<'answer'>(answer(id));
    await call;
  }
  const library = 'this library, to read and to map as code: both questions by one answer';
  t.same(labels[1], ['this object', library, 'names like it (version)', 'its folder', 'the whole operation']);
  t.same(labels[69], ['this object', library, 'its folder', 'all below its folder', 'the whole operation']);
});

t.test('weighing says what else would be granted', async (t) => {
  const scene = await Scene.open(t, 'default: ask\nrules:\n');
  for (const name of ['a', 'b', 'c']) writeFileSync(`${scene.folder}/${name}`, '');
  const { client, heard } = await scene.attend();
  void scene.call(scene.worker(), `${scene.folder}/a`);
  await heard.next('question');
  const { question } = await client.request<'weigh'>({ v: 1, do: 'weigh', question: 1 });
  const [exact, folder] = question?.suggestions ?? [];
  t.same(exact?.grants, { count: 0, more: false, names: [] });
  t.equal(folder?.label, 'its folder');
  // The session's own folders are there too.
  t.ok((folder?.grants?.count ?? 0) >= 4);
  t.same(folder?.alike, []);
  await t.rejects(client.request<'weigh'>({ v: 1, do: 'weigh', question: 9 }), CodedFailure);
});

t.test('weighing names the running policies of other programs that permit the like already', async (t) => {
  const scene = await Scene.open(t, 'default: ask\nrules:\n');
  const { host } = scene.session;
  for (const [name, rules] of [
    ['all', '  - permit: read\n    path: /srv/**\n'],
    ['one', '  - permit: read\n    path: /srv/a\n'],
    ['written', '  - permit: write\n    path: /srv/**\n'],
    ['denied', '  - deny: read\n    path: /srv/a\n  - permit: read\n    path: /srv/**\n'],
  ] as const) {
    const policies = join(scene.folder, name);
    mkdirSync(policies);
    writeFileSync(join(policies, 'p.yaml'), `version: 1\nprogram: /usr/bin/${name}\nrules:\n${rules}`);
    const application = (await new FolderSource(policies, [], around).load()) as Application;
    const facts = { name: `${name}-1`, kind: 'run', command: [name], folder: policies, user: null } as const;
    Session.open(
      host,
      scene.gate,
      { ...facts, log: '/dev/null', journal: null, mode: null },
      imagesOf(application, new Numbering(), 'as-written'),
    );
  }
  const { client, heard } = await scene.attend();
  void scene.call(scene.worker(), '/srv/a');
  await heard.next('question');
  const { question } = await client.request<'weigh'>({ v: 1, do: 'weigh', question: 1 });
  t.same(
    question?.suggestions.map(({ label, alike }) => [label, alike]),
    [
      ['this object', ['/usr/bin/all', '/usr/bin/one']],
      ['its folder', ['/usr/bin/all']],
      ['all below its folder', ['/usr/bin/all']],
      ['the whole operation', []],
    ],
  );
});

t.test('what waits when a session is switched to complain, or is to end, waits no more', async (t) => {
  const scene = await Scene.open(t, RULES);
  const { heard } = await scene.attend();
  const task = scene.worker();
  void scene.call(task, '/srv/a');
  await heard.next('question');
  await scene.supervisor.setMode('complain');
  hasFields(t, await heard.next('gone'), { question: 1, why: 'retried' });
  t.same(scene.addon.signals, [[task.pid, 18]]);
  // It is asked again here, where the kernel half that is played knows no modes.
  await heard.next('question', ({ question }) => question.id === 2);
  const { ended } = await scene.supervisor.stop(false);
  t.ok(ended.some(({ pid }) => pid === task.pid));
  hasFields(t, (await heard.next('answered')).answered, {
    question: 2,
    verdict: 'deny',
    by: { what: 'nobody', name: 'nobody attends' },
  });
});

t.test('who goes on by a changed policy and ends at once is looked after no more', async (t) => {
  const scene = await Scene.open(t, RULES);
  const { client, heard } = await scene.attend();
  const task = scene.worker('cat');
  const call = scene.call(task, '/srv/a');
  await heard.next('question');
  await client.request<'answer'>(answer(1, { scope: 'always' }));
  t.equal((await call).why, 'policy');
  t.equal(scene.gate.questions.waiting().length, 1, 'the kernel half forgets nobody whom no answer let go');
  scene.died(task);
  while (scene.gate.questions.waiting().length > 0) await new Promise((done) => setTimeout(done, 5));
  t.equal(scene.addon.pidfds.get(task.pid), 0);
});

t.test('an answer that comes to nothing when everybody has left leaves nobody waiting', async (t) => {
  const scene = await Scene.open(t, RULES);
  const { client, heard } = await scene.attend();
  const call = scene.call(scene.worker(), '/srv/a');
  await heard.next('question');
  writeFileSync(`${scene.folder}/policies/other.yaml`, 'no policy', { mode: 0o644 });
  const before = scene.text;
  const answered = client.request<'answer'>(answer(1, { scope: 'always' })).then(
    () => 'answered',
    () => 'refused',
  );
  client.close();
  t.equal(await answered, 'refused');
  t.same(await call, { verdict: 'deny', errnum: 0, why: 'answer' });
  t.equal(scene.text, before, 'what was written is taken out again');
});
